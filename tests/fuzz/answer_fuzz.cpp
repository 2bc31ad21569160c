// Any bytes as the answers that a client's handles decode, and as the bodies of requests that a
// member takes. First byte: 0 the status of a group, 1 of all groups, 2 metrics, 3 and up a request
// of kind n - 3. What is taken must survive being encoded and decoded again, and be fit for use.
#include <algorithm>

#include "client/route.hpp"
#include "core/check.hpp"
#include "fuzz/support/memory_limit.hpp"
#include "host/request.hpp"
#include "rafted/codec.hpp"
#include "rafted/status.hpp"

namespace {

using namespace rafted;

std::size_t worth(BytesView bytes) { return bytes.size() * 64 + 65'536; }

template <class T>
std::optional<T> decode_and_back(BytesView bytes) {
    auto value = decode<T>(bytes);
    if (!value) {
        CHECK(value.error().code == ErrorCode::invalid, "bad bytes are invalid");
        CHECK(!value.error().message.empty(), "an error says what is wrong");
        return std::nullopt;
    }
    // Compared by their bytes: a double in the config may be no number, unlike itself.
    CHECK(std::ranges::equal(encode(*value), bytes), "an answer has one encoding");
    return std::move(*value);
}

/// As handles and tools use it: nothing in it may be taken on trust.
void use(const Status& status) {
    client::Route route({"127.0.0.1:1"}, false);
    route.learn(status);
    route.failed("127.0.0.1:1");
    const std::size_t most = route.size();
    route.learn(status);
    CHECK(route.size() == most, "the same news is no news");
    CHECK(!route.leader().empty() && !route.anybody().empty(), "somebody can be asked");
    CHECK(!name_of(status.role).empty() && !name_of(status.disk).empty(), "there is a word for it");
    for (const MemberInfo& member : status.members) {
        CHECK(!name_of(member.standing).empty(), "there is a word for it");
    }
    static_cast<void>(status.config.validate());
}

struct NoTransport final : ports::Transport {
    void send(ports::Envelope) override {}
    void beat(NodeId, const ports::Beat&) override {}
    void set_address(NodeId, const std::string&) override {}
    bool can_be_at(const std::string& address) const override { return !address.empty(); }
    void announce(NodeId) override {}
    void flush() override {}
};

void request(RequestKind kind, BytesView bytes) {
    ports::ClientRequest request{.kind = kind, .group = "fuzz", .body = copy_of(bytes)};
    const NoTransport transport;
    const auto taken =
        host::to_input(std::move(request), {core::RequestId{1}, core::LogTime(1), transport});
    if (taken) {
        const auto* config = std::get_if<core::ChangeConfig>(&taken->input);
        if (config != nullptr) CHECK(config->config.validate(), "a bad config is not taken");
        return;
    }
    CHECK(taken.error().code == ErrorCode::invalid, "a bad request is invalid");
    CHECK(!taken.error().message.empty(), "an error says what is wrong");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto bytes = std::as_bytes(std::span(data + 1, size - 1));
    const test::MemoryLimit limit(worth(bytes));
    if (data[0] == 0) {
        if (const auto status = decode_and_back<Status>(bytes)) use(*status);
    } else if (data[0] == 1) {
        const auto all = decode_and_back<std::vector<Status>>(bytes);
        if (all) std::ranges::for_each(*all, use);
    } else if (data[0] == 2) {
        decode_and_back<Metrics>(bytes);
    } else if (data[0] - 3 < request_kind_count) {
        request(RequestKind(data[0] - 3), bytes);
    }
    return 0;
}

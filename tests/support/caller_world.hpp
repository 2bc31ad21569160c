// A caller in a world of paper: a scripted cluster behind the Channel, a clock that moves by hand.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "client/caller.hpp"
#include "support/fake_loop.hpp"
#include "value/envelope.hpp"

namespace rafted::test {

using std::chrono::milliseconds;

struct Sent {
    std::string to;
    ports::ClientRequest request;
    core::Time at;
};

/// Answers by the test's script; what the script leaves open is answered by timeout, as the real
/// one does.
class ScriptedChannel final : public ports::Channel {
public:
    using Script = std::function<std::optional<Result<Bytes>>(const Sent&)>;
    explicit ScriptedChannel(FakeLoop& loop) : loop_(loop) {}

    void send(const std::string& address, ports::ClientRequest request,
              ports::Reply reply) override {
        sent.push_back({address, std::move(request), loop_.now()});
        const auto& one = sent.back();
        if (one.request.kind == RequestKind::open_session && auto_session) {
            return answer(std::move(reply), session(next_session++));
        }
        if (one.request.kind == RequestKind::status && !scripted_status) return;
        auto scripted = script(one);
        if (scripted) return answer(std::move(reply), std::move(*scripted));
        const auto shared = std::make_shared<ports::Reply>(std::move(reply));
        const auto id = loop_.call_at(loop_.now() + one.request.timeout, [shared] {
            (*shared)(fail(ErrorCode::timeout, "no answer in time"));
        });
        open_.emplace_back(id, shared);
    }
    /// Answers the oldest request that the script left open.
    void answer_first(std::string_view body) {
        const auto [timer, reply] = std::move(open_.front());
        open_.pop_front();
        loop_.cancel(timer);
        (*reply)(Result<Bytes>(copy_of(view_of(body))));
    }
    static Result<Bytes> session(std::uint64_t id) {
        Writer out;
        out.number(id);
        return out.take();
    }
    /// What was sent, without what the caller asks on its own account.
    std::vector<Sent> of(RequestKind kind) const {
        std::vector<Sent> found;
        for (const auto& one : sent) {
            if (one.request.kind == kind) found.push_back(one);
        }
        return found;
    }
    std::vector<std::string> targets(RequestKind kind) const {
        std::vector<std::string> found;
        for (const auto& one : of(kind)) found.push_back(one.to);
        return found;
    }

    Script script = [](const Sent&) { return std::nullopt; };
    std::vector<Sent> sent;
    bool auto_session = true;
    bool scripted_status = false;
    std::uint64_t next_session = 100;

private:
    void answer(ports::Reply reply, Result<Bytes> result) {
        loop_.post([reply = std::move(reply), result = std::move(result)]() mutable {
            reply(std::move(result));
        });
    }
    FakeLoop& loop_;
    std::deque<std::pair<ports::Loop::TimerId, std::shared_ptr<ports::Reply>>> open_;
};

inline std::unexpected<Error> not_leader(std::string hint = {}) {
    Error error{ErrorCode::not_leader, "", {}};
    if (!hint.empty()) error.leader = LeaderHint{NodeId(1), std::move(hint)};
    return std::unexpected(error);
}

inline Bytes bytes_of(std::string_view text) { return copy_of(view_of(text)); }

inline value::SessionId session_of(const Sent& sent) {
    return std::get<value::SessionId>(value::open(sent.request.body)->id);
}

class CallerWorld : public testing::Test {
protected:
    void make(std::vector<std::string> addresses = {"a", "b", "c"}, bool local = false) {
        client::CallerOptions options;
        options.group = "g";
        options.addresses = std::move(addresses);
        options.first_is_local = local;
        options.session_window = window;
        options.max_calls = max_calls;
        caller = std::make_unique<client::GroupCaller>(loop, channel, options);
    }
    /// Begins a call; its answer will be in the slot.
    std::shared_ptr<std::optional<Result<Bytes>>> begin(RequestKind kind, CallOptions options = {},
                                                        std::string_view body = "body") {
        auto slot = std::make_shared<std::optional<Result<Bytes>>>();
        caller->call(kind, bytes_of(body), options, [slot](Result<Bytes> answer) {
            EXPECT_FALSE(slot->has_value()) << "answered twice";
            *slot = std::move(answer);
        });
        loop.run();
        return slot;
    }
    Result<Bytes> finish(RequestKind kind, CallOptions options = {}) {
        const auto slot = begin(kind, options);
        loop.advance(options.timeout + milliseconds(1));
        EXPECT_TRUE(slot->has_value()) << "not answered in time";
        return slot->value_or(fail(ErrorCode::invalid, "never answered"));
    }

    FakeLoop loop;
    ScriptedChannel channel{loop};
    std::unique_ptr<client::GroupCaller> caller;
    std::uint64_t window = 1000;
    std::size_t max_calls = 1000;
};

}  // namespace rafted::test

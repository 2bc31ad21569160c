#include "value/applier.hpp"

#include <exception>
#include <utility>

#include "core/check.hpp"
#include "core/codec.hpp"
#include "value/envelope.hpp"

namespace rafted::value {
namespace {

constexpr std::uint8_t format_version = 1;
constexpr std::size_t max_result_bytes = std::size_t{64} << 20;

/// Differs for every entry, and is the same on all members, also on those of a later incarnation
/// of the group: they apply the old entries, too.
std::uint64_t seed_of(const core::Entry& entry) {
    const Context mixer{.index = {}, .term = {}, .time = {}, .seed = entry.checksum()};
    return mixer.random(entry.index().value);
}

/// Keeps the pieces: many of them grow without being copied, unlike one.
class Pieces final : public ByteSink {
public:
    bool take(BytesView piece) override {
        all.push_back(copy_of(piece));
        return true;
    }
    std::vector<Bytes> all;
};

/// snapshot = version:u8 sessions_size:u64 sessions machine (the rest)
class FrozenApplier final : public Frozen {
public:
    FrozenApplier(std::vector<Bytes> head, std::unique_ptr<Frozen> machine)
        : head_(std::move(head)), machine_(std::move(machine)) {}

    Result<void> save(const Sink& sink) const override {
        for (const Bytes& piece : head_) {
            if (auto taken = sink(piece); !taken) return taken;
        }
        return machine_->save(sink);
    }

private:
    std::vector<Bytes> head_;  // all but the machine's bytes
    std::unique_ptr<Frozen> machine_;
};

std::unexpected<Error> corrupt(const core::SnapshotMeta& meta, std::string_view what) {
    return fail(ErrorCode::corrupt,
                "snapshot at index " + to_string(meta.index) + ": " + std::string(what));
}

/// It was executed, so the answer must not say "it did not happen", as too_large does.
std::unexpected<Error> too_large_result(std::size_t size) {
    return fail(ErrorCode::value_threw, "the command was executed, but its result of " +
                                            std::to_string(size) + " bytes is over the limit of " +
                                            std::to_string(max_result_bytes));
}

HookCall in_order(std::vector<HookCall> calls) {
    if (calls.empty()) return {};
    if (calls.size() == 1) return std::move(calls.front());
    return [calls = std::move(calls)](const HookContext& context) {
        std::exception_ptr thrown;
        for (const auto& call : calls) {
            try {
                call(context);
            } catch (...) {
                thrown = std::current_exception();  // the others have their own right to run
            }
        }
        if (thrown) std::rethrow_exception(thrown);
    };
}

}  // namespace

Applier::Applier(MachineFactory factory, GroupConfig config)
    : factory_(std::move(factory)), machine_(factory_()), config_(config), sessions_(config) {}

std::vector<Applied> Applier::apply(std::span<const core::Entry> entries) {
    std::vector<Applied> all;
    all.reserve(entries.size());
    for (const auto& entry : entries) {
        CHECK(entry.index() == applied_ + 1, "entries must be applied in order, each once");
        applied_ = entry.index();
        term_ = entry.term();
        time_ = entry.time();
        sessions_.advance(entry.time());
        all.push_back(Applied{entry.index(), entry.term(), Bytes{}, {}});
        apply_one(entry, all.back());
    }
    return all;
}

void Applier::apply_one(const core::Entry& entry, Applied& applied) {
    switch (entry.kind()) {
        case core::EntryKind::command: applied.answer = apply_command(entry, applied.hook); return;
        case core::EntryKind::open_session: {
            // Not the index: a group that went on alone by force uses indexes again, and a client
            // of before must not find another's session under its id.
            const std::uint64_t id = seed_of(entry) | 1U;
            sessions_.open(id);
            Writer answer;
            answer.number(id);
            applied.answer = answer.take();
            return;
        }
        case core::EntryKind::founding:
            if (auto founding = core::decode_founding(entry.payload())) {
                members_ = std::move(founding->members);
                take_config(founding->config);
                return;
            }
            break;
        case core::EntryKind::elected:
            // The leader's own hook (on_elected) is the host's to run, once it leads. Members that
            // were forced out by hand leave the list here.
            if (auto members = core::decode_members(entry.payload())) {
                applied.hook = change_members(std::move(*members));
                return;
            }
            break;
        case core::EntryKind::members:
            if (auto members = core::decode_members(entry.payload())) {
                applied.hook = change_members(std::move(*members));
                return;
            }
            break;
        case core::EntryKind::config:
            if (const auto config = core::decode_config(entry.payload())) {
                take_config(*config);
                return;
            }
            break;
    }
    applied.answer = fail(ErrorCode::corrupt, "entry " + to_string(entry.index()) +
                                                  " has a payload that makes no sense");
}

Result<Bytes> Applier::apply_command(const core::Entry& entry, HookCall& hook) {
    const auto envelope = open(entry.payload());
    if (!envelope) return fail(ErrorCode::invalid, "the command's envelope is malformed");
    if (auto known = sessions_.recall(envelope->id)) return std::move(*known);

    const Context context{entry.index(), entry.term(), entry.time(), seed_of(entry)};
    auto [answer, called] = machine_->command(context, envelope->command);
    if (answer && answer->size() > max_result_bytes) answer = too_large_result(answer->size());
    sessions_.remember(envelope->id, answer);
    hook = std::move(called);
    return std::move(answer);
}

HookCall Applier::change_members(core::Members members) {
    std::vector<HookCall> calls;
    const auto keep = [&](HookCall call) {
        if (call) calls.push_back(std::move(call));
    };
    for (const auto& peer : members.all()) {
        if (!members_.contains(peer.id)) {
            keep(machine_->on_follower_added({peer.id, peer.address}));
        }
    }
    for (const auto& peer : members_.all()) {
        if (!members.contains(peer.id)) {
            keep(machine_->on_follower_removed({peer.id, peer.address}));
        }
    }
    members_ = std::move(members);
    return in_order(std::move(calls));
}

void Applier::take_config(const GroupConfig& config) {
    config_ = config;
    sessions_.set_limits(config_);
}

Answered Applier::query(BytesView query) const {
    auto answered = machine_->query(query);
    if (answered.answer && answered.answer->size() > max_result_bytes) {
        return {fail(ErrorCode::too_large, "the result of the query is over the limit of " +
                                               std::to_string(max_result_bytes) + " bytes"),
                {}};
    }
    return answered;
}

Result<std::unique_ptr<Frozen>> Applier::freeze() const {
    auto machine = machine_->freeze();
    if (!machine) return std::unexpected(std::move(machine.error()));
    Pieces pieces;
    pieces.all.emplace_back();
    Writer sessions(pieces);
    sessions_.save(sessions);
    sessions.flush();
    Writer head;
    head.number(format_version);
    head.number(std::uint64_t{sessions.size()});
    pieces.all.front() = head.take();
    return std::make_unique<FrozenApplier>(std::move(pieces.all), std::move(*machine));
}

Result<void> Applier::load(const core::SnapshotMeta& meta, Reader& in) {
    const auto version = in.number<std::uint8_t>();
    const auto size = in.number<std::uint64_t>();
    if (in.failed() || size > in.left()) return corrupt(meta, "it ends within its head");
    if (version != format_version) {
        return fail(ErrorCode::wrong_version, "snapshot at index " + to_string(meta.index) +
                                                  " has format " + std::to_string(version) +
                                                  "; this program reads " +
                                                  std::to_string(format_version));
    }
    const auto before = in.left();
    auto sessions = Sessions::load(in, meta.config);
    if (!sessions || before - in.left() != size) return corrupt(meta, "its sessions make no sense");

    std::unique_ptr<Machine> machine;
    try {
        machine = factory_();
    } catch (const std::exception& thrown) {
        return corrupt(meta, std::string("the value's constructor threw: ") + thrown.what());
    }
    if (auto loaded = machine->load(in); !loaded) {
        return corrupt(meta, loaded.error().message);
    }
    machine_ = std::move(machine);
    sessions_ = std::move(*sessions);
    config_ = meta.config;
    members_ = meta.members;
    applied_ = meta.index;
    term_ = meta.term;
    time_ = meta.time;
    return {};
}

}  // namespace rafted::value

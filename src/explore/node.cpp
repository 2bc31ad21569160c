#include "explore/node.hpp"

#include <algorithm>
#include <utility>

#include "core/checksum.hpp"
#include "core/codec.hpp"
#include "core/rules.hpp"

namespace rafted::explore {
namespace {

using core::Effects;
using core::Entry;
using core::Input;
using core::Member;
using core::Message;
using core::State;
using core::Time;

Bytes bytes_of(std::uint64_t value) {
    Writer out;
    out.number(value);
    return out.take();
}

/// One event under way at one node.
class Happening {
public:
    Happening(const Node& before, const Hands& hands) : hands_(hands) { done_.node = before; }

    Consequence take(const Event& event);

private:
    Node& node() { return done_.node; }
    const State& state() { return member_->state(); }
    void begin(core::Start start);
    void restart();
    void receive(const Event& event);
    void save_snapshot();
    void step(const Input& input);
    void perform(const Effects& effects);
    void enqueue(const Effects& effects);
    void drain();
    void complete();
    void install(const core::SnapshotPiece& piece);
    void send_now(Message message);
    void send_promise(const Message& message);
    void violate(std::string text);
    std::string broken_promise(const Message& message);
    std::string broken_change(const Member& before, const Input& input, const Effects& effects);
    std::string broken_deferral(const Member& before, const Input& input, const Effects& effects);

    const Hands& hands_;
    Consequence done_;
    std::optional<Member> member_;
    bool hold_ = false;
};

void Happening::violate(std::string text) {
    if (done_.violation.empty()) done_.violation = std::move(text);
}

Consequence Happening::take(const Event& event) {
    using Kind = Event::Kind;
    hold_ = event.hold;
    Node& here = node();
    if (here.member) member_ = *here.member;
    switch (event.kind) {
        case Kind::deliver: receive(event); break;
        case Kind::disk_done:
            here.writes.front().held = false;
            drain();
            break;
        case Kind::crash: restart(); break;
        case Kind::timeout: {
            const auto* leader = std::get_if<core::Leader>(&state().role);
            here.clock = leader == nullptr
                             ? state().election_at
                             : core::contact::quorum_deadline(state(), *leader, here.clock);
            step(core::TimePassed{});
            break;
        }
        case Kind::heartbeat:
            here.clock += core::Duration(explored_config().heartbeat_interval);
            step(core::TimePassed{});
            break;
        case Kind::propose:
            step(core::Propose{1, core::EntryKind::command, bytes_of(1), {}});
            break;
        case Kind::add:
            step(core::ChangeMembers{
                2, core::ChangeMembers::Act::add, {event.target, "", Standing::joining}});
            break;
        case Kind::remove:
            step(core::ChangeMembers{3, core::ChangeMembers::Act::remove, {event.target, "", {}}});
            break;
        case Kind::snapshot: save_snapshot(); break;
        case Kind::transfer: step(core::TransferLead{4, event.target}); break;
        case Kind::start: {
            core::Start start;
            start.hard_state.let_go = event.since;
            here.disk.hard = start.hard_state;
            begin(std::move(start));
            break;
        }
    }
    here.member = std::make_shared<const Member>(std::move(*member_));
    return std::move(done_);
}

void Happening::begin(core::Start start) {
    start.self = node().id;
    start.config = explored_config();
    member_.emplace(std::move(start), node().clock);
    step(core::TimePassed{});
}

void Happening::restart() {
    Node& here = node();
    here.writes.clear();
    here.value = here.disk.snapshot_value;
    // A member may save its value before its log is durable: recovery lets such a log begin anew
    // behind the snapshot (ports/storage.hpp).
    Disk& disk = here.disk;
    if (disk.snapshot && !disk.entries.empty()) {
        const core::SnapshotMeta& meta = *disk.snapshot;
        const bool goes_on = disk.entries.front().index() == meta.index + 1;
        if (!goes_on && !disk.holds(meta.index, meta.term)) disk.entries.clear();
    }
    core::Start start;
    start.hard_state = disk.hard;
    start.snapshot = disk.snapshot;
    start.entries = disk.entries;
    start.restarted = true;
    hands_.restart(start);
    begin(std::move(start));
}

/// Stamps carry times of the run that sent them first; here they are told in this leader's time.
/// Nothing looks at how old they are while its clock goes by heartbeats only.
void Happening::receive(const Event& event) {
    Node& here = node();
    if (event.late) here.clock = std::max(here.clock, state().refuses_votes_until());
    Message message = *event.message;
    if (auto* reply = std::get_if<core::AppendReply>(&message.body)) {
        reply->stamp.sent_at = here.clock;
    }
    if (auto* reply = std::get_if<core::SnapshotReply>(&message.body)) {
        reply->stamp.sent_at = here.clock;
        const auto* leader = std::get_if<core::Leader>(&state().role);
        const bool known = leader != nullptr && leader->followers.contains(message.from);
        if (known) {
            const core::Stamp& piece = leader->followers.at(message.from).piece;
            if (piece.round == reply->stamp.round) reply->stamp = piece;
        }
    }
    step(core::Received{std::move(message)});
}

void Happening::save_snapshot() {
    Node& here = node();
    const Index index = state().log.applied();
    const core::SnapshotMeta meta{index, *state().log.term_at(index), state().log_time,
                                  state().membership.committed(), state().config()};
    here.disk.snapshot = meta;
    here.disk.snapshot_value = here.value;
    step(core::SnapshotSaved{meta});
}

void Happening::step(const Input& input) {
    const Member before = *member_;
    const Effects effects = hands_.step(*member_, node().clock, input);
    violate(broken_change(before, input, effects));
    violate(broken_deferral(before, input, effects));
    member_->check();
    member_->check_step(before);
    perform(effects);
}

void Happening::perform(const Effects& effects) {
    for (const Message& message : effects.send_now) send_now(message);
    enqueue(effects);
    if (effects.load_snapshot) node().value = node().disk.snapshot_value;
    for (const Entry& entry : effects.committed) node().value = value_after(node().value, entry);
    for (const core::Accepted& accepted : effects.accepted) {
        if (accepted.request == 2) {
            done_.added = {accepted.term, accepted.index};
        }
    }
    drain();
}

void Happening::enqueue(const Effects& effects) {
    if (!effects.has_write() && effects.send_after_write.empty() && !effects.compact_below) return;
    auto& writes = node().writes;
    bool held = false;
    if (effects.has_write()) {
        const bool behind = std::ranges::any_of(writes, &Write::held);
        done_.wrote = done_.wrote || !behind;
        held = behind || std::exchange(hold_, false);
    }
    writes.push_back({effects.write_alone(), held});
}

void Happening::drain() {
    while (!node().writes.empty() && !node().writes.front().held) complete();
}

void Happening::complete() {
    Node& here = node();
    const Effects written = std::move(here.writes.front().effects);
    here.writes.erase(here.writes.begin());
    Disk& disk = here.disk;
    if (written.hard_state) {
        const core::HardState& next = *written.hard_state;
        const bool same_term = next.term == disk.hard.term;
        if (next.term < disk.hard.term) violate("vote safety: a durable term went back");
        if (same_term && disk.hard.vote && next.vote != disk.hard.vote) {
            violate("vote safety: two votes were durable in one term");
        }
        disk.hard = next;
    }
    if (written.truncate_from) {
        std::erase_if(disk.entries,
                      [&](const Entry& entry) { return entry.index() >= *written.truncate_from; });
    }
    disk.entries.insert(disk.entries.end(), written.append.begin(), written.append.end());
    for (const auto& piece : written.snapshot_to_save) install(piece);
    if (written.compact_below) {
        std::erase_if(disk.entries,
                      [&](const Entry& entry) { return entry.index() < *written.compact_below; });
    }
    for (const Message& message : written.send_after_write) send_promise(message);
    if (written.when_durable) step(*written.when_durable);
}

/// A snapshot is one piece here: it is whole or it has not come.
void Happening::install(const core::SnapshotPiece& piece) {
    Disk& disk = node().disk;
    if (!disk.holds(piece.meta.index, piece.meta.term)) disk.entries.clear();
    disk.snapshot = piece.meta;
    disk.snapshot_value = Reader(piece.data).number<std::uint64_t>();
}

void Happening::send_now(Message message) {
    if (message.term > node().disk.hard.term) {
        violate("promises: a leader speaks in a term that is not on its disk");
    }
    if (auto* piece = std::get_if<core::SnapshotPiece>(&message.body)) {
        const auto& snapshot = node().disk.snapshot;
        // One that was replaced meanwhile cannot be read any more: nothing is sent.
        if (!snapshot || !(*snapshot == piece->meta) || piece->offset != 0) return;
        piece->data = bytes_of(node().disk.snapshot_value);
        piece->last = true;
    }
    done_.sent.push_back(std::move(message));
}

void Happening::send_promise(const Message& message) {
    violate(broken_promise(message));
    done_.sent.push_back(message);
}

std::string Happening::broken_promise(const Message& message) {
    const Disk& disk = node().disk;
    const auto* request = std::get_if<core::VoteRequest>(&message.body);
    const auto* vote = std::get_if<core::VoteReply>(&message.body);
    // A pre-vote promises nothing and carries a term that nobody is in yet.
    if ((request != nullptr && request->pre) || (vote != nullptr && vote->pre)) return {};
    if (message.term > disk.hard.term) return "promises: a term is told that is not on the disk";
    const core::HardState own{message.term, node().id, {}};
    if (request != nullptr && (disk.hard.term != own.term || disk.hard.vote != own.vote)) {
        return "promises: votes are asked for before the own vote is on the disk";
    }
    const bool voted = disk.hard.term == message.term && disk.hard.vote == message.to;
    if (vote != nullptr && vote->granted && !voted) {
        return "promises: a vote is given that is not on the disk";
    }
    const auto* reply = std::get_if<core::AppendReply>(&message.body);
    if (reply != nullptr && reply->accepted && reply->index > disk.last()) {
        return "promises: an entry is acknowledged that is not on the disk";
    }
    return {};
}

/// One change at a time, and only after an entry of the leader's own term was committed.
std::string Happening::broken_change(const Member& before, const Input& input,
                                     const Effects& effects) {
    const auto* leader = std::get_if<core::Leader>(&member_->state().role);
    if (leader == nullptr) return {};
    const core::Log& log = member_->state().log;
    // What was asked for is appended before the step commits anything, a promotion after that.
    const bool is_asked = std::holds_alternative<core::ChangeMembers>(input);
    const Index committed = (is_asked ? before.state().log : log).committed();
    for (const Entry& entry : effects.append) {
        if (entry.kind() != core::EntryKind::members || entry.term() != member_->term()) continue;
        if (committed < leader->term_start) {
            return "configuration safety: a change before an entry of the own term is committed";
        }
        for (Index i = std::max(committed + 1, log.first()); i < entry.index(); ++i) {
            const auto kind = log.at(i).kind();
            if (kind == core::EntryKind::members || kind == core::EntryKind::elected) {
                return "configuration safety: a change while another is not committed";
            }
        }
    }
    return {};
}

/// What may wait for another input has no effect but what time brings by itself.
std::string Happening::broken_deferral(const Member& before, const Input& input,
                                       const Effects& effects) {
    if (!before.can_wait(input)) return {};
    Member without = before;
    Effects by_itself = without.step(node().clock, std::span<const Input>());
    by_itself.wake_at = effects.wake_at;
    return by_itself == effects ? "" : "deferral: an input may wait that something waits for";
}

}  // namespace

Index Disk::last() const {
    const Index covered = snapshot ? snapshot->index : Index();
    return entries.empty() ? covered : std::max(covered, entries.back().index());
}

bool Disk::holds(Index index, Term term) const {
    const auto at = std::ranges::lower_bound(entries, index, {}, &Entry::index);
    return at != entries.end() && at->index() == index && at->term() == term;
}

std::uint64_t value_after(std::uint64_t value, const Entry& entry) {
    Writer out;
    out.number(value);
    out.number(entry.index().value);
    out.number(entry.term().value);
    if (entry.kind() == core::EntryKind::command) out.blob(entry.payload());
    return core::checksum(out.view());
}

Hands Hands::faithful() {
    return {[](Member& member, Time now, const Input& input) { return member.step(now, input); },
            [](core::Start&) {}};
}

GroupConfig explored_config() {
    GroupConfig config;
    config.heartbeat_interval = std::chrono::milliseconds(1);
    config.election_timeout = std::chrono::milliseconds(1000);
    config.leader_transfer_timeout = std::chrono::hours(24);
    config.max_append_bytes = 1;
    config.log_bytes_kept = 0;
    return config;
}

Node found(NodeId id, std::uint8_t voters) {
    std::vector<core::Peer> peers;
    for (std::uint64_t i = 1; i <= voters; ++i) peers.push_back({NodeId(i), "", Standing::voter});
    const Bytes payload = core::encode(core::Founding{core::Members(peers), explored_config()});
    const Entry entry = Entry::make({Term(), Index(1), core::EntryKind::founding, {}}, payload);
    Node node;
    node.id = id;
    node.disk.entries = {entry};
    core::Start start;
    start.self = id;
    start.config = explored_config();
    start.entries = {entry};
    node.member = std::make_shared<const Member>(std::move(start), node.clock);
    return node;
}

bool is_possible(const Node& node, Event::Kind kind) {
    if (kind == Event::Kind::start) return node.member == nullptr;
    if (node.member == nullptr) return false;
    const State& state = node.member->state();
    const bool leads = node.member->leads();
    switch (kind) {
        case Event::Kind::disk_done: return !node.writes.empty();
        // That it was removed is kept by whoever hosts it: it does not come back.
        case Event::Kind::crash: return node.member->role() != Role::removed;
        case Event::Kind::timeout: {
            const auto* leader = std::get_if<core::Leader>(&state.role);
            if (leader == nullptr) return state.election_at != core::never;
            return core::contact::quorum_deadline(state, *leader, node.clock) != core::never;
        }
        case Event::Kind::heartbeat:
        case Event::Kind::propose:
        case Event::Kind::add:
        case Event::Kind::remove:
        case Event::Kind::transfer: return leads;
        case Event::Kind::snapshot: return state.log.applied() > state.log.snapshot();
        default: return true;
    }
}

Consequence happen(const Node& before, const Event& event, const Hands& hands) {
    return Happening(before, hands).take(event);
}

}  // namespace rafted::explore

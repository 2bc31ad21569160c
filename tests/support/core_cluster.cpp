#include "support/core_cluster.hpp"

#include <algorithm>
#include <utility>

#include "core/codec.hpp"

namespace rafted::test {

using core::Duration;
using core::Effects;
using core::Entry;
using core::Input;
using core::Member;
using core::Message;
using core::never;
using core::RequestId;
using core::Time;

namespace {

constexpr std::int64_t million = 1'000'000;

}  // namespace

bool Disk::holds(Index index, Term term) const {
    const auto at = std::ranges::lower_bound(entries, index, {}, &Entry::index);
    return at != entries.end() && at->index() == index && at->term() == term;
}

CoreCluster::CoreCluster(ClusterOptions options)
    : options_(std::move(options)), random_(options_.seed) {}

void CoreCluster::found(const std::vector<NodeId>& voters) {
    std::vector<core::Peer> peers;
    for (const NodeId id : voters) peers.push_back({id, to_string(id) + ":1", Standing::voter});
    const Bytes payload = core::encode(core::Founding{core::Members(peers), options_.config});
    const Entry entry = Entry::make({Term(), Index(1), core::EntryKind::founding, {}}, payload);
    for (const NodeId id : voters) {
        Node& made = nodes_[id];
        made.id = id;
        made.disk.entries = {entry};
        core::Start start;
        start.entries = {entry};
        boot(made, std::move(start));
    }
}

void CoreCluster::start_newcomer(NodeId id, Index added_at) {
    const auto& state = member(leader()).state();
    Node& made = nodes_[id];
    made.id = id;
    made.disk.hard.let_go = {state.log.term_at(added_at).value_or(state.hard.term), added_at};
    core::Start start;
    start.hard_state = made.disk.hard;
    boot(made, std::move(start));
}

void CoreCluster::boot(Node& made, core::Start start) {
    start.self = made.id;
    start.seed = options_.seed * 1000 + made.id.value * 10 + ++made.starts;
    start.config = options_.config;
    made.member.emplace(std::move(start), local_now(made));
    made.member->check();
    made.wake_at = Time::min();
    wake(made.id);
}

void CoreCluster::crash(NodeId id) {
    Node& gone = node(id);
    gone.member.reset();
    gone.writes.clear();
    gone.partial.clear();
    gone.snapshots.clear();
    gone.value = Value();
    gone.disk_held = false;
    lose_accepted(id);
}

void CoreCluster::restart(NodeId id) {
    Node& back = node(id);
    core::Start start;
    start.hard_state = back.disk.hard;
    start.snapshot = back.disk.snapshot;
    start.entries = back.disk.entries;
    start.restarted = true;
    if (back.disk.snapshot) {
        back.value.load(back.disk.snapshot_bytes);
        back.snapshots[back.disk.snapshot->index] = back.disk.snapshot_bytes;
    }
    boot(back, std::move(start));
}

void CoreCluster::forget(NodeId id) {
    if (is_up(id)) crash(id);
    nodes_.erase(id);
}

bool CoreCluster::is_up(NodeId id) const {
    const auto at = nodes_.find(id);
    return at != nodes_.end() && at->second.member.has_value();
}

NodeId CoreCluster::leader() const {
    NodeId best;
    Term term;
    for (const auto& [id, node] : nodes_) {
        if (!node.member || !node.member->leads() || node.member->term() < term) continue;
        best = id;
        term = node.member->term();
    }
    return best;
}

RequestId CoreCluster::new_request(NodeId at, bool is_read) {
    Request made;
    made.at = at;
    made.floor = history_.committed();
    made.is_read = is_read;
    requests_[++last_request_] = made;
    open_.insert(last_request_);
    return last_request_;
}

RequestId CoreCluster::propose(NodeId at, std::string_view command) {
    const RequestId id = new_request(at, false);
    const auto wall = std::chrono::duration_cast<core::LogTime>(now_.time_since_epoch());
    step(at, core::Propose{id, core::EntryKind::command, copy_of(view_of(command)), wall});
    return id;
}

RequestId CoreCluster::read(NodeId at) {
    const RequestId id = new_request(at, true);
    step(at, core::Read{id});
    return id;
}

RequestId CoreCluster::change(NodeId at, core::ChangeMembers::Act act, const core::Peer& peer) {
    const RequestId id = new_request(at, false);
    step(at, core::ChangeMembers{id, act, peer});
    return id;
}

RequestId CoreCluster::change_config(NodeId at, const GroupConfig& config) {
    const RequestId id = new_request(at, false);
    step(at, core::ChangeConfig{id, config});
    return id;
}

RequestId CoreCluster::transfer(NodeId at, std::optional<NodeId> target) {
    const RequestId id = new_request(at, false);
    step(at, core::TransferLead{id, target});
    return id;
}

RequestId CoreCluster::force_remove(NodeId at, NodeId target) {
    const RequestId id = new_request(at, false);
    step(at, core::ForceRemove{id, target});
    return id;
}

Time CoreCluster::local_now(const Node& of) const {
    const std::int64_t true_time = now_.time_since_epoch().count();
    const std::int64_t drift = true_time / million * of.clock_ppm;
    return Time(Duration(true_time + drift) + of.clock_offset);
}

Time CoreCluster::due_of(const Node& of) const {
    if (!of.member || of.wake_at == never) return never;
    const Duration wait = of.wake_at - local_now(of);
    if (wait <= Duration::zero()) return now_;
    if (of.clock_ppm == 0) return now_ + wait;
    const double scale = 1e6 / static_cast<double>(million + of.clock_ppm);
    // Rounded up: late by a little, never early for ever.
    return now_ + Duration(static_cast<std::int64_t>(static_cast<double>(wait.count()) * scale)) +
           std::chrono::microseconds(1);
}

Time CoreCluster::next_event() const {
    Time next = never;
    for (const auto& [id, node] : nodes_) {
        next = std::min(next, due_of(node));
        const bool writes = !node.writes.empty() && !node.disk_held;
        if (writes) next = std::min(next, node.writes.front().due);
    }
    for (const Flying& flight : flying_) next = std::min(next, flight.due);
    return next;
}

/// Everything that is due now: one write or message or timer at a time, in a fixed order.
void CoreCluster::happen() {
    std::vector<NodeId> ids;
    for (const auto& [id, node] : nodes_) ids.push_back(id);
    for (const NodeId id : ids) drain_disk(id);
    const auto is_due = [this](const Flying& flight) { return flight.due <= now_; };
    for (auto at = std::ranges::find_if(flying_, is_due); at != flying_.end();
         at = std::ranges::find_if(flying_, is_due)) {
        const Message message = std::move(at->message);
        flying_.erase(at);
        deliver(message);
    }
    for (const NodeId id : ids) {
        if (is_up(id) && due_of(node(id)) <= now_) wake(id);
    }
}

void CoreCluster::run_for(Duration time) {
    const Time end = now_ + time;
    while (true) {
        const Time next = next_event();
        if (next > end) break;
        now_ = std::max(now_, next);
        happen();
    }
    now_ = end;
}

void CoreCluster::wake(NodeId id) { step(id, core::TimePassed{}); }

void CoreCluster::campaign(NodeId id) {
    Node& fast = node(id);
    const Time at = fast.member->state().election_at;
    if (at != never && at > local_now(fast)) fast.clock_offset += at - local_now(fast);
    wake(id);
}

void CoreCluster::set_network(const Network& network) {
    network_ = network;
    for (Flying& flight : flying_) flight.due = network.automatic ? now_ + network.most : never;
}

void CoreCluster::deliver(const Message& message) {
    if (!is_up(message.to) || is_cut(message.from, message.to)) {
        if (on_lost) on_lost(message);
        return;
    }
    step(message.to, core::Received{message});
}

void CoreCluster::deliver_all() {
    while (!flying_.empty()) {
        const Message message = std::move(flying_.front().message);
        flying_.erase(flying_.begin());
        deliver(message);
    }
}

void CoreCluster::step(NodeId id, const Input& input) {
    Node& here = node(id);
    const Member before = *here.member;
    const Effects effects = here.member->step(local_now(here), input);
    here.member->check();
    here.member->check_step(before);
    here.wake_at = effects.wake_at;
    if (history_.on_wake(id, local_now(here), here.wake_at)) here.wake_at = never;
    history_.on_step({before, *here.member, effects});
    if (on_step) on_step({id, input, effects, before, local_now(here)});
    perform(here, effects);
    const Member& after = *here.member;
    const bool advanced = after.state().log.committed() > before.state().log.committed();
    if (after.leads() && advanced) {
        std::map<NodeId, const Disk*> disks;
        for (const auto& [other, at] : nodes_) disks[other] = &at.disk;
        history_.on_leader_commit({before, after, effects}, disks);
    }
    drain_disk(id);
}

void CoreCluster::perform(Node& here, const Effects& effects) {
    for (const Message& message : effects.send_now) send(here, message);
    enqueue(here, effects);
    perform_value(here, effects);
    note_answers(here, effects);
}

void CoreCluster::perform_value(Node& here, const Effects& effects) {
    if (effects.load_snapshot) {
        here.value.load(here.snapshots.at(effects.load_snapshot->index));
        history_.on_applied(here.id, here.value.applied(), here.value.digest());
    }
    for (const Entry& entry : effects.committed) {
        here.value.apply(entry);
        history_.on_applied(here.id, entry.index(), here.value.digest());
        for (const RequestId id : std::set(open_)) {
            const Request& waiting = requests_.at(id);
            const bool stands_here = waiting.state == Request::State::accepted &&
                                     waiting.at == here.id && waiting.index == entry.index();
            if (!stands_here) continue;
            const bool same = waiting.term == entry.term();
            end(id, same ? Request::State::done : Request::State::unknown);
        }
    }
}

void CoreCluster::end(RequestId id, Request::State state) {
    requests_.at(id).state = state;
    open_.erase(id);
}

void CoreCluster::note_answers(Node& here, const Effects& effects) {
    for (const core::Accepted& accepted : effects.accepted) {
        Request& waiting = requests_.at(accepted.request);
        waiting.state = Request::State::accepted;
        waiting.index = accepted.index;
        waiting.term = accepted.term;
    }
    for (const core::ReadReady& ready : effects.reads_ready) {
        Request& waiting = requests_.at(ready.request);
        end(ready.request, Request::State::done);
        waiting.index = ready.index;
        history_.on_read(here.id, waiting.floor, ready.index);
    }
    for (const core::Answer& answer : effects.answers) {
        Request& waiting = requests_.at(answer.request);
        end(answer.request, answer.error ? Request::State::refused : Request::State::done);
        waiting.error = answer.error;
        waiting.leader = answer.leader;
    }
    if (effects.role_changed && !here.member->leads()) lose_accepted(here.id);
}

void CoreCluster::lose_accepted(NodeId at) {
    for (const RequestId id : std::set(open_)) {
        const Request& waiting = requests_.at(id);
        const bool lost = waiting.state == Request::State::accepted || !is_up(at);
        if (lost && waiting.at == at) end(id, Request::State::unknown);
    }
}

void CoreCluster::enqueue(Node& here, const Effects& effects) {
    if (!effects.has_write() && effects.send_after_write.empty() && !effects.compact_below) return;
    Time due = now_;
    if (effects.has_write()) due = now_ + here.disk_time;
    if (!here.writes.empty()) due = std::max(due, here.writes.back().due);
    here.writes.push_back({effects.write_alone(), due});
}

void CoreCluster::drain_disk(NodeId id) {
    while (is_up(id)) {
        const Node& here = node(id);
        // What needs no write waits for nothing but the writes before it.
        const bool ready = !here.writes.empty() && here.writes.front().due <= now_ &&
                           (!here.disk_held || !here.writes.front().effects.has_write());
        if (!ready) return;
        complete_write(id);
    }
}

void CoreCluster::complete_write(NodeId id) {
    Node& here = node(id);
    const Effects done = std::move(here.writes.front().effects);
    here.writes.pop_front();
    Disk& disk = here.disk;
    if (done.hard_state) {
        disk.hard = *done.hard_state;
        history_.on_hard_state(id, disk.hard);
    }
    if (done.truncate_from) {
        std::erase_if(disk.entries,
                      [&](const Entry& entry) { return entry.index() >= *done.truncate_from; });
    }
    disk.entries.insert(disk.entries.end(), done.append.begin(), done.append.end());
    for (const Entry& entry : done.repair) {
        *std::ranges::find(disk.entries, entry.index(), &Entry::index) = entry;
    }
    const bool whole = write_pieces(here, done.snapshot_to_save);
    if (done.compact_below) {
        std::erase_if(disk.entries,
                      [&](const Entry& entry) { return entry.index() < *done.compact_below; });
    }
    for (const Message& message : done.send_after_write) send(here, message);
    if (!done.when_durable) return;
    core::Persisted persisted = *done.when_durable;
    const auto meta = persisted.snapshot;
    if (meta && !whole) persisted.snapshot.reset();
    step(id, persisted);
    if (meta && !whole) step(id, core::SnapshotBroken{*meta});
}

bool CoreCluster::write_pieces(Node& here, const std::vector<core::SnapshotPiece>& pieces) {
    for (const core::SnapshotPiece& piece : pieces) {
        if (piece.offset == 0) here.partial.clear();
        here.partial.insert(here.partial.end(), piece.data.begin(), piece.data.end());
        if (!piece.last) continue;
        const Bytes bytes = std::exchange(here.partial, {});
        Value value;
        if (!value.load(bytes)) return false;
        const core::SnapshotMeta& meta = piece.meta;
        Disk& disk = here.disk;
        if (!disk.holds(meta.index, meta.term)) disk.entries.clear();
        disk.snapshot = meta;
        disk.snapshot_bytes = bytes;
        here.snapshots[meta.index] = bytes;
    }
    return true;
}

void CoreCluster::release_disk(NodeId id) {
    node(id).disk_held = false;
    drain_disk(id);
}

void CoreCluster::release_one_write(NodeId id) {
    if (node(id).writes.empty()) return;
    complete_write(id);
    drain_disk(id);
}

void CoreCluster::refuse_writes(NodeId id) {
    Node& here = node(id);
    here.disk_held = false;
    here.writes.clear();
    step(id, core::WriteRefused{});
}

bool CoreCluster::save_snapshot(NodeId id) {
    Node& here = node(id);
    const core::State& state = here.member->state();
    const Index index = here.value.applied();
    if (index <= state.log.snapshot()) return false;
    const core::SnapshotMeta meta{index, *state.log.term_at(index), state.log.at(index).time(),
                                  state.membership.committed(), state.config()};
    here.disk.snapshot = meta;
    here.disk.snapshot_bytes = here.value.save();
    here.snapshots[index] = here.disk.snapshot_bytes;
    step(id, core::SnapshotSaved{meta});
    return true;
}

void CoreCluster::fill(const Node& from, core::SnapshotPiece& piece) const {
    const Bytes& bytes = from.snapshots.at(piece.meta.index);
    const std::size_t limit = options_.piece_bytes > 0
                                  ? options_.piece_bytes
                                  : std::size_t{options_.config.snapshot_chunk_bytes};
    const std::size_t offset = std::min<std::size_t>(piece.offset, bytes.size());
    const std::size_t size = std::min(limit, bytes.size() - offset);
    piece.data = copy_of(BytesView(bytes).subspan(offset, size));
    piece.last = offset + size == bytes.size();
}

void CoreCluster::send(Node& from, Message message) {
    history_.on_message(*from.member, message);
    if (auto* piece = std::get_if<core::SnapshotPiece>(&message.body)) fill(from, *piece);
    const bool lost = is_cut(message.from, message.to) ||
                      (network_.automatic && random_.one_to(1000) <= network_.drop);
    if (lost) {
        if (on_lost) on_lost(message);
        return;
    }
    const bool twice = network_.automatic && random_.one_to(1000) <= network_.duplicate;
    for (int copy = 0; copy < (twice ? 2 : 1); ++copy) {
        Time due = never;
        if (network_.automatic) {
            const Duration range = network_.most - network_.least;
            const auto extra = random_.one_to(static_cast<std::uint64_t>(range.count()) + 1) - 1;
            due = now_ + network_.least + Duration(static_cast<std::int64_t>(extra));
        }
        flying_.push_back({++last_flying_, message, due});
    }
}

}  // namespace rafted::test

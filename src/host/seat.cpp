#include "host/seat.hpp"

#include <algorithm>
#include <utility>

#include "host/request.hpp"
#include "rafted/codec.hpp"

namespace rafted::host {
namespace {

Error error_of(const core::Contradiction& found) {
    return {ErrorCode::corrupt,
            "entry " + to_string(found.index) + " of term " + to_string(found.here) +
                " is committed here, but the leader, node " + to_string(found.leader) +
                ", has one of term " + to_string(found.there) +
                " in its place: one of the two has lost what was acknowledged",
            {}};
}

}  // namespace

Seat::Seat(Services& services, SeatStart start, std::function<void()> changed)
    : services_(services),
      record_(std::move(start.record)),
      member_(start.member, services.clock.steady()),
      changed_(std::move(changed)),
      hooks_(services, {record_.name, start.from_files, [this] { on_hooks_progress(); }}),
      snapshotter_(services, record_.slot,
                   [this](const Result<core::SnapshotMeta>& saved) {
                       saved ? give(core::SnapshotSaved{*saved}) : changed_();
                   }),
      pieces_(services, {record_.slot, record_.group},
              [this](const core::SnapshotMeta& meta) {
                  give(core::SnapshotBroken{meta});
                  renew_snapshot();
              }),
      backups_(services, record_),
      nonces_(core::Random(start.member.seed).next()),
      idle_(services.quiesce_after) {
    auto deliver = [this, alive = std::weak_ptr(alive_)](ValueReport report) {
        if (!alive.expired()) on_report(std::move(report));
    };
    lane_ = std::make_shared<ValueLane>(
        services, ValueLane::Start{std::move(start.factory), record_.slot, start.member.config},
        std::move(deliver));
    if (const auto& snapshot = start.member.snapshot) {
        applied_ = snapshot->index;
        lane_->post(Load{*snapshot});
    }
    on_members();
    for (const ports::Moved& moved : addresses_.restore(std::move(start.moved))) {
        if (moved.node != services_.self) {
            services_.transport.set_address(moved.node, moved.heard);
        }
    }
    for (const core::Peer& peer : start.peers) {
        if (peer.id == services_.self) continue;
        services_.transport.set_address(peer.id, peer.address);
        services_.transport.announce(peer.id);
    }
    // Who has no vote would wait for somebody to look for it here, who votes for an election.
    if (start.from_files) {
        for (const core::Peer& peer : member_.state().members().all()) {
            if (peer.id != services_.self) services_.transport.announce(peer.id);
        }
    }
    if (services_.watch != nullptr) {
        services_.watch->seated(record_.name, record_.group, start.member, member_);
    }
}

void Seat::give(core::Input input) {
    inputs_.push_back(std::move(input));
    const bool was_patient = std::exchange(is_patient_, false);
    if (inputs_.size() > 1 && !was_patient) return;
    is_patient_ = inputs_.size() == 1 && member_.can_wait(inputs_.front());
    if (!is_patient_) changed_();
}

void Seat::receive(core::Message message) {
    if (stopped_) return;
    const NodeId from = message.from;
    const bool seeks_leader = std::holds_alternative<core::VoteRequest>(message.body);
    if (const auto* notice = std::get_if<core::MovedNotice>(&message.body)) {
        told_address(from, *notice);
    }
    give(core::Received{std::move(message)});
    if (seeks_leader) pass_on_addresses(from);
}

void Seat::request(ports::ClientRequest request, ports::Reply reply) {
    // A place whose disk has failed sends everybody to the others, who can go on.
    if (stopped_) return reply(std::unexpected(fenced_ ? not_leader() : *stopped_));
    if (request.kind == RequestKind::query_stale) {
        lane_->post(Query{std::move(request.body), std::nullopt, std::move(reply)});
        return;
    }
    idle_.asked();
    if (BackupDesk::takes(request.kind)) return back_up(std::move(request), std::move(reply));
    const bool is_stuck = member_.leads() || request.kind == RequestKind::force_remove;
    if (fenced_ && is_stuck) return reply(std::unexpected(*fenced_));
    const bool writes =
        request.kind == RequestKind::command || request.kind == RequestKind::open_session;
    if (auto lost = lost_entries(); lost && (writes || request.kind == RequestKind::query)) {
        return reply(std::unexpected(std::move(*lost)));
    }
    // Whoever does not lead sends its callers to the leader, be its own disk full or not.
    if (writes && member_.leads() && services_.storage.state() == DiskState::full) {
        return reply(fail(ErrorCode::disk_full, "the leader's disk is full; free some space"));
    }
    const bool hooks_lag = hooks_.size() > member_.state().config().max_hook_backlog;
    if (request.kind == RequestKind::query && hooks_lag) {
        return reply(fail(ErrorCode::busy, "too many leader hooks wait to be run"));
    }
    // A session is named after its entry, and no other entry may ever be like it: a group that goes
    // on alone by force uses its indexes again, its terms, and at times even its log times.
    if (request.kind == RequestKind::open_session) request.body = encode(nonces_.next());
    const auto id = waiters_.add({request.kind, {}, std::move(reply)});
    auto input = to_input(std::move(request), {id, services_.clock.wall(), services_.transport});
    if (!input) {
        waiters_.take(id)->reply(std::unexpected(input.error()));
        return;
    }
    if (input->query) waiters_.set_query(id, std::move(*input->query));
    give(std::move(input->input));
}

bool Seat::step(core::Time now, ports::Batch& batch) {
    if (stopped_) {
        inputs_.clear();
        wake_at_ = core::never;
        return false;
    }
    if (now >= snapshotter_.retry_at()) start_snapshot_if_due();
    if (now >= reload_at_) {
        reload_at_ = core::never;
        lane_->retry();
    }
    mind_the_disk(now);
    if (const auto* leader = std::get_if<core::Leader>(&member_.state().role)) {
        pieces_.follow(*leader);
        pieces_.release(now);
    }
    auto inputs = std::exchange(inputs_, std::move(spare_inputs_));
    is_patient_ = false;
    // Rides along with whatever happens anyway, a heartbeat at the latest.
    if (member_.leads() && hooks_.done() > member_.state().hooks_done) {
        inputs.emplace_back(core::HooksRan{hooks_.done()});
    }
    if (step_idle_watch(now)) inputs.emplace_back(core::Quiesce{});
    services_.metrics.inputs += inputs.size();
    if (retry_at_ && writes_.empty() && now >= *retry_at_) {
        retry_at_.reset();
        addresses_.not_saved();
        inputs.emplace_back(core::WriteRefused{});
    }
    core::Effects& effects = services_.effects;
    effects.clear();
    member_.step(now, inputs, effects);
    if (services_.watch != nullptr) {
        services_.watch->stepped({record_.name, record_.group, now, inputs, effects, member_});
    }
    constexpr std::size_t few = 64;
    inputs.clear();
    if (inputs.capacity() <= few) spare_inputs_ = std::move(inputs);
    const std::size_t before = batch.size();
    perform(effects, batch);
    mind_backups(now);
    return batch.size() > before;
}

void Seat::perform(core::Effects& effects, ports::Batch& batch) {
    send(effects.send_now);
    auto& promises = effects.send_after_write;
    const bool has_hard_state = effects.hard_state.has_value();
    if (write(effects, batch)) {
        writes_.push_back({std::move(effects.when_durable), std::move(promises), has_hard_state});
        pulse_.handed_out(services_.clock.steady());
    } else if (writes_.empty()) {
        promise(promises, member_.state().stable_hard);
    } else {
        std::ranges::move(promises, std::back_inserter(writes_.back().then_send));
    }
    apply(effects);
    answer(effects);
    if (effects.role_changed) on_role(*effects.role_changed);
    if (effects.members_changed) on_members();
    if (member_.role() == Role::removed && !record_.removed) on_removed(batch);
    if (effects.contradiction && !stopped_) {
        const Error why = error_of(*effects.contradiction);
        services_.log(LogLevel::error, "group " + record_.name + ": " + to_string(why));
        stop(why);
    }
    wake_at_ = effects.wake_at;
    // Its lead could not be handed over: falling silent makes the others elect.
    if (fenced_ && member_.leads() && !member_.state().hand_over) stop(*fenced_);
    check_ready();
}

bool Seat::write(core::Effects& effects, ports::Batch& batch) {
    auto moved = addresses_.take_unsaved();
    if (!effects.has_write() && !effects.compact_below && !moved) return false;
    ports::GroupWrite write;
    write.slot = record_.slot;
    write.moved = std::move(moved);
    write.hard_state = std::move(effects.hard_state);
    write.let_go_log = effects.let_go_log;
    write.truncate_from = effects.truncate_from;
    write.append = std::move(effects.append);
    write.repair = std::move(effects.repair);
    write.pieces = std::move(effects.snapshot_to_save);
    write.compact_below = effects.compact_below;
    services_.metrics.entries_written += write.append.size();
    batch.push_back(std::move(write));
    return true;
}

void Seat::written(const Result<void>& result) {
    Write done = std::move(writes_.front());
    writes_.pop_front();
    pulse_.ended(services_.clock.steady());
    if (stopped_) return;
    const bool is_broken = !result && result.error().code != ErrorCode::corrupt;
    if (is_broken || retry_at_) return refused(std::move(done), result);
    say_written();
    if (done.when_durable) {
        auto& persisted = *done.when_durable;
        if (!result && persisted.snapshot) {
            services_.log(LogLevel::warning, "group " + record_.name + ": a received snapshot " +
                                                 "does not verify; it is fetched again");
            give(core::SnapshotBroken{*std::exchange(persisted.snapshot, std::nullopt)});
        }
        give(std::move(persisted));
    }
    send(done.then_send);
}

core::Time Seat::wake_at() const {
    if (!inputs_.empty() && !is_patient_) return core::Time::min();
    if (stopped_) return wake_at_;
    const core::Time saves = snapshotter_.retry_at();
    const core::Time writes = retry_at_ && writes_.empty() ? *retry_at_ : core::never;
    const core::Time hangs = member_.leads() ? pulse_.due_at(disk_patience()) : core::never;
    return std::min(
        {wake_at_, saves, writes, hangs, reload_at_, pieces_.due_at(), backups_.wake_at()});
}

void Seat::send(std::span<core::Message> messages) {
    services_.metrics.messages_sent += messages.size();
    const auto& config = member_.state().config();
    for (core::Message& message : messages) {
        if (std::holds_alternative<core::SnapshotPiece>(message.body)) {
            pieces_.send(std::move(message), config);
        } else {
            services_.transport.send({record_.group, std::move(message)});
        }
    }
}

void Seat::apply(core::Effects& effects) {
    if (effects.load_snapshot) {
        unapplied_.clear();
        lane_->post(Load{*effects.load_snapshot});
        // Whoever made it held it back until the hooks of all it covers had run.
        hooks_.confirmed(effects.load_snapshot->index);
    }
    if (effects.hooks_done && !member_.leads()) {
        hooks_.confirmed(*effects.hooks_done);
        snapshotter_.hooks_ran(*effects.hooks_done);
    }
    std::ranges::move(effects.committed, std::back_inserter(unapplied_));
    flush_applies();
}

void Seat::flush_applies() {
    const std::size_t room = room_for_applies();
    if (room == 0) return;
    const auto end = unapplied_.begin() + static_cast<std::ptrdiff_t>(room);
    Apply job;
    job.entries.assign(std::make_move_iterator(unapplied_.begin()), std::make_move_iterator(end));
    unapplied_.erase(unapplied_.begin(), end);
    job.answers_wanted = waiters_.size() > 0;
    if (member_.leads()) job.leading = member_.term();
    job.restored_due = hooks_.restored_due();
    in_lane_ += room;
    services_.metrics.entries_applied += room;
    lane_->post(std::move(job));
    const auto is_given = [this](const HeldRead& read) {
        return unapplied_.empty() || read.index < unapplied_.front().index();
    };
    while (!held_reads_.empty() && is_given(held_reads_.front())) {
        ask_value(std::move(held_reads_.front().waiter));
        held_reads_.pop_front();
    }
}

void Seat::ask_value(Waiter waiter) {
    ++services_.metrics.queries;
    lane_->post(Query{std::move(waiter.query), member_.term(), std::move(waiter.reply)});
}

void Seat::refuse_held_reads(const Error& why) {
    for (HeldRead& read : std::exchange(held_reads_, {})) {
        read.waiter.reply(std::unexpected(why));
    }
}

/// How many entries may be applied now: with hooks, no more than may wait to be run.
std::size_t Seat::room_for_applies() const {
    if (!lane_->has_hooks()) return unapplied_.size();
    const std::size_t limit = member_.state().config().max_hook_backlog;
    const std::size_t taken = hooks_.size() + in_lane_;
    return std::min(unapplied_.size(), taken < limit ? limit - taken : 0);
}

void Seat::answer(const core::Effects& effects) {
    for (const core::Accepted& accepted : effects.accepted) waiters_.place(accepted);
    for (const core::ReadReady& ready : effects.reads_ready) {
        auto waiter = waiters_.take(ready.request);
        if (!waiter) continue;
        // The lane must have been given everything up to ready.index before.
        if (unapplied_.empty() || ready.index < unapplied_.front().index()) {
            ask_value(std::move(*waiter));
        } else {
            held_reads_.push_back({ready.index, std::move(*waiter)});
        }
    }
    for (const core::Answer& answer : effects.answers) {
        auto waiter = waiters_.take(answer.request);
        if (!waiter) continue;
        if (!answer.error) {
            waiter->reply(Bytes{});
        } else if (*answer.error == ErrorCode::not_leader) {
            waiter->reply(std::unexpected(not_leader()));
        } else {
            if (*answer.error == ErrorCode::busy) ++services_.metrics.refused_busy;
            waiter->reply(fail(*answer.error, explain(*answer.error)));
        }
    }
}

void Seat::on_role(const core::RoleChange& change) {
    if (change.role == Role::leader) {
        ++services_.metrics.elections_won;
        services_.log(LogLevel::info,
                      "group " + record_.name + ": leads in term " + to_string(change.term));
        addresses_.heard(services_.self, services_.address);
        // From now on, not from its first commit: what the predecessor left may fill the backlog,
        // and then nothing would be applied any more.
        hooks_.lead(change.term, std::get<core::Leader>(member_.state().role).term_start);
        return;
    }
    pieces_.forget_all();
    hooks_.stop();
    refuse_held_reads(not_leader());
    if (waiters_.size() == 0) return;
    Error lost{ErrorCode::lost_lead, "the leader lost its lead; the outcome is not known here",
               not_leader().leader};
    waiters_.fail_placed(lost);
}

void Seat::on_removed(ports::Batch& batch) {
    record_.removed = true;
    ports::GroupWrite write;
    write.slot = record_.slot;
    write.record = record_;
    batch.push_back(std::move(write));
    writes_.emplace_back();
    services_.log(LogLevel::info, "group " + record_.name + ": this member was removed");
    stop({ErrorCode::removed, "this node was removed from the group", std::nullopt});
}

void Seat::on_members() {
    for (const core::Peer& peer : addresses_.listed(member_.state().members())) {
        if (peer.id != services_.self) services_.transport.set_address(peer.id, peer.address);
    }
}

void Seat::on_report(ValueReport report) {
    applied_ = report.applied;
    sessions_ = report.sessions;
    in_lane_ -= report.entries;
    if (report.broken) {
        services_.log(LogLevel::error, "group " + record_.name + ": " + to_string(*report.broken));
        return stop(*report.broken);
    }
    for (value::Applied& result : report.results) {
        auto waiter = waiters_.applied(result.index, result.term);
        if (waiter) waiter->reply(std::move(result.answer));
    }
    // Hooks come after the answers have left.
    const Index applied = report.applied;
    hooks_.add(std::move(report.hooks), applied);
    hooks_.add(std::move(report.query_hooks), applied);
    on_hooks_progress();
    if (report.unreadable) unreadable(*report.unreadable);
    if (report.loaded_bytes) {
        was_read();
        snapshotter_.has_snapshot(*report.loaded_bytes);
    }
    if (report.freeze_failed) snapshotter_.give_up(*report.freeze_failed);
    if (report.frozen) {
        snapshotter_.write(std::move(report.frozen), report.frozen_at);
        on_hooks_progress();
    }
    start_snapshot_if_due();
    correct_address();
    check_ready();
}

void Seat::on_hooks_progress() {
    if (stopped_) return;
    flush_applies();
    // Without declared hooks nothing ever has to be replayed, on any member.
    if (!lane_->has_hooks()) snapshotter_.hooks_ran(applied_);
    if (member_.leads()) snapshotter_.hooks_ran(hooks_.done());
}

void Seat::renew_snapshot() {
    if (stopped_) return;
    snapshotter_.renew();
    start_snapshot_if_due();
}

void Seat::start_snapshot_if_due() {
    const auto& state = member_.state();
    if (snapshotter_.is_due(state.log, applied_, state.config())) lane_->post(Freeze{});
}

void Seat::heard_address(NodeId node, const std::string& address) {
    addresses_.heard(node, address);
    if (addresses_.is_unsaved()) changed_();
    correct_address();
}

void Seat::correct_address() {
    const auto* leader = std::get_if<core::Leader>(&member_.state().role);
    if (stopped_ || leader == nullptr || applied_ < leader->term_start) return;
    // Nobody waits: if it is refused now, what is in its way will be applied and bring it up again.
    if (auto moved = addresses_.moved()) {
        give(core::ChangeMembers{0, core::ChangeMembers::Act::set_address, std::move(*moved)});
    }
}

/// Who asks for votes has not been found by the leader, and may know of none: it has moved before
/// it learnt who leads now. It asks again until it is found, and each time this is said again. Or
/// nobody leads, for it looks for another in vain that has moved: it is told where that one is.
void Seat::pass_on_addresses(NodeId node) {
    if (member_.leads()) return;
    if (auto moved = addresses_.moved(node)) {
        give(core::ChangeMembers{0, core::ChangeMembers::Act::set_address, std::move(*moved)});
    }
    std::vector<core::Message> notices;
    for (core::Peer& moved : addresses_.all_moved()) {
        if (moved.id == node || moved.id == services_.self) continue;
        notices.push_back({services_.self, node, member_.state().hard.term,
                           core::MovedNotice{moved.id, std::move(moved.address)}});
    }
    send(notices);
}

void Seat::told_address(NodeId from, const core::MovedNotice& notice) {
    const bool is_ours = notice.member == services_.self;
    if (member_.leads() || is_ours || !member_.state().members().contains(from)) return;
    if (!addresses_.told(notice.member, notice.address)) return;
    services_.transport.set_address(notice.member, notice.address);
    changed_();
}

void Seat::resign(bool if_others_suffice) {
    const core::State& state = member_.state();
    const auto* leader = std::get_if<core::Leader>(&state.role);
    if (stopped_ || leader == nullptr) return;
    const auto silent = member_.unresponsive(services_.clock.steady());
    std::optional<NodeId> furthest;
    Index match;
    for (const auto& [id, progress] : leader->followers) {
        const bool is_silent = std::ranges::find(silent, id) != silent.end();
        if (is_silent || !state.members().is_voter(id) || progress.match < match) continue;
        furthest = id;
        match = progress.match;
    }
    if (furthest) give(core::TransferLead{0, furthest, if_others_suffice});
}

void Seat::stop(const Error& why) {
    if (stopped_) return;
    stopped_ = why;
    hooks_.stop();
    backups_.stop(why);
    refuse_held_reads(why);
    waiters_.fail_all(why);
    for (auto& done : std::exchange(ready_, {})) done(std::unexpected(why));
    changed_();
}

}  // namespace rafted::host

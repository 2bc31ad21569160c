#include "sim/recorder.hpp"

#include <algorithm>
#include <stdexcept>

namespace rafted::sim {
namespace {

/// Loads are looked at in each of so many steps of a leader.
constexpr std::uint64_t load_every = 16;

std::vector<EntryMark> marks_of(const std::vector<core::Entry>& entries) {
    std::vector<EntryMark> marks;
    marks.reserve(entries.size());
    for (const core::Entry& entry : entries) marks.push_back(mark_of(entry));
    return marks;
}

/// Who has answered a request of this term.
std::vector<NodeId> answered(std::span<const core::Input> inputs, Term term) {
    std::vector<NodeId> nodes;
    for (const core::Input& input : inputs) {
        const auto* received = std::get_if<core::Received>(&input);
        if (received == nullptr || received->message.term != term) continue;
        const core::Body& body = received->message.body;
        const bool is_answer = std::holds_alternative<core::AppendReply>(body) ||
                               std::holds_alternative<core::SnapshotReply>(body) ||
                               std::holds_alternative<core::QuiesceReply>(body);
        if (is_answer) nodes.push_back(received->message.from);
    }
    return nodes;
}

}  // namespace

void Recorder::seated(const std::string& group, GroupId id, const core::Start& start,
                      const core::Member& member) {
    if (group != group_) return;
    const core::State& state = member.state();
    StartReport report;
    report.node = member.id();
    report.group = id;
    report.is_durable = durable_;
    report.disk_was_harmed = harmed_.erase(member.id()) > 0;
    report.hard = start.hard_state;
    report.snapshot = start.snapshot;
    report.base = state.log.first() - 1;
    report.base_term = state.log.term_at(report.base).value_or(Term());
    report.entries = marks_of(start.entries);
    restore_times(start, report.entries);
    report.owes = state.owes();
    report.members = state.members();
    report.members_at = state.membership.current_index();
    report.is_changing = state.membership.is_changing();
    if (recovers_.erase(member.id()) > 0) {
        onlooker_.recovered(member.id(), id, state.log.last() - 1);
        if (on_recovered_) on_recovered_(onlooker_.commits().last());
    }
    const auto before = onlooker_.images().find(member.id());
    bool knows_less = false;
    if (report.disk_was_harmed && before != onlooker_.images().end()) {
        const NodeImage& was = before->second;
        const Index knows = std::max(state.log.last(), start.hard_state.let_go.index);
        knows_less = knows < std::max(was.disk_log.last(), was.disk_snapshot) ||
                     start.hard_state.term < was.disk_hard.term;
    }
    onlooker_.started(report);
    tracer_.node(member.id(), "start");
    if (on_seated_) on_seated_(member.id(), knows_less);
    tracer_.state(onlooker_.images().at(member.id()));
}

/// An outline does not know its entry's time; who looked on does, unless everybody has compacted
/// it: then that of the entry before it is as good as any.
void Recorder::restore_times(const core::Start& start, std::vector<EntryMark>& marks) const {
    for (std::size_t i = 0; i < marks.size(); ++i) {
        if (start.entries[i].is_whole()) continue;
        if (i > 0) marks[i].time = marks[i - 1].time;
        for (const auto& [id, image] : onlooker_.images()) {
            for (const LogImage* log : {&image.log, &image.disk_log}) {
                const EntryMark* known = log->find(marks[i].index);
                if (known == nullptr || known->checksum != marks[i].checksum) continue;
                marks[i].time = known->time;
            }
        }
    }
}

void Recorder::stepped(const host::Stepped& step) {
    if (step.group != group_) return;
    const core::Member& member = step.member;
    const core::State& state = member.state();
    const core::Effects& effects = step.effects;
    ++figures_.steps;
    StepReport report;
    report.node = member.id();
    report.hard = state.hard;
    report.role = member.role();
    report.truncated_from = effects.truncate_from;
    report.appended = marks_of(effects.append);
    if (effects.load_snapshot) {
        report.restored = effects.load_snapshot;
        report.kept_log_after_restored = state.log.last() > effects.load_snapshot->index;
        const auto added = std::ranges::count_if(effects.append, [&](const core::Entry& entry) {
            return entry.index() > effects.load_snapshot->index;
        });
        report.has_left_entries =
            state.log.last() > effects.load_snapshot->index + static_cast<std::uint64_t>(added);
    }
    if (state.incoming && state.incoming->whole) report.installing = state.incoming->meta;
    report.first = state.log.first();
    report.snapshot = state.log.snapshot();
    report.applied = state.log.applied();
    report.commit = state.log.committed();
    report.members = effects.members_changed;
    report.members_at = state.membership.current_index();
    report.is_changing = state.membership.is_changing();
    report.owes = state.owes();
    report.has_lease = member.leads() && member.has_lease(step.now);
    report.is_silent = state.is_quiescent();
    report.log_bytes = state.log.bytes();
    report.clock = step.now;
    report.election_timeout = state.config().election_timeout;
    report.heard = answered(step.inputs, state.hard.term);
    if (effects.role_changed && effects.role_changed->role == Role::leader) ++figures_.elections;
    tracer_.step(member.id(), step.inputs, effects);
    onlooker_.stepped(report);
    tracer_.state(onlooker_.images().at(member.id()));
    if (member.leads() && figures_.steps % load_every == 0) tell_load(member);
}

void Recorder::tell_load(const core::Member& member) {
    const core::State& state = member.state();
    Load load;
    load.node = member.id();
    load.log_bytes = state.log.bytes();
    load.uncommitted_bytes = state.log.bytes_between(state.log.committed(), state.log.last());
    const auto& leader = std::get<core::Leader>(state.role);
    for (const auto& [id, progress] : leader.followers) {
        if (progress.mode != core::Progress::Mode::replicate) continue;
        const Index sent = std::min(progress.next - 1, state.log.last());
        const Index known = std::max(progress.match, state.log.first() - 1);
        if (sent <= known) continue;
        load.inflight_bytes = std::max(load.inflight_bytes, state.log.bytes_between(known, sent));
    }
    load.config = state.config();
    onlooker_.load(load);
}

void Recorder::synced(const SyncReport& report) {
    // What a node writes to go on alone is on its disk when it takes its seat.
    if (durable_ && !recovers_.contains(report.node)) onlooker_.synced(report);
}

void Recorder::snapshotted(const Snapshotted& fact) {
    ++figures_.snapshots;
    onlooker_.snapshotted(fact);
}

void Recorder::log(const std::string&) {}

void Recorder::applied(const Applied& fact) {
    tracer_.applied(fact);
    onlooker_.applied(fact);
}

void Recorder::queried(const Queried& fact) {
    Queried told = fact;
    const Operation* asked = onlooker_.ledger().find(fact.operation);
    told.is_stale = asked != nullptr && asked->kind == CallKind::stale_query;
    onlooker_.queried(told);
}

void Recorder::hook(const HookRan& fact) {
    tracer_.hook(fact);
    onlooker_.hook(fact);
    if (throwing_.contains(fact.node)) throw std::runtime_error("a hook that throws");
}

void Recorder::breaks(std::string_view rule, const std::string& what) {
    on_violation_({std::string(rule), what, {}, core::Time{}});
}

}  // namespace rafted::sim

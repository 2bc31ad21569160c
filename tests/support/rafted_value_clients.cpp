// One server of the model towards its clients: commands, queries, members, what is applied, and
// what is kept of the log. Numbers (M, P, Q, R, T) are those of behaviour.md.
#include <algorithm>
#include <utility>

#include "support/rafted_value_model.hpp"

namespace rafted::test {
namespace {

enum class Work : std::uint8_t { command, query };

Bytes payload_of(Work work, std::uint64_t operation) {
    Writer out;
    out.number(std::uint8_t(work));
    out.number(operation);
    return out.take();
}

sim::Applied fact_of(NodeId node, const core::Entry& entry) {
    sim::Applied fact;
    fact.node = node;
    fact.index = entry.index();
    fact.term = entry.term();
    return fact;
}

}  // namespace

std::uint64_t ReferenceValue::digest() const {
    std::uint64_t sum = core::Random(chain).next();
    for (const auto& [operation, result] : results) {
        sum = core::Random(sum ^ operation ^ (result << 1U)).next();
    }
    return sum;
}

void ReferenceServer::propose(core::EntryKind kind, BytesView payload) {
    store(core::Entry::make({hard_.term, last() + 1, kind, {}}, payload));
}

bool ReferenceServer::command(core::Time now, std::uint64_t operation) {
    if (!leads()) return false;
    propose(core::EntryKind::command, payload_of(Work::command, operation));
    broadcast(now);
    return true;
}

bool ReferenceServer::query(core::Time now, std::uint64_t operation) {
    if (!leads()) return false;
    if (has_read_lease(now)) {  // Q1, Q3
        answer_query(operation);
        return true;
    }
    propose(core::EntryKind::command, payload_of(Work::query, operation));  // Q2
    broadcast(now);
    return true;
}

std::optional<ErrorCode> ReferenceServer::add(core::Time now, const core::Peer& peer) {
    if (!leads()) return ErrorCode::not_leader;
    const bool may = config_.rules.w6_changes_before_own || own_is_committed();
    if (is_changing() || !may) return ErrorCode::change_in_progress;
    if (members().contains(peer.id)) return ErrorCode::already_member;
    followers_[peer.id] = {last() + 1, Index()};
    change_members(now, members().with(peer));
    return std::nullopt;
}

std::optional<ErrorCode> ReferenceServer::remove(core::Time now, NodeId id) {
    if (!leads()) return ErrorCode::not_leader;
    const bool may = config_.rules.w6_changes_before_own || own_is_committed();
    if (is_changing() || !may) return ErrorCode::change_in_progress;
    if (id == id_) return ErrorCode::cannot_remove_leader;
    if (!members().contains(id)) return ErrorCode::not_member;
    const auto since = now - 2 * config_.election_timeout;
    const auto hears = [&](NodeId one) {
        const auto found = responded_.find(one);
        return one == id_ || (found != responded_.end() && found->second >= since);
    };
    const auto healthy = std::ranges::count_if(
        members().all(), [&](const core::Peer& peer) { return hears(peer.id); });
    const auto rest = std::ptrdiff_t(members().all().size()) - 1;
    if (hears(id) && (healthy - 1) * 2 <= rest) return ErrorCode::would_break_quorum;
    responded_.erase(id);
    change_members(now, members().without(id));
    return std::nullopt;
}

void ReferenceServer::change_members(core::Time now, const core::Members& members) {
    Writer out;
    members.encode(out);
    const core::Members before = this->members();
    propose(core::EntryKind::members, out.view());
    for (const auto& peer : members.all()) {
        if (!before.contains(peer.id)) send_snapshot(now, peer.id);  // T2
    }
    broadcast(now);
}

// Applying and compacting.

void ReferenceServer::commit_to(Index index) {
    while (commit_ < std::min(index, last())) {
        ++commit_;
        apply(entry(commit_));
    }
}

void ReferenceServer::apply(const core::Entry& entry) {
    using enum core::EntryKind;
    sim::Applied fact = fact_of(id_, entry);
    if (entry.kind() == members && leads()) apply_members(entry.index());
    if (entry.kind() != command) {
        fact.state = value_.digest();
        return turn_.applied.push_back(fact);
    }
    Reader in(entry.payload());
    const auto work = Work(in.number<std::uint8_t>());
    const auto operation = in.number<std::uint64_t>();
    if (work == Work::command) return apply_command(entry, operation);
    fact.state = value_.digest();
    turn_.applied.push_back(fact);
    if (leads()) answer_query(operation);
}

void ReferenceServer::answer_query(std::uint64_t operation) {
    sim::Queried fact{.node = id_, .index = commit_};
    fact.operation = operation;
    fact.result = value_.chain;
    turn_.queried.push_back(fact);
    turn_.answers.push_back({operation, value_.chain});
}

void ReferenceServer::apply_command(const core::Entry& entry, std::uint64_t operation) {
    sim::Applied fact = fact_of(id_, entry);
    const auto known =
        std::ranges::find(value_.results, operation, [](const auto& one) { return one.first; });
    std::uint64_t result = 0;
    if (known != value_.results.end()) {  // R7: its answer is known, it is not run again
        result = known->second;
    } else {
        result = value_.chain = core::Random(value_.chain ^ operation).next();
        value_.results.emplace_back(operation, result);
        if (value_.results.size() > config_.results_kept) value_.results.pop_front();
        fact.operation = operation;
        fact.result = result;
    }
    fact.state = value_.digest();
    turn_.applied.push_back(fact);
    if (leads()) turn_.answers.push_back({operation, result});  // R6
}

void ReferenceServer::apply_members(Index index) {
    const auto before = members_as_of(index - 1);
    const auto after = members_as_of(index);
    for (const auto& peer : before.all()) {
        if (!after.contains(peer.id)) say(peer.id, core::RemovedNotice{{Term(), index}});  // M2
    }
}

core::Members ReferenceServer::members_as_of(Index index) const {
    const List* found = &lists_.front();
    for (const auto& list : lists_) {
        if (list.index <= index) found = &list;
    }
    return found->members;
}

ReferenceServer::File ReferenceServer::make_snapshot() const {
    core::SnapshotMeta meta;
    meta.index = commit_;
    meta.term = *term_at(commit_);
    meta.members = members_as_of(commit_);
    Writer out;
    out.number(hard_.term.value);
    out.number(value_.chain);
    out.number(std::uint32_t(value_.results.size()));
    for (const auto& [operation, result] : value_.results) {
        out.number(operation);
        out.number(result);
    }
    return {std::move(meta), out.take()};
}

void ReferenceServer::compact() {
    if (config_.has_files && last() > file_.meta.index + config_.file_every &&
        commit_ > file_.meta.index) {
        file_ = make_snapshot();  // P2
        turn_.snapshots.push_back({file_.meta, value_.digest()});
    }
    const Index useless = snapshot();
    if (useless.value <= base_.value + config_.entries_kept) return;
    const Index base = useless - config_.entries_kept;
    const auto members = members_as_of(base);
    base_term_ = *term_at(base);
    log_.erase(log_.begin(), log_.begin() + std::ptrdiff_t(base - base_));
    Index members_at = lists_.front().index;
    for (const auto& list : lists_) {
        if (list.index <= base) members_at = list.index;
    }
    base_ = base;
    lists_.front() = {members_at, members};
    refresh_lists();
}

}  // namespace rafted::test

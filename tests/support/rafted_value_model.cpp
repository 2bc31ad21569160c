// One server of the model towards the others: roles, votes, replication, commit. Numbers (R, T)
// are those of behaviour.md.
#include "support/rafted_value_model.hpp"

#include <algorithm>
#include <utility>

namespace rafted::test {
ReferenceServer::ReferenceServer(const Birth& birth)
    : id_(birth.id),
      config_(birth.config),
      random_(birth.seed),
      is_waiting_(!birth.founders),
      lists_{{Index(), {}}} {
    if (!birth.founders) return;
    Writer out;
    birth.founders->encode(out);
    store(core::Entry::make({Term(), Index(1), core::EntryKind::founding, {}}, out.view()));
    leader_heard_at_ = birth.now;
    restart_election_timer(birth.now);
}

std::optional<Term> ReferenceServer::term_at(Index index) const {
    if (index == base_) return base_term_;
    if (index < base_ || index > last()) return std::nullopt;
    return entry(index).term();
}

std::uint64_t ReferenceServer::log_bytes() const {
    std::uint64_t bytes = 0;
    for (const auto& one : log_) bytes += one.size();
    return bytes;
}

void ReferenceServer::receive(core::Time now, const core::Message& message) {
    const bool is_snapshot = std::holds_alternative<core::SnapshotPiece>(message.body);
    if (role_ == Role::removed || (is_waiting_ && !is_snapshot)) return;
    switch (message.body.index()) {
        case 0: return take_append(now, message);
        case 1: return take_append_reply(now, message);
        case 2: return take_vote_request(now, message);
        case 3: return take_vote_reply(now, message);
        case 4: return take_snapshot(now, message);
        default: break;
    }
    const bool removed = std::holds_alternative<core::RemovedNotice>(message.body);
    if (removed && role_ == Role::follower) {  // T7
        role_ = Role::removed;
        election_at_ = core::never;
    }
}

core::Time ReferenceServer::wake_at() const {
    if (leads()) return std::min(heartbeat_at_, quorum_since_ + 2 * config_.election_timeout);
    return election_at_;
}

void ReferenceServer::wake(core::Time now) {
    if (leads() && now >= quorum_since_ + 2 * config_.election_timeout) {
        return become_follower(now, hard_.term);  // T6
    }
    if (leads() && now >= heartbeat_at_) return heartbeat(now);
    if (!leads() && now >= election_at_) election_timeout(now);
}

void ReferenceServer::heartbeat(core::Time now) {
    if (leads()) broadcast(now);
}

// Roles.

void ReferenceServer::restart_election_timer(core::Time now) {
    const auto more = random_.one_to(std::uint64_t(config_.election_timeout.count()));
    election_at_ = now + config_.election_timeout + core::Duration(std::int64_t(more));
}

void ReferenceServer::election_timeout(core::Time now) {
    if (is_waiting_ || leads()) return;
    if (!members().contains(id_)) return restart_election_timer(now);
    ++hard_.term;
    hard_.vote = id_;
    role_ = Role::candidate;
    votes_ = {id_};
    if (members().is_only_voter(id_)) return become_leader(now);  // T3
    restart_election_timer(now);
    for (const auto& peer : members().all()) {
        if (peer.id == id_) continue;
        say(peer.id, core::VoteRequest{last(), *term_at(last())});
    }
}

void ReferenceServer::become_follower(core::Time now, Term term) {
    if (term != hard_.term || config_.rules.forgets_vote_of_lead) hard_.vote = {};
    hard_.term = term;
    role_ = Role::follower;
    restart_election_timer(now);
}

void ReferenceServer::become_leader(core::Time now) {
    role_ = Role::leader;
    election_at_ = core::never;
    own_ = last() + 1;
    followers_.clear();
    responded_.clear();
    for (const auto& peer : members().all()) {
        if (peer.id != id_) followers_[peer.id] = {own_, Index()};
    }
    quorum_since_ = now;
    Writer out;
    members().encode(out);
    propose(core::EntryKind::elected, out.view());  // T4
    broadcast(now);
}

bool ReferenceServer::authority_timed_out(core::Time now) const {
    if (leads()) return !has_lease(now);
    if (!leader_heard_at_) return true;
    const auto less = config_.rules.w5_refuses_for_lease ? config_.drift_margin : core::Duration();
    return *leader_heard_at_ + config_.election_timeout - less <= now;
}

std::optional<core::Time> ReferenceServer::quorum_reached_at() const {
    const std::size_t needed = members().all().size() / 2;
    if (needed == 0 || responded_.size() < needed) return std::nullopt;
    std::vector<core::Time> times;
    for (const auto& [from, at] : responded_) times.push_back(at);
    std::ranges::sort(times, std::greater<>());
    return times[needed - 1];
}

/// What it refuses votes by; failures count as answers too (W4).
bool ReferenceServer::has_lease(core::Time now) const {
    if (members().is_only_voter(id_)) return true;
    const auto reached = quorum_reached_at();
    return reached && now < *reached + config_.election_timeout - config_.drift_margin;
}

bool ReferenceServer::has_read_lease(core::Time now) const {
    return leads() && has_lease(now) && (config_.rules.w4_reads_before_own || own_is_committed());
}

// Elections.

void ReferenceServer::take_vote_request(core::Time now, const core::Message& message) {
    if (!authority_timed_out(now)) {
        return say(message.from, core::VoteReply{});  // its term is not taken over
    }
    if (message.term > hard_.term) become_follower(now, message.term);
    const auto& ask = std::get<core::VoteRequest>(message.body);
    const auto own = std::pair(*term_at(last()), last());
    const bool is_free = !hard_.vote || hard_.vote == message.from;
    const bool grants =
        message.term == hard_.term && is_free && own <= std::pair(ask.last_term, ask.last_index);
    if (grants) {
        hard_.vote = message.from;
        restart_election_timer(now);
    }
    say(message.from, core::VoteReply{grants});
}

void ReferenceServer::take_vote_reply(core::Time now, const core::Message& message) {
    if (message.term > hard_.term) return become_follower(now, message.term);
    const bool granted = std::get<core::VoteReply>(message.body).granted;
    if (role_ != Role::candidate || message.term < hard_.term || !granted) return;
    votes_.insert(message.from);
    if (votes_.size() >= members().all().size() / 2 + 1) become_leader(now);
}

// Replication, the follower's side.

void ReferenceServer::heard_leader(core::Time now) {
    leader_heard_at_ = now;
    restart_election_timer(now);
}

void ReferenceServer::take_append(core::Time now, const core::Message& message) {
    const auto& request = std::get<core::AppendRequest>(message.body);
    core::AppendReply reply;
    reply.stamp = request.stamp;
    if (message.term < hard_.term) return say(message.from, reply);
    if (leads() && message.term == hard_.term) return;
    if (message.term > hard_.term) become_follower(now, message.term);
    role_ = Role::follower;
    heard_leader(now);
    const bool agrees = request.prev_index == Index() ||
                        term_at(request.prev_index) == std::optional(request.prev_term);
    if (!agrees) return say(message.from, reply);
    for (const auto& one : request.entries) store(one);  // R4
    const Index proved = request.prev_index + request.entries.size();
    reply.accepted = true;
    reply.index = config_.rules.w1_keeps_stale_suffix ? last() : proved;
    commit_to(std::min(request.commit, proved));
    say(message.from, reply);
}

void ReferenceServer::store(const core::Entry& entry) {
    const Index index = entry.index();
    if (index <= base_) return;
    if (index > last()) return append(entry);
    auto& there = log_[std::size_t(index - base_ - 1)];
    if (there == entry) return;
    there = entry;
    if (!config_.rules.w1_keeps_stale_suffix) log_.resize(std::size_t(index - base_));
    changed(index);
}

void ReferenceServer::append(const core::Entry& entry) {
    log_.push_back(entry);
    if (!turn_.changed_from) turn_.changed_from = entry.index();
    turn_.stored.push_back(sim::mark_of(entry));
    if (entry.kind() == core::EntryKind::members || entry.kind() == core::EntryKind::founding) {
        refresh_lists();
    }
}

void ReferenceServer::changed(Index index) {
    const Index from = std::min(turn_.changed_from.value_or(index), index);
    turn_.changed_from = from;
    turn_.stored.clear();
    for (Index at = from; at <= last(); ++at) turn_.stored.push_back(sim::mark_of(entry(at)));
    refresh_lists();
}

/// The last list in the log is in force (M1).
void ReferenceServer::refresh_lists() {
    lists_.resize(1);
    for (const auto& one : log_) {
        using enum core::EntryKind;
        if (one.kind() != founding && one.kind() != members) continue;
        Reader in(one.payload());
        lists_.push_back({one.index(), core::Members::decode(in)});
    }
}

void ReferenceServer::take_snapshot(core::Time now, const core::Message& message) {
    if (role_ != Role::follower) return;  // T8
    const auto& piece = std::get<core::SnapshotPiece>(message.body);
    Reader in(piece.data);
    const auto maker_term = Term(in.number<std::uint64_t>());
    const auto& rules = config_.rules;
    const Term term = rules.w2_snapshot_sets_term ? maker_term : message.term;
    if (term < hard_.term && !rules.w2_snapshot_sets_term) return;
    if (term > hard_.term) become_follower(now, term);
    hard_.term = term;
    heard_leader(now);
    if (!rules.w3_takes_old_snapshots && !is_waiting_) {
        if (piece.meta.index <= commit_) return;
        if (term_at(piece.meta.index) == std::optional(piece.meta.term)) {
            return commit_to(piece.meta.index);
        }
    }
    is_waiting_ = false;
    base_ = commit_ = piece.meta.index;
    base_term_ = piece.meta.term;
    log_.clear();
    lists_ = {{base_, piece.meta.members}};
    value_ = {.chain = in.number<std::uint64_t>(), .results = {}};
    for (auto left = in.number<std::uint32_t>(); left > 0; --left) {
        const auto operation = in.number<std::uint64_t>();
        value_.results.emplace_back(operation, in.number<std::uint64_t>());
    }
    file_ = {piece.meta, piece.data};
    turn_.changed_from.reset();
    turn_.restored = piece.meta;
    turn_.snapshots.push_back({piece.meta, value_.digest()});
}

// Replication, the leader's side.

void ReferenceServer::say(NodeId to, core::Body body) {
    turn_.messages.push_back({id_, to, hard_.term, std::move(body)});
}

void ReferenceServer::broadcast(core::Time now) {
    heartbeat_at_ = now + config_.heartbeat;
    if (members().is_only_voter(id_)) {
        quorum_since_ = now;
        return commit_to(last());
    }
    for (const auto& peer : members().all()) {
        if (peer.id != id_) send_append(now, peer.id);
    }
}

void ReferenceServer::send_append(core::Time now, NodeId to) {
    const auto found = followers_.find(to);
    if (found == followers_.end()) return;
    Index& next = found->second.next;
    if (next <= base_) return send_snapshot(now, to);
    core::AppendRequest request;
    request.prev_index = next - 1;
    request.commit = commit_;
    request.stamp.sent_at = now;
    request.prev_term = term_at(next - 1).value_or(Term());
    for (Index at = next; at <= last(); ++at) request.entries.push_back(entry(at));  // R2
    say(to, std::move(request));
}

void ReferenceServer::send_snapshot(core::Time now, NodeId to) {
    const bool uses_file = config_.has_files && file_.meta.index > Index();
    const File sent = uses_file ? file_ : make_snapshot();
    auto& progress = followers_[to];
    progress = uses_file ? Progress{sent.meta.index + 1, sent.meta.index}
                         : Progress{last() + 1, Index()};  // R3
    core::SnapshotPiece piece;
    piece.meta = sent.meta;
    piece.data = sent.bytes;
    piece.last = true;
    piece.stamp.sent_at = now;
    say(to, std::move(piece));
}

void ReferenceServer::responded(core::Time now, NodeId from, core::Time sent_at) {
    if (!members().contains(from)) return;
    const auto [found, is_first] = responded_.try_emplace(from, sent_at);
    if (!is_first) found->second = std::max(found->second, sent_at);
    const auto reached = quorum_reached_at();
    if (reached && *reached > quorum_since_) quorum_since_ = now;
}

void ReferenceServer::take_append_reply(core::Time now, const core::Message& message) {
    if (message.term > hard_.term) return become_follower(now, message.term);
    if (!leads()) return;
    if (message.term < hard_.term && !config_.rules.counts_late_replies) return;
    const auto& reply = std::get<core::AppendReply>(message.body);
    responded(now, message.from, reply.stamp.sent_at);
    const auto found = followers_.find(message.from);
    if (found == followers_.end() || !members().contains(message.from)) return;
    if (reply.accepted) {
        found->second = {reply.index + 1, reply.index};
        return commit_by_count();
    }
    if (found->second.next > Index(1)) found->second.next = found->second.next - 1;
    send_append(now, message.from);  // R3
}

void ReferenceServer::commit_by_count() {
    for (Index index = last(); index > commit_; index = index - 1) {
        if (entry(index).term() != hard_.term) return;
        std::size_t have = members().contains(id_) ? 1 : 0;
        for (const auto& peer : members().all()) {
            const auto found = followers_.find(peer.id);
            if (found != followers_.end() && found->second.match >= index) ++have;
        }
        if (have > members().all().size() / 2) return commit_to(index);  // R5
    }
}

}  // namespace rafted::test

// The whole state of one member, and the turn in which it is changed. A plain regular value: the
// rules that change it are functions, one file per concern.
//   1. hard is what the member goes by; stable_hard is what is known to be on disk.
//   2. A Turn lives for one step; its effects are complete only when the step has settled.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "core/effects.hpp"
#include "core/log.hpp"
#include "core/membership.hpp"
#include "core/random.hpp"
#include "core/roles.hpp"

namespace rafted::core {

/// A change of leader that somebody waits for; outlives the role, as its end is seen afterwards.
struct HandOver {
    RequestId request = 0;
    NodeId target;
    Time deadline{};
    std::uint64_t after_round = 0;  ///< The target must answer something sent later than this.
    bool fired = false;             ///< TimeoutNow has gone out.
    bool if_others_suffice = false;
    bool operator==(const HandOver&) const = default;
};

/// A snapshot being received.
struct Incoming {
    SnapshotMeta meta;
    std::uint64_t checksum = 0;
    NodeId from;
    Term term;  ///< In which the newest piece came.
    std::uint64_t next_offset = 0;
    bool whole = false;  ///< The last piece is with the storage.
    Stamp stamp;         ///< Of the newest piece; it says nothing in any other term.
    bool operator==(const Incoming&) const = default;
};

/// A config that is on its way or in force, with its place in the log.
struct ConfigVersion {
    Index index;
    GroupConfig config;
    bool operator==(const ConfigVersion&) const = default;
};

struct ForcedRequest {
    RequestId request = 0;
    NodeId target;
    bool operator==(const ForcedRequest&) const = default;
};

/// A log on disk that no whole snapshot reaches: this member goes on as if it had none, but votes
/// by where it ended (HardState::let_go). It stays there until something takes its place.
enum class OldLog : std::uint8_t { none, on_disk, being_dropped };

/// Who is asked for what this member's disk has damaged (Log: owed).
struct Owing {
    Time ask_at = Time::min();
    std::set<NodeId> heard;                        ///< By whom it was spoken to, member or not.
    std::map<NodeId, std::vector<Index>> lacking;  ///< Who has said that it has not got them.
    bool operator==(const Owing&) const = default;
};

struct State {
    NodeId self;
    Random random;

    HardState hard;
    HardState stable_hard;
    bool hard_written = true;  ///< hard has been handed to the storage.
    Log log;
    Membership membership;
    std::vector<ConfigVersion> configs;  ///< The first is in force, the others are uncommitted.
    LogTime log_time{};

    RoleState role;
    NodeId leader;                         ///< Of this term, if known.
    Time election_at = never;              ///< Campaign then, if a voter.
    Time heard_at = Time::min();           ///< A leader was heard, or this member was restarted.
    std::optional<SnapshotMeta> snapshot;  ///< The newest own snapshot.
    std::optional<Incoming> incoming;
    std::optional<HandOver> hand_over;
    std::vector<ForcedRequest> forced;  ///< Answered when on disk.
    Owing owing;
    OldLog old_log = OldLog::none;
    Index hooks_done;
    /// By a candidate's list this member has a vote, by its own it has none, and its log refuses
    /// the candidate: nobody may win without it. Until it hears a leader it stands itself.
    bool is_needed = false;

    const GroupConfig& config() const { return configs.front().config; }
    /// No vote is given before, its own neither: leases rest on it (thesis §6.4.1). It counts by
    /// the longest election timeout that it knows of now, also for what was heard before it knew.
    Time refuses_votes_until() const {
        if (heard_at == Time::min()) return heard_at;
        Duration longest{};
        for (const ConfigVersion& version : configs) {
            longest = std::max(longest, Duration(version.config.election_timeout));
        }
        return heard_at + longest;
    }
    const Members& members() const { return membership.current(); }
    LogPlace log_end() const { return {log.last_term(), log.last()}; }
    /// The entry that brought a list, or, if that is compacted, the last one that is: a list that
    /// is still held had not been replaced there.
    LogPlace entry_of_list(Index index) const {
        const Index at = std::max(index, log.first() - 1);
        return {*log.term_at(at), at};
    }
    LogPlace settled_list() const { return entry_of_list(membership.committed_index()); }
    /// Others must give it what its own disk has damaged.
    bool owes() const { return log.owes() || old_log != OldLog::none; }
    bool is_voter() const { return members().is_voter(self); }
    /// No heartbeats go between it and the others, as all have agreed (quiescence.cpp).
    bool is_quiescent() const {
        if (const auto* leads = std::get_if<Leader>(&role)) return leads->is_silent();
        const auto* follows = std::get_if<Follower>(&role);
        return follows != nullptr && follows->quiescent;
    }
    bool operator==(const State&) const = default;
};

/// One step in progress.
struct Turn {
    Time now;
    State& state;
    Effects& effects;

    Leader* leader() const { return std::get_if<Leader>(&state.role); }
    /// A promise: goes out once everything said before is on disk.
    void promise(NodeId to, Body body) const;
    void promise(NodeId to, Term term, Body body) const;
    /// A sitting leader's request: may overtake its own write.
    void request(NodeId to, Body body) const;
    void answer(RequestId request) const;
    void refuse(RequestId request, ErrorCode why) const;
};

}  // namespace rafted::core

// New entries at the leader, within the limits, and what an entry means the moment it is appended.
#include <algorithm>

#include "core/check.hpp"
#include "core/codec.hpp"
#include "core/rules.hpp"

namespace rafted::core::proposals {
namespace {

/// What goes around the user's command (its id) does not count against the user's limit.
constexpr std::uint64_t envelope_allowance = 64;

bool is_full(const State& state) {
    const GroupConfig& config = state.config();
    const Log& log = state.log;
    return log.bytes_between(log.committed(), log.last()) >= config.max_uncommitted_bytes ||
           log.bytes() >= config.max_log_bytes;
}

}  // namespace

void on_propose(Turn& turn, const Propose& input) {
    State& state = turn.state;
    if (turn.leader() == nullptr) return turn.refuse(input.request, ErrorCode::not_leader);
    if (input.payload.size() > state.config().max_command_bytes + envelope_allowance) {
        return turn.refuse(input.request, ErrorCode::too_large);
    }
    if (state.hand_over || is_full(state)) return turn.refuse(input.request, ErrorCode::busy);
    state.log_time = std::max(state.log_time, input.wall_time);
    const Index index = append(turn, input.kind, input.payload);
    turn.effects.accepted.push_back({input.request, index, state.hard.term});
}

Index append(Turn& turn, EntryKind kind, BytesView payload) {
    State& state = turn.state;
    const Index index = state.log.last() + 1;
    Entry entry = Entry::make({state.hard.term, index, kind, state.log_time}, payload);
    state.log.append(entry);
    note(turn, entry);
    return index;
}

void note(Turn& turn, const Entry& entry) {
    State& state = turn.state;
    if (!entry.is_whole()) return;
    state.log_time = std::max(state.log_time, entry.time());
    switch (entry.kind()) {
        case EntryKind::founding: {
            const auto founding = decode_founding(entry.payload());
            CHECK(founding, "a founding entry with a right checksum cannot be read");
            state.membership.append(entry.index(), founding->members);
            state.configs = {{entry.index(), founding->config}};
            changes::follow_members(turn);
            break;
        }
        case EntryKind::elected:
        case EntryKind::members: {
            auto members = decode_members(entry.payload());
            CHECK(members, "a member list with a right checksum cannot be read");
            state.membership.append(entry.index(), std::move(*members));
            changes::follow_members(turn);
            break;
        }
        case EntryKind::config: {
            auto config = decode_config(entry.payload());
            CHECK(config, "a config with a right checksum cannot be read");
            state.configs.push_back({entry.index(), std::move(*config)});
            break;
        }
        case EntryKind::command:
        case EntryKind::open_session: break;
    }
}

void note_all(Turn& turn, GroupConfig config) {
    State& state = turn.state;
    const auto& snapshot = state.snapshot;
    const Index base = snapshot ? snapshot->index : Index();
    Members members = snapshot ? snapshot->members : Members();
    state.membership = Membership(base, std::move(members), state.hard.forced_out);
    state.configs = {{base, snapshot ? snapshot->config : std::move(config)}};
    for (Index i = base + 1; i <= state.log.last(); ++i) note(turn, state.log.at(i));
}

}  // namespace rafted::core::proposals

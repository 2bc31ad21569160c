#include "explore/digest.hpp"

#include <algorithm>
#include <numeric>

#include "core/checksum.hpp"
#include "core/codec.hpp"

namespace rafted::explore {
namespace {

using core::Entry;
using core::EntryKind;
using core::Members;
using core::Progress;

/// Writes what counts of a node or a message, under other names.
class Print {
public:
    explicit Print(const View& view) : view_(view) { out_.reserve(1024); }

    Digest digest() const {
        return {core::checksum(out_.view(), 1), core::checksum(out_.view(), 2)};
    }

    void put(std::uint64_t value) { out_.number(value); }
    void put(Index index) { put(index.value); }
    void put(Term term) { put(term.value); }
    void put(NodeId id) { put(std::uint64_t{view_.names[id.value]}); }
    void put_round(std::uint64_t round) { put(view_.rounds ? round : std::uint64_t{round > 0}); }
    template <class T>
    void put(const std::optional<T>& value) {
        put(std::uint64_t{value.has_value()});
        if (value) put(*value);
    }

    void put(const Members& members);
    void put(const Entry& entry);
    void put(const std::vector<Entry>& entries);
    void put(const core::SnapshotMeta& meta);
    void put(const core::HardState& hard);
    void put(const core::Message& message);
    void put(const Progress& progress);
    void put(const core::RoleState& role);
    void put(const core::State& state);
    void put(const Disk& disk);
    void put(const Write& write);
    void put(const Node& node);

private:
    void put(const core::AppendRequest& body);
    void put(const core::AppendReply& body);
    void put(const core::VoteRequest& body);
    void put(const core::VoteReply& body);
    void put(const core::SnapshotPiece& body);
    void put(const core::SnapshotReply& body);
    void put(const core::TimeoutNow&) {}
    void put(const core::RemovedNotice& body) {
        put(body.list.term);
        put(body.list.index);
    }
    void put(const core::MovedNotice& body) { put(body.member); }
    // Disks are not damaged here: nobody says either.
    void put(const core::OwedRequest& body) { put(body.places.size()); }
    void put(const core::OwedReply& body) { put(body.entries); }
    void put(const core::QuiesceRequest& body) {
        put(body.end.term);
        put(body.end.index);
        put_round(body.stamp.round);
    }
    void put(const core::QuiesceReply& body) { put_round(body.stamp.round); }
    void put(const core::Log& log);
    void put(const core::Membership& membership);
    void put(const core::Leader& leader);
    void put_votes(const core::Votes& votes);

    const View& view_;
    Writer out_;
};

void Print::put(const Members& members) {
    std::array<std::uint64_t, 8> standings{};
    for (const core::Peer& peer : members.all()) {
        standings[view_.names[peer.id.value]] = 1 + static_cast<std::uint64_t>(peer.standing);
    }
    for (const std::uint64_t standing : standings) put(standing);
}

void Print::put(const Entry& entry) {
    put(entry.term());
    put(entry.index());
    put(static_cast<std::uint64_t>(entry.kind()));
    if (entry.kind() == EntryKind::founding) return;
    if (const auto members = core::decode_members(entry.payload());
        members && entry.kind() != EntryKind::command) {
        put(*members);
    } else {
        put(entry.checksum());
    }
}

void Print::put(const std::vector<Entry>& entries) {
    put(entries.size());
    for (const Entry& entry : entries) put(entry);
}

void Print::put(const core::SnapshotMeta& meta) {
    put(meta.index);
    put(meta.term);
    put(meta.members);
}

void Print::put(const core::HardState& hard) {
    put(hard.term);
    put(hard.vote);
    put(hard.forced_out.size());
    put(hard.let_go.term);
    put(hard.let_go.index);
}

void Print::put(const core::AppendRequest& body) {
    put(body.prev_index);
    put(body.prev_term);
    put(body.commit);
    put_round(body.stamp.round);
    put(body.entries);
}
void Print::put(const core::AppendReply& body) {
    put(std::uint64_t{body.accepted});
    put(body.index);
    put(body.index_term);
    put(body.refused_prev);
    put_round(body.stamp.round);
}
void Print::put(const core::VoteRequest& body) {
    put(body.last_index);
    put(body.last_term);
    put(std::uint64_t{body.pre} + 2 * std::uint64_t{body.handed_over});
}
void Print::put(const core::VoteReply& body) {
    put(std::uint64_t{body.granted} + 2 * std::uint64_t{body.pre});
}
void Print::put(const core::SnapshotPiece& body) {
    put(body.meta);
    put_round(body.stamp.round);
    out_.blob(body.data);
}
void Print::put(const core::SnapshotReply& body) {
    put(body.index);
    put(body.next_offset);
    put_round(body.stamp.round);
}

void Print::put(const core::Message& message) {
    put(message.from);
    put(message.to);
    put(message.term);
    put(message.body.index());
    std::visit([this](const auto& body) { put(body); }, message.body);
}

void Print::put(const Progress& progress) {
    put(static_cast<std::uint64_t>(progress.mode));
    put(progress.match);
    put(progress.next);
    put(std::uint64_t{progress.waits} + 2 * std::uint64_t{progress.answered} +
        4 * std::uint64_t{progress.caught_up});
    put(progress.snapshot);
    put(progress.catch_up_target);
    if (!view_.rounds) return;
    put(progress.acked.round);
    put(progress.since_round);
    put(progress.piece.round);
    put(progress.offset);
}

void Print::put_votes(const core::Votes& votes) {
    std::array<std::uint64_t, 8> said{};
    for (const auto& [id, yes] : votes) said[view_.names[id.value]] = yes ? 2 : 1;
    for (const std::uint64_t vote : said) put(vote);
}

void Print::put(const core::Leader& leader) {
    std::array<const Progress*, 8> progresses{};
    for (const auto& [id, progress] : leader.followers) {
        progresses[view_.names[id.value]] = &progress;
    }
    for (const Progress* progress : progresses) {
        put(std::uint64_t{progress != nullptr});
        if (progress != nullptr) put(*progress);
    }
    put(std::uint64_t{leader.quiescence.has_value()} + std::uint64_t{leader.is_silent()});
    put(leader.term_start);
    if (view_.rounds) put(leader.round);
}

void Print::put(const core::RoleState& role) {
    put(role.index());
    if (const auto* follower = std::get_if<core::Follower>(&role)) {
        put(std::uint64_t{follower->quiescent});
    }
    if (const auto* pre = std::get_if<core::PreCandidate>(&role)) put_votes(pre->votes);
    if (const auto* candidate = std::get_if<core::Candidate>(&role)) {
        put_votes(candidate->votes);
        put(std::uint64_t{candidate->handed_over});
    }
    if (const auto* leader = std::get_if<core::Leader>(&role)) put(*leader);
}

void Print::put(const core::Log& log) {
    for (const Index index :
         {log.first(), log.snapshot(), log.applied(), log.committed(), log.stable(), log.last()}) {
        put(index);
    }
    put(*log.term_at(log.first() - 1));
    for (Index i = log.first(); i <= log.last(); ++i) put(log.at(i));
}

void Print::put(const core::Membership& membership) {
    put(membership.current_index());
    put(membership.committed_index());
    put(membership.current());
    put(membership.committed());
}

void Print::put(const core::State& state) {
    put(state.hard);
    put(state.stable_hard);
    put(std::uint64_t{state.hard_written});
    put(state.log);
    put(state.membership);
    put(state.role);
    put(state.leader);
    put(std::uint64_t{state.election_at == core::never});
    put(std::uint64_t{state.is_needed});
    put(state.snapshot);
    put(std::uint64_t{state.incoming.has_value()});
    if (const auto& incoming = state.incoming) {
        put(incoming->meta);
        put(incoming->checksum);
        put(incoming->from);
        put(incoming->term);
        put(incoming->next_offset);
        put(std::uint64_t{incoming->whole});
        put_round(incoming->stamp.round);
    }
    put(std::uint64_t{state.hand_over.has_value()});
    if (const auto& hand_over = state.hand_over) {
        put(hand_over->target);
        put(hand_over->after_round);
        put(std::uint64_t{hand_over->fired});
    }
}

void Print::put(const Disk& disk) {
    put(disk.hard);
    put(disk.entries);
    put(disk.snapshot);
    put(disk.snapshot_value);
}

void Print::put(const Write& write) {
    const core::Effects& effects = write.effects;
    put(std::uint64_t{write.held});
    put(effects.hard_state);
    put(effects.truncate_from);
    put(effects.append);
    put(effects.snapshot_to_save.size());
    for (const auto& piece : effects.snapshot_to_save) put(piece);
    put(std::uint64_t{effects.when_durable.has_value()});
    if (const auto& persisted = effects.when_durable) {
        put(persisted->hard_state);
        put(persisted->last);
        put(persisted->last_term);
        put(persisted->snapshot);
    }
    put(effects.send_after_write.size());
    Digest messages;
    // Sent at once, in no order: under other names the core would list them in another.
    for (const auto& message : effects.send_after_write) messages += digest_of(message, view_);
    put(messages.low);
    put(messages.high);
    put(effects.compact_below);
}

void Print::put(const Node& node) {
    put(node.id);
    put(std::uint64_t{node.member != nullptr});
    if (node.member == nullptr) return;
    put(node.member->state());
    put(std::uint64_t{node.clock < node.member->state().refuses_votes_until()});
    put(node.value);
    put(node.disk);
    put(node.writes.size());
    for (const Write& write : node.writes) put(write);
}

}  // namespace

std::vector<Names> all_names(std::uint8_t members) {
    std::vector<std::uint8_t> order(members);
    std::iota(order.begin(), order.end(), std::uint8_t{1});
    std::vector<Names> all;
    do {
        Names names;
        std::iota(names.begin(), names.end(), std::uint8_t{0});
        std::ranges::copy(order, names.begin() + 1);
        all.push_back(names);
    } while (std::ranges::next_permutation(order).found);
    return all;
}

Digest digest_of(const Node& node, const View& view) {
    Print print(view);
    print.put(node);
    return print.digest();
}

Digest digest_of(const core::Message& message, const View& view) {
    Print print(view);
    print.put(message);
    return print.digest();
}

Digest digest_of(std::uint64_t kind, std::uint64_t first, std::uint64_t second) {
    const std::array<std::uint64_t, 3> numbers{kind, first, second};
    const auto bytes = std::as_bytes(std::span(numbers));
    return {core::checksum(bytes, 1), core::checksum(bytes, 2)};
}

}  // namespace rafted::explore

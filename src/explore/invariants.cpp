// What must hold of all nodes together (docs/safety.md, 1 and 4 to 9). What one node alone can
// break is seen in node.cpp.
#include <algorithm>
#include <bit>

#include "core/quorum.hpp"
#include "explore/world.hpp"

namespace rafted::explore {
namespace {

std::string name(std::size_t node) { return "n" + std::to_string(node + 1); }

/// §5.3: where two logs agree in index and term, they hold the same, and the same before it.
bool match(const Sight::Entries& one, const Sight::Entries& other) {
    bool agree = false;
    for (std::uint64_t i = std::min(one.last(), other.last()); i > 0; --i) {
        const auto* mine = one.at(i);
        const auto* theirs = other.at(i);
        if (mine == nullptr || theirs == nullptr) return true;
        agree = agree || mine->term == theirs->term;
        if (agree && *mine != *theirs) return false;
    }
    return true;
}

bool stores(const Sight& sight, std::uint64_t index, std::uint64_t term) {
    const auto* place = sight.disk.at(index);
    return sight.disk_snapshot.value >= index || (place != nullptr && place->term == term);
}

}  // namespace

std::string Rules::check(World& world, std::size_t node, const Sight& before) {
    const Sight& now = memory_.node(world.nodes[node]).sight;
    const bool led = before.role == Role::leader && before.term == now.term;
    if (now.role == Role::leader && !led) {
        if (auto text = check_election(world, node); !text.empty()) return text;
        if (now.term.value <= max_term) {
            world.leaders[now.term.value] = static_cast<std::uint8_t>(node + 1);
        }
    }
    if (auto text = check_matching(world, node, before); !text.empty()) return text;
    return check_commit(world, node, before);
}

std::string Rules::check_election(const World& world, std::size_t node) const {
    const Sight& now = memory_.node(world.nodes[node]).sight;
    if (now.term.value > max_term) return {};
    const std::size_t first = world.leaders[now.term.value];
    if (first != 0 && first != node + 1) {
        return "election safety: " + name(first - 1) + " and " + name(node) +
               " were both elected in term " + to_string(now.term);
    }
    if (auto text = check_votes(world, node); !text.empty()) return text;
    const auto& history = histories_[world.history];
    for (std::uint64_t i = now.log.base + 1; i <= history.size(); ++i) {
        const Committed& committed = history[i - 1];
        const auto* place = now.log.at(i);
        if (committed.by_term >= now.term.value) continue;
        if (place != nullptr && place->term == committed.term) continue;
        return "leader completeness: " + name(node) + " leads term " + to_string(now.term) +
               " without entry " + std::to_string(i) + " of term " +
               std::to_string(committed.term) + ", which was committed in term " +
               std::to_string(committed.by_term);
    }
    return {};
}

/// §5.2: whoever is elected has votes of a majority. They are on the disks that gave them, unless
/// those have gone on to a later term.
std::string Rules::check_votes(const World& world, std::size_t node) const {
    const Sight& now = memory_.node(world.nodes[node]).sight;
    std::uint32_t may_have = 0;
    for (std::size_t other = 0; other < nodes_; ++other) {
        const Sight& theirs = memory_.node(world.nodes[other]).sight;
        const bool voted =
            theirs.durable_term == now.term && theirs.durable_vote == NodeId(node + 1);
        if (voted || theirs.durable_term > now.term) may_have |= 1U << (other + 1);
    }
    const auto votes = static_cast<std::size_t>(std::popcount(may_have & now.voters));
    if (votes >= core::majority(static_cast<std::size_t>(std::popcount(now.voters)))) return {};
    return "election safety: " + name(node) + " was elected in term " + to_string(now.term) +
           " without the votes of a majority";
}

std::string Rules::check_matching(const World& world, std::size_t node, const Sight& before) const {
    const Sight& now = memory_.node(world.nodes[node]).sight;
    if (now.log == before.log && now.disk == before.disk) return {};
    for (std::size_t other = 0; other < nodes_; ++other) {
        const Sight& theirs = memory_.node(world.nodes[other]).sight;
        const bool all = match(now.log, theirs.log) && match(now.log, theirs.disk) &&
                         match(now.disk, theirs.log) && match(now.disk, theirs.disk);
        if (!all) return "log matching: " + name(node) + " against " + name(other);
    }
    return {};
}

std::string Rules::check_commit_rule(const World& world, std::size_t node,
                                     const Sight& before) const {
    const Sight& now = memory_.node(world.nodes[node]).sight;
    const bool led = before.role == Role::leader;
    const std::string what =
        "commit rule: " + name(node) + " commits entry " + std::to_string(now.committed);
    if (!led && now.role != Role::leader) return what + " that no leader has committed";
    const std::uint64_t term = (led ? before.term : now.term).value;
    const auto* place = now.log.at(now.committed);
    const bool is_own =
        now.disk_snapshot.value >= now.committed || (place != nullptr && place->term == term);
    if (!is_own) return what + " of another term by counting";
    // A step may commit and then change the list: one of the two lists is what was counted.
    for (const std::uint32_t voters : {before.voters, now.voters}) {
        std::uint32_t stored = 0;
        for (std::size_t other = 0; other < nodes_; ++other) {
            const Sight& theirs = memory_.node(world.nodes[other]).sight;
            if (stores(theirs, now.committed, term)) stored |= 1U << (other + 1);
        }
        const auto count = static_cast<std::size_t>(std::popcount(stored & voters));
        const auto all = static_cast<std::size_t>(std::popcount(voters));
        if (all > 0 && count >= core::majority(all)) return {};
    }
    return what + ", which is not durable on a majority";
}

/// What a leader has committed is remembered, as its own log has it.
void Rules::extend_history(World& world, std::size_t node, Term by_term) {
    const core::Log& log = memory_.node(world.nodes[node]).node.member->state().log;
    std::vector<Committed> history = histories_[world.history];
    for (Index i = Index(history.size() + 1); i <= log.committed(); ++i) {
        // A leader's log always reaches back to what it is the first to commit.
        if (i < log.first()) return;
        const std::uint64_t value = history.empty() ? 0 : history.back().value;
        history.push_back({log.at(i).term().value, by_term.value, value_after(value, log.at(i))});
    }
    world.history = number_of(std::move(history));
}

std::string Rules::check_commit(World& world, std::size_t node, const Sight& before) {
    const Sight& now = memory_.node(world.nodes[node]).sight;
    const std::vector<Committed> known = histories_[world.history];
    for (std::uint64_t i = now.log.base + 1; i <= std::min(now.committed, known.size()); ++i) {
        if (now.log.at(i)->term == known[i - 1].term) continue;
        return "committed is immutable: " + name(node) + " holds entry " + std::to_string(i) +
               " of term " + std::to_string(now.log.at(i)->term) + " as committed, where term " +
               std::to_string(known[i - 1].term) + " was";
    }
    if (now.committed > known.size()) {
        if (auto text = check_commit_rule(world, node, before); !text.empty()) return text;
        extend_history(world, node, (before.role == Role::leader ? before : now).term);
    }
    if (now.committed == 0) return {};
    const std::vector<Committed>& all = histories_[world.history];
    if (all.size() < now.committed || all[now.committed - 1].value != now.value) {
        return "state machine safety: " + name(node) + " differs from others at entry " +
               std::to_string(now.committed);
    }
    return {};
}

}  // namespace rafted::explore

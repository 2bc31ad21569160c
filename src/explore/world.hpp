// The explored world as a few numbers: its nodes, the messages on their way, what has been spent,
// and what must never be forgotten: who led each term, what was committed, and in which term.
// Also the rules that must hold of all nodes together, checked after every action.
//   1. Messages are a bag: each may arrive next, late, never, or (if the budget allows) again.
//   2. An event that changes nothing is not an action: the world in which that message is still on
//      its way can do all that the world without it can.
#pragma once

#include <string>
#include <vector>

#include "explore/memory.hpp"

namespace rafted::explore {

/// Committed at its index: the term of the entry, the term of the leader that committed it first,
/// and the value of everything up to it.
struct Committed {
    std::uint64_t term = 0;
    std::uint64_t by_term = 0;
    std::uint64_t value = 0;
    bool operator==(const Committed&) const = default;
};

inline constexpr std::size_t max_nodes = 6;
inline constexpr std::size_t max_term = 15;

struct World {
    std::array<NodeNumber, max_nodes> nodes{};  ///< Node i has id i + 1; the last is a newcomer.
    std::array<std::uint8_t, budget_count> spent{};
    std::array<std::uint8_t, max_term + 1> leaders{};  ///< By term: the id that led it, or 0.
    std::uint32_t history = 0;                         ///< Number of the list of what is committed.
    std::vector<MessageNumber> messages;               ///< Sorted.
    bool operator==(const World&) const = default;
};

struct Action {
    Event::Kind kind = Event::Kind::deliver;
    std::uint8_t node = 0;  ///< Its place in World::nodes.
    bool late = false;
    bool hold = false;
    bool keep = false;  ///< deliver: a second copy stays on its way.
    std::uint8_t target = 0;
    MessageNumber message = 0;
};

class Rules {
public:
    Rules(const Bounds& bounds, Hands hands);

    World start();
    std::size_t nodes() const { return nodes_; }
    Memory& memory() { return memory_; }
    const Memory& memory() const { return memory_; }

    /// A world after an action, or what the action broke.
    struct Next {
        Action action;
        World world;
        std::string violation;
        bool beyond = false;  ///< Outside of the bounds: not looked at any further.
    };
    /// Everything that may happen next, in an order that is always the same.
    void all_next(const World& world, std::vector<Next>& out);
    /// That action again.
    Next take(const World& world, const Action& action);
    /// Equal for worlds that are alike but for the names of their nodes.
    Digest digest(const World& world) const;
    const std::vector<Committed>& history(const World& world) const {
        return histories_[world.history];
    }
    std::size_t bytes() const { return memory_.bytes() + histories_.size() * 256; }

private:
    bool has(const World& world, Budget budget) const;
    void deliveries(const World& world, std::vector<Next>& out);
    void others(const World& world, std::size_t node, std::vector<Next>& out);
    void targeted(const World& world, std::size_t node, std::vector<Next>& out);
    void add(const World& world, const Action& action, std::vector<Next>& out);
    /// Whether anything changed. Tells if the event made a write that could take time.
    bool apply(const World& world, Next& next, bool& wrote);
    bool is_dead(const World& world, MessageNumber message) const;
    bool is_beyond(const Sight& sight) const;
    static void spend(World& world, const Action& action);
    void send(World& world, const std::vector<MessageNumber>& messages) const;
    void forget_dead(World& world, std::size_t node) const;
    std::string check(World& world, std::size_t node, const Sight& before);
    std::string check_election(const World& world, std::size_t node) const;
    std::string check_commit(World& world, std::size_t node, const Sight& before);
    void extend_history(World& world, std::size_t node, Term by_term);
    std::uint32_t number_of(std::vector<Committed> history);
    std::string check_commit_rule(const World& world, std::size_t node, const Sight& before) const;
    std::string check_votes(const World& world, std::size_t node) const;
    std::string check_matching(const World& world, std::size_t node, const Sight& before) const;

    Bounds bounds_;
    std::size_t nodes_;
    Memory memory_;
    std::vector<std::vector<Committed>> histories_;
    std::vector<Digest> history_digests_;
    Table history_numbers_;
    /// For each view, by term and id: that this node led that term.
    std::vector<std::array<std::array<Digest, 8>, max_term + 1>> leader_digests_;
};

}  // namespace rafted::explore

// A group told by hand: an onlooker with all checkers, and words for what a few nodes do. A story
// is written as calls; what the checkers say of it is in wrong(). It runs no member: whatever a
// test tells is what has happened, be it legal or not.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "sim/onlooker.hpp"

#define EXPECT_QUIET(stand) EXPECT_TRUE((stand).wrong().empty()) << (stand).said()
#define EXPECT_FOUND(stand, name) EXPECT_TRUE((stand).wrong().contains(name)) << (stand).said()

namespace rafted::test {

class ChecksStand {
public:
    /// Nodes 1 to `nodes`, all voters of the founding entry at index 1, all started.
    explicit ChecksStand(unsigned nodes = 3);

    sim::Onlooker& onlooker() { return onlooker_; }
    /// The names of the checkers that have found something wrong.
    const std::set<std::string>& wrong() const { return wrong_; }
    /// All that they have said, for the message of a failing test.
    std::string said() const;
    void pass(core::Duration time) { now_ += time; }

    const sim::NodeImage& node(unsigned n) const { return onlooker_.images().at(NodeId(n)); }
    /// A report that changes nothing, to be changed and told.
    sim::StepReport at(unsigned n) const;
    void tell(const sim::StepReport& report) { onlooker_.stepped(report); }

    void start(unsigned n, const std::vector<sim::EntryMark>& entries, core::HardState hard = {});
    /// As it is on its disk.
    void restart(unsigned n);
    void crash(unsigned n) { onlooker_.crashed(NodeId(n)); }

    /// Goes to a term and votes in it (none: 0), in memory and on disk.
    void vote(unsigned n, unsigned term, unsigned candidate);
    /// Leads with its first entry appended; votes are for the caller to tell.
    void lead(unsigned n, unsigned term);
    /// Votes of these, then lead().
    void elect(unsigned n, unsigned term, const std::vector<unsigned>& voters);
    /// Appends an entry of the leader's term. Returns its index.
    Index append(unsigned n, core::EntryKind kind = core::EntryKind::command);
    /// A new list, by its leader.
    Index change(unsigned n, const core::Members& members);
    /// The disk becomes as the memory is.
    void sync(unsigned n);
    /// The log of `to` becomes as that of `from`; and its disk, too.
    void copy(unsigned from, unsigned to);
    void commit(unsigned n, Index upto);
    void apply(unsigned n, Index index, std::uint64_t operation);
    void send(unsigned from, unsigned to, Term term, core::Body body);

    std::uint64_t call(sim::CallKind kind = sim::CallKind::command);
    void reply(std::uint64_t operation, sim::Outcome outcome);

    static core::Members members(const std::vector<unsigned>& voters,
                                 const std::vector<unsigned>& learners = {});
    /// Equal for equal arguments; `content` tells entries of one place apart.
    static sim::EntryMark mark(Index index, Term term, std::uint64_t content = 0,
                               core::EntryKind kind = core::EntryKind::command);
    /// What the value answers to an operation.
    static std::uint64_t result_of(std::uint64_t operation) { return operation * 31 + 7; }

private:
    core::Time now_{};
    std::set<std::string> wrong_;
    std::vector<std::string> texts_;
    sim::Onlooker onlooker_;
    core::Members members_;
    std::uint64_t operations_ = 0;
};

/// Node 1 leads in term 1; its first entry, at index 2, stands on all three and is committed.
struct Led : ChecksStand {
    Led() {
        elect(1, 1, {1, 2});
        copy(1, 2);
        copy(1, 3);
        commit(1, Index(2));
    }
};

inline sim::EntryMark founding() {
    return ChecksStand::mark(Index(1), Term(), 0, core::EntryKind::founding);
}

}  // namespace rafted::test

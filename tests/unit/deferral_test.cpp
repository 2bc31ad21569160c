// core/deferral.cpp: what may wait for a member's next input changes nothing by itself, whatever
// came before; and what somebody waits for may not.
#include <gtest/gtest.h>

#include "support/core_cluster.hpp"
#include "support/member_stand.hpp"

namespace rafted::test {
namespace {

using core::AppendReply;
using core::Input;
using core::Persisted;
using core::Received;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// A leader of three with one entry that nobody has acknowledged, its own disk included.
struct OneOpen {
    OneOpen() {
        stand.win();
        stand.acknowledge(b);
        stand.acknowledge(c);
        stand.propose("settles the windows");
        stand.acknowledge(b);
        stand.acknowledge(c);
        stand.hold_disk();
        stand.propose("open");
        last = stand.log().last();
    }
    Input persisted() const {
        return Persisted{stand.state().hard, last, stand.member().term(), {}, {}, false};
    }
    Input reply(NodeId from) const {
        const core::Stamp stamp{stand.leader().round, stand.now()};
        return Received{core::Message{from, a, stand.member().term(),
                                      AppendReply{true, last, Term(), Index(), stamp}}};
    }
    MemberStand stand;
    Index last;
};

TEST(Deferral, OfALeaderAllButWhatCompletesAMajorityMayWait) {
    OneOpen open;
    EXPECT_TRUE(open.stand.member().can_wait(open.persisted()));
    EXPECT_TRUE(open.stand.member().can_wait(open.reply(b)));
    open.stand.give(open.reply(b));
    EXPECT_LT(open.stand.log().committed(), open.last);
    EXPECT_FALSE(open.stand.member().can_wait(open.persisted())) << "it commits";
    EXPECT_FALSE(open.stand.member().can_wait(open.reply(c))) << "so does this";
    open.stand.release_disk();
    EXPECT_EQ(open.stand.log().committed(), open.last);
    EXPECT_TRUE(open.stand.member().can_wait(open.reply(c)));
}

TEST(Deferral, NothingWaitsThatARequestWaitsFor) {
    OneOpen open;
    open.stand.read();
    EXPECT_FALSE(open.stand.member().can_wait(open.reply(b))) << "a read waits for its round";
    OneOpen moving;
    const auto transfer = core::TransferLead{9, b};
    moving.stand.give(transfer);
    EXPECT_FALSE(moving.stand.member().can_wait(moving.reply(b)));
}

TEST(Deferral, OfAFollowerOnlyTheEndOfItsLogMayWait) {
    MemberStand stand;
    stand.hold_disk();
    stand.receive(b, Term(1), append_after(Index(1), Term(), commands(Index(2), Term(1), 1)));
    Persisted persisted{stand.state().hard, Index(2), Term(1), {}, {}, false};
    EXPECT_FALSE(stand.member().can_wait(persisted)) << "its term was not on disk before";
    stand.release_disk();
    EXPECT_TRUE(stand.member().can_wait(persisted));
    persisted.repaired = {Index(2)};
    EXPECT_FALSE(stand.member().can_wait(persisted));
    EXPECT_FALSE(stand.member().can_wait(core::TimePassed{}));
    EXPECT_FALSE(stand.member().can_wait(core::Propose{}));
}

/// Commands, reads, changes, crashes and hand-overs by chance.
void disturb(CoreCluster& world) {
    const std::vector<NodeId> all = {a, b, c, d};
    const NodeId at = all[world.random().one_to(all.size()) - 1];
    const NodeId leader = world.leader();
    switch (world.random().one_to(100)) {
        case 1: world.transfer(leader ? leader : a, at); break;
        case 2:
            if (world.nodes().contains(at) && world.is_up(at)) {
                world.crash(at);
                world.restart(at);
            }
            break;
        case 3: world.save_snapshot(leader ? leader : a); break;
        case 4:
        case 5: world.read(leader ? leader : a); break;
        default: world.propose(leader ? leader : a, "command"); break;
    }
}

TEST(Deferral, WhatMayWaitChangesNothing) {
    std::uint64_t could_wait = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        CoreCluster world({.seed = seed});
        world.on_step = [&](const StepSeen& seen) {
            if (!seen.before.can_wait(seen.input)) return;
            ++could_wait;
            core::Member without = seen.before;
            core::Effects by_itself = without.step(seen.now, std::span<const Input>());
            by_itself.wake_at = seen.effects.wake_at;
            EXPECT_TRUE(by_itself == seen.effects) << "seed " << seed;
        };
        world.set_network({true, milliseconds(1), milliseconds(30), 50, 50});
        world.found({a, b, c, d});
        for (int i = 0; i < 200; ++i) {
            world.run_for(milliseconds(20));
            disturb(world);
        }
        EXPECT_EQ(world.history().violations(), std::vector<std::string>());
    }
    EXPECT_GT(could_wait, 5000U);
}

}  // namespace
}  // namespace rafted::test

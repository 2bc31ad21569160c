// Whole groups of hosts over virtual time: what takes time, restarts, and what is bounded. Numbers
// B<n> are the behaviours of the reference that are kept.
#include <gtest/gtest.h>

#include <map>
#include <tuple>

#include "disk/disk_storage.hpp"
#include "support/plain_world.hpp"
#include "value/envelope.hpp"

namespace rafted::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Host, B20_AMinorityMayFailAndOneMoreMayNot) {
    for (const unsigned members : {3U, 4U, 5U, 6U, 7U}) {
        SCOPED_TRACE(members);
        PlainWorld world({.seed = 40 + members}, members, leased_config());
        const NodeId leader = world.leader();
        auto followers = world.followers();
        for (unsigned dead = 0; dead < (members - 1) / 2; ++dead) {
            world.crash(followers.back());
            followers.pop_back();
            ASSERT_TRUE(world.add(1));
        }
        ASSERT_EQ(world.leader(), leader);
        const auto total = static_cast<std::int64_t>((members - 1) / 2);
        world.crash(followers.back());
        const auto dead_at = world.now();
        EXPECT_EQ(world.sum(milliseconds(100)), total) << "the lease still holds";
        EXPECT_FALSE(world.add(1, milliseconds(200)));
        EXPECT_TRUE(world.run_until([&] { return world.leader() == NodeId(); }, seconds(5)));
        EXPECT_LE(world.now() - dead_at, 2 * leased_config().election_timeout + milliseconds(60));
        const auto stale =
            world.ask(leader, {RequestKind::query_stale, "tally", seconds(1), encode(Sum{})});
        EXPECT_TRUE(stale) << "B17: stale queries need no majority";
    }
}

/// Of two voters one moves, is heard, and cannot be answered; then the other moves.
class TwoMove : public PlainWorld {
public:
    explicit TwoMove(std::uint64_t seed) : PlainWorld({.seed = seed}, 2, quick_config()) {
        EXPECT_TRUE(add(1));
        move(first);
        cut_one_way(second, first);
        run_for(seconds(3));
        EXPECT_EQ(leader(), NodeId());
        EXPECT_EQ(node(second).address_of(first), address(first));
    }
    void move(NodeId id) {
        crash(id);
        restart(id, true);
        run_for(milliseconds(10));
        // A client that knows the places of now.
        tally.emplace(caller("tally"));
    }
    const NodeId first{1};
    const NodeId second{2};
};

TEST(Host, WhereAMemberHasGoneOutlivesARestart) {
    TwoMove world(71);
    world.move(world.second);
    EXPECT_EQ(world.node(world.second).address_of(world.first), world.address(world.first));
    world.heal();
    ASSERT_TRUE(world.run_until([&] { return world.leader() != NodeId(); }, seconds(5)))
        << "each knows only where the other was";
    EXPECT_EQ(world.sum(), 1);
    EXPECT_TRUE(world.run_until(
        [&] {
            const auto members = world.status(world.leader()).members;
            return std::ranges::all_of(members, [&](const MemberInfo& member) {
                return member.address == world.address(member.node);
            });
        },
        seconds(5)))
        << "the list is set right once somebody leads";
}

TEST(Host, WhoStartsElsewhereSaysSoAtOnce) {
    GroupConfig config = quick_config();
    config.election_timeout = seconds(30);
    PlainWorld world({.seed = 73}, 3, config);
    const NodeId leader = world.leader();
    const NodeId moved = world.followers().front();
    world.crash(moved);
    world.restart(moved, true);
    world.run_for(seconds(2));
    ASSERT_EQ(world.leader(), leader);
    const auto members = world.status(leader).members;
    const auto at = std::ranges::find(members, moved, &MemberInfo::node);
    ASSERT_NE(at, members.end());
    EXPECT_EQ(at->address, world.address(moved)) << "long before it would ask for votes";
}

TEST(Host, AListThatSaysSomethingNewOutdoesWhatWasHeardBefore) {
    TwoMove world(72);
    world.heal();
    ASSERT_TRUE(world.run_until([&] { return world.leader() != NodeId(); }, seconds(5)));
    ASSERT_TRUE(world.add(2));
    world.run_for(seconds(1));
    world.move(world.first);
    world.run_for(seconds(5));
    world.move(world.second);
    world.run_for(seconds(5));
    ASSERT_TRUE(world.leader());
    EXPECT_EQ(world.node(world.second).address_of(world.first), world.address(world.first));
    EXPECT_EQ(world.node(world.first).address_of(world.second), world.address(world.second));
    EXPECT_EQ(world.sum(), 3);
}

TEST(Host, WhoHasAGroupOnItsDiskDoesNotJoinItAnew) {
    PlainWorld world({.seed = 74}, 3, quick_config());
    const NodeId id = world.followers().front();
    const GroupId group = world.status(id).group_id;
    const auto join = [&] {
        const host::OpenGroup what{"tally", [] { return std::make_unique<Typed<Tally>>(); },
                                   quick_config(), group};
        std::optional<Result<void>> done;
        world.node(id).host().join_group(what, [&](const Result<void>& result) { done = result; });
        world.run_until([&] { return done.has_value(); }, seconds(5));
        return done ? done->error().code : ErrorCode::timeout;
    };
    EXPECT_EQ(join(), ErrorCode::already_member) << "open";
    world.crash(id);
    world.restart_without(id, "tally");
    EXPECT_EQ(join(), ErrorCode::already_member) << "what it has voted for would be forgotten";
}

TEST(Host, WhoWasRemovedBeforeAForcedRecoveryVotesForNothingOfBefore) {
    PlainWorld world({.seed = 75}, 3, quick_config());
    const NodeId alone = world.leader();
    const auto others = world.followers();
    const NodeId removed = others.front();
    world.remove(removed, "tally");
    ASSERT_TRUE(world.run_until([&] { return world.status(removed).role == Role::removed; }));
    for (const NodeId id : {others.back(), alone}) world.crash(id);
    world.recover(alone, "tally");
    ASSERT_TRUE(world.add(1));
    const Term goes_on_in = world.status(alone).current_term;
    world.join(removed, "tally", [] { return std::make_unique<Typed<Tally>>(); });
    world.crash(removed);
    disk::DiskOptions by_hand;
    by_hand.own_thread = false;
    const auto storage = disk::open_disk_storage(world.files(removed), "node", by_hand);
    ASSERT_TRUE(storage);
    const auto found = (*storage)->recover();
    ASSERT_TRUE(found);
    ASSERT_FALSE(found->groups.empty());
    // The lists of before, by which it has a vote, all lie below that.
    EXPECT_GT(found->groups.back().hard_state.let_go, (core::LogPlace{goes_on_in, Index()}));
}

TEST(Host, B24_ARepairedGroupKeepsItsLeader) {
    PlainWorld world({.seed = 50}, 5, quick_config());
    ASSERT_TRUE(world.add(1));
    const std::vector<NodeId> dead{NodeId(1), NodeId(2), NodeId(3)};
    for (const NodeId id : dead) world.crash(id);
    for (const NodeId survivor : {NodeId(4), NodeId(5)}) {
        for (const NodeId id : dead) {
            const auto forgot =
                world.ask(survivor, {RequestKind::force_remove, "tally", seconds(2), encode(id)});
            ASSERT_TRUE(forgot) << to_string(forgot.error());
        }
    }
    const NodeId leader = world.wait_for_leader("tally");
    const Term term = world.status(leader).current_term;
    world.run_for(seconds(30));
    EXPECT_EQ(world.leader(), leader);
    EXPECT_EQ(world.status(leader).current_term, term);
    EXPECT_EQ(world.add(1), 2);
    EXPECT_EQ(world.status(leader).members.size(), 2u);
}

TEST(Host, B25_AConfigReachesAllMembersWithinTwoHeartbeats) {
    PlainWorld world({.seed = 51}, 5, quick_config());
    GroupConfig changed = quick_config();
    changed.max_retained_command_results = 77;
    std::optional<Result<Bytes>> answer;
    world.caller("tally")->call(RequestKind::set_config, encode(changed), {},
                                [&](Result<Bytes> result) { answer = std::move(result); });
    ASSERT_TRUE(world.run_until([&] { return answer.has_value(); }));
    ASSERT_TRUE(*answer);
    world.run_for(2 * quick_config().heartbeat_interval);
    for (const NodeId id : world.nodes()) EXPECT_EQ(world.status(id).config, changed);
}

TEST(Host, B27_ALeaseCountsFromTheSendingOfTheRequest) {
    HostClusterOptions options{.seed = 52};
    options.most_send = 40'000;
    GroupConfig config = quick_config();
    config.heartbeat_interval = milliseconds(20);
    config.election_timeout = milliseconds(150);
    config.clock_drift_margin = milliseconds(1);
    PlainWorld world(options, 3, config);
    ASSERT_TRUE(world.add(7));
    world.run_for(seconds(1));
    const NodeId leader = world.leader();
    for (const NodeId id : world.followers()) world.crash(id);
    // Answers under way may still come, so the last confirmed sending is this moment at best.
    ASSERT_TRUE(world.status(leader).lease_valid);
    world.run_for(milliseconds(149));
    EXPECT_FALSE(world.status(leader).lease_valid);
    const auto late = world.ask(leader, {RequestKind::query, "tally", seconds(2), encode(Sum{})});
    EXPECT_FALSE(late);
}

TEST(Host, B28_ASoleLeadersQueryAddsNoEntryAndNeedsNobody) {
    PlainWorld world({.seed = 53}, 1, quick_config());
    ASSERT_TRUE(world.add(1));
    const Status before = world.status(NodeId(1));
    const auto carried = world.carried();
    for (int i = 0; i < 10; ++i) EXPECT_EQ(world.sum(), 1);
    EXPECT_EQ(world.status(NodeId(1)).last, before.last);
    EXPECT_EQ(world.carried(), carried);
    world.run_for(seconds(60));
    EXPECT_EQ(world.leader(), NodeId(1)) << "B19: it never steps down";
    EXPECT_EQ(world.status(NodeId(1)).current_term, before.current_term);
}

TEST(Host, ASlowValueDoesNotCostTheLeaderItsLead) {
    PlainWorld world({.seed = 54}, 3, quick_config());
    const NodeId leader = world.leader();
    const Term term = world.status(leader).current_term;
    for (const NodeId id : world.nodes()) {
        world.node(id).slow_down(LaneKind::value, seconds(3));
        world.node(id).slow_down(LaneKind::snapshots, seconds(3));
    }
    for (int i = 1; i <= 5; ++i) EXPECT_EQ(world.add(1, seconds(60)), i);
    EXPECT_EQ(world.leader(), leader);
    EXPECT_EQ(world.status(leader).current_term, term);
}

TEST(Host, D1_AMemberThatHasMovedIsFoundByALeaderItDoesNotKnow) {
    PlainWorld world({.seed = 66}, 3, quick_config());
    const NodeId moved = world.followers().front();
    world.crash(moved);
    const NodeId newcomer = world.start_node();
    world.join(newcomer, "tally", [] { return std::make_unique<Typed<Tally>>(); });
    world.move_lead("tally", newcomer);
    ASSERT_TRUE(world.add(1, seconds(20)));
    world.restart(moved, true);
    world.run_for(seconds(5));
    EXPECT_EQ(world.leader(), newcomer);
    EXPECT_EQ(world.status(moved).last, world.status(newcomer).last);
    const auto members = world.status(newcomer).members;
    const auto at = std::ranges::find(members, moved, &MemberInfo::node);
    ASSERT_NE(at, members.end());
    EXPECT_EQ(at->address, world.address(moved));
}

TEST(Host, B37_RecoveringAloneCommitsWhatNeverWas) {
    PlainWorld world({.seed = 63}, 3, quick_config());
    ASSERT_EQ(world.add(1), 1);
    const NodeId alone = world.leader();
    for (const NodeId id : world.followers()) world.crash(id);
    // On its own disk only: not acknowledged, and a mere restart would not commit it.
    EXPECT_FALSE(world.add(5, milliseconds(200)));
    const GroupId before = world.status(alone).group_id;
    world.crash(alone);
    world.recover(alone, "tally");
    world.run_for(seconds(2));
    EXPECT_EQ(world.sum(), 6);
    EXPECT_NE(world.status(alone).group_id, before);
    EXPECT_EQ(world.status(alone).members.size(), 1U);
}

TEST(Host, D1_AMemberThatRestartsIsTheSameMember) {
    PlainWorld world({.seed = 55}, 3, quick_config());
    for (int round = 0; round < 6; ++round) {
        const NodeId id(static_cast<std::uint64_t>(round % 3) + 1);
        const Term term = world.status(id).current_term;
        world.crash(id);
        ASSERT_TRUE(world.add(1, seconds(20)));
        world.restart(id, round >= 3);
        // A client that is in use hears of the new address while the others serve it.
        for (int second = 0; second < 12; ++second) {
            world.run_for(seconds(1));
            ASSERT_TRUE(world.sum());
        }
        const Status status = world.status(id);
        EXPECT_EQ(status.from, id);
        EXPECT_GE(status.current_term, term);
        EXPECT_EQ(status.members.size(), 3u);
        EXPECT_EQ(status.applied, world.status(world.leader()).applied);
    }
    EXPECT_EQ(world.sum(), 6);
    // All have moved, one by one, and the list says so.
    for (const MemberInfo& member : world.status(world.leader()).members) {
        EXPECT_EQ(member.address, world.address(member.node));
    }
}

TEST(Host, D1_ALeaderThatMovedPutsItsNewAddressIntoTheList) {
    PlainWorld world({.seed = 56}, 3, quick_config());
    world.crash(NodeId(3));
    ASSERT_TRUE(world.add(1, seconds(20)));
    world.crash(NodeId(1));
    world.crash(NodeId(2));
    world.restart(NodeId(1), true);
    world.restart(NodeId(3));
    EXPECT_EQ(world.wait_for_leader("tally"), NodeId(1)) << "the other lacks what is committed";
    world.run_for(seconds(1));
    for (const NodeId id : {NodeId(1), NodeId(3)}) {
        EXPECT_EQ(world.status(id).members.front().address, world.address(NodeId(1)));
        EXPECT_EQ(world.status(id).leader->address, world.address(NodeId(1)));
    }
}

TEST(Host, TheLogInMemoryIsBounded) {
    GroupConfig config = quick_config();
    config.max_command_bytes = 4'096;
    config.max_log_bytes = 64'000;
    config.max_uncommitted_bytes = 16'000;
    config.log_bytes_kept = 4'000;
    config.snapshot_floor_bytes = 1'000'000;  // never due but for the bound
    PlainWorld world({.seed = 57}, 3, config);
    std::uint64_t most = 0;
    int answered = 0;
    int open = 0;
    for (int i = 0; i < 3'000; ++i) {
        ++open;
        world.tally->start_command(Add{1}, {.timeout = seconds(60), .id = {}})
            .then([&](const Result<std::int64_t>& total) {
                --open;
                answered += total ? 1 : 0;
            });
        world.run_for(std::chrono::microseconds(50));
        for (const NodeId id : world.nodes()) most = std::max(most, world.status(id).log_bytes);
    }
    ASSERT_TRUE(world.run_until([&] { return open == 0; }));
    EXPECT_EQ(answered, 3'000);
    EXPECT_EQ(world.sum(), 3'000);
    EXPECT_LE(most, config.max_log_bytes + config.max_command_bytes);
    EXPECT_GT(most, config.max_log_bytes / 4) << "or the bound was never near";
}

TEST(Host, WaitingRequestsAreBounded) {
    PlainWorld world({.seed = 58}, 3, quick_config());
    GroupConfig config = quick_config();
    config.max_uncommitted_bytes = config.max_command_bytes = 2'000;
    std::optional<Result<Bytes>> set;
    world.caller("tally")->call(RequestKind::set_config, encode(config), {},
                                [&](Result<Bytes> result) { set = std::move(result); });
    ASSERT_TRUE(world.run_until([&] { return set.has_value(); }));
    const NodeId leader = world.leader();
    for (const NodeId id : world.followers()) world.cut(leader, id);
    std::map<ErrorCode, int> refused;
    for (int i = 0; i < 200; ++i) {
        const auto id = CommandId{1, static_cast<std::uint64_t>(i) + 1};
        world.node(leader).host().request(
            {RequestKind::command, "tally", seconds(5), value::seal(id, encode(Add{1}))},
            [&](const Result<Bytes>& answer) {
                if (!answer) ++refused[answer.error().code];
            });
    }
    world.run_for(milliseconds(50));
    EXPECT_GT(refused[ErrorCode::busy], 150) << "at once, not when it is too late";
    EXPECT_GT(world.metrics(leader).refused_busy, 150u);
    EXPECT_LT(world.status(leader).log_bytes, 64'000u);
}

TEST(Host, EqualSeedsGiveEqualRuns) {
    const auto run = [](std::uint64_t seed) {
        PlainWorld world({.seed = seed, .durable = true, .drop = 50, .duplicate = 50, .pace = {}},
                         3, quick_config());
        for (int i = 0; i < 20; ++i) (void)world.add(i);
        world.crash(world.leader());
        (void)world.add(1, seconds(20));
        return std::tuple(world.now(), world.carried(), world.log());
    };
    EXPECT_EQ(run(1), run(1));
    EXPECT_NE(run(1), run(2));
}

}  // namespace
}  // namespace rafted::test

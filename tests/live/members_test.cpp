// Behaviours of membership and lead (B.8, 1 to 14) through the public API.
#include <gtest/gtest.h>
#include <signal.h>

#include <future>
#include <thread>

#include "live/local_nodes.hpp"

namespace rafted::test {
namespace {

TEST(Members, B01_join_works_when_the_first_known_member_is_a_follower) {
    LocalNodes nodes(3);
    ASSERT_TRUE(nodes.open());
    const auto joined =
        nodes.node(3).join_group<Queue>(LocalNodes::name, {nodes.node(2).address()});
    ASSERT_TRUE(joined) << to_string(joined.error());
    const auto before = joined->command(Enqueue{"one"});
    ASSERT_TRUE(before) << to_string(before.error());
    EXPECT_EQ(*before, 0U);
    ASSERT_EQ(code_of(when_free([&] { return nodes.at(0).remove_member(nodes.node(3).id()); })),
              "no error");
    EXPECT_EQ(nodes.status(0).members.size(), 3U);
    EXPECT_TRUE(nodes.node(3).close());
}

TEST(Members, B02_a_removed_follower_ends) {
    LocalNodes nodes(3);
    ASSERT_TRUE(when_free([&] { return nodes.at(0).remove_member(nodes.node(2).id()); }));
    EXPECT_TRUE(
        eventually(std::chrono::seconds(5), [&] { return nodes.status(2).role == Role::removed; }));
    const auto term = nodes.status(0).current_term;
    pause_for(milliseconds(1000));
    EXPECT_EQ(nodes.status(0).current_term, term) << "it disturbs the others";
    EXPECT_TRUE(nodes.node(2).close());
}

/// A leader whose two followers are gone, so that nothing can be committed; it steps down only
/// after two of these election timeouts.
GroupConfig patient_config() {
    GroupConfig config;
    config.heartbeat_interval = milliseconds(50);
    config.election_timeout = milliseconds(1500);
    return config;
}

TEST(Members, B03_a_second_change_is_refused_while_one_is_not_committed) {
    LocalNodes nodes(3, patient_config());
    ASSERT_TRUE(eventually(std::chrono::seconds(5), [&] {
        const auto status = nodes.status(0);
        return status.commit == status.last;
    }));
    ASSERT_TRUE(nodes.node(1).close());
    ASSERT_TRUE(nodes.node(2).close());
    const CallOptions brief{milliseconds(800), {}};
    const NewMember first{NodeId(77), "127.0.0.1:9", Standing::joining};
    auto hanging = std::async(std::launch::async,
                              [&] { return code_of(nodes.at(0).add_member(first, brief)); });
    ASSERT_TRUE(
        eventually(std::chrono::seconds(1), [&] { return nodes.status(0).members.size() == 4; }));
    EXPECT_EQ(code_of(nodes.at(0).add_member({NodeId(78), "127.0.0.1:9", {}}, brief)),
              "change_in_progress");
    EXPECT_EQ(code_of(nodes.at(0).remove_member(nodes.node(2).id(), brief)), "change_in_progress");
    EXPECT_EQ(hanging.get(), "timeout");
}

TEST(Members, B03_of_many_changes_at_once_each_is_made_once_or_refused) {
    LocalNodes nodes(3);
    std::atomic<int> made = 0;
    {
        std::vector<std::jthread> threads;
        for (std::uint64_t i = 0; i < 8; ++i) {
            threads.emplace_back([&, i] {
                const NewMember member{NodeId(100 + i), "127.0.0.1:9", Standing::learner};
                const auto added = nodes.at(i % 3).add_member(member);
                if (added) ++made;
                EXPECT_TRUE(added || added.error().code == ErrorCode::change_in_progress)
                    << code_of(added);
            });
        }
    }
    EXPECT_GE(made, 1);
    EXPECT_EQ(nodes.status(0).members.size(), 3U + static_cast<std::size_t>(made));
}

TEST(Members, B04_B05_B06_refusals_by_name) {
    LocalNodes nodes(3);
    const auto& group = nodes.at(0);
    const NewMember known{nodes.node(1).id(), nodes.node(1).address(), Standing::joining};
    EXPECT_EQ(code_of(when_free([&] { return group.add_member(known); })), "already_member");
    for (const char* nowhere : {"", "nonsense", "127.0.0.1", "127.0.0.1:0", "0.0.0.0:7001"}) {
        const NewMember lost{NodeId(4711), nowhere, Standing::joining};
        EXPECT_EQ(code_of(when_free([&] { return group.add_member(lost); })), "invalid") << nowhere;
    }
    EXPECT_EQ(code_of(when_free([&] { return group.remove_member(nodes.node(0).id()); })),
              "cannot_remove_leader");
    EXPECT_EQ(code_of(when_free([&] { return group.remove_member(NodeId(4711)); })), "not_member");
    EXPECT_EQ(code_of(when_free([&] { return group.promote_member(NodeId(4711)); })), "not_member");
    EXPECT_EQ(code_of(when_free([&] { return group.promote_member(nodes.node(1).id()); })),
              "already_member");
}

TEST(Members, a_group_whose_messages_fit_in_no_frame_is_refused) {
    NodeConfig small;
    small.max_frame_bytes = 1 << 20;
    auto node = Node::open(small);
    ASSERT_TRUE(node);
    auto config = quick_config();
    config.max_command_bytes = (1 << 20) - (64 << 10) + 1;
    const auto refused = node->create_group<Queue>("large", config);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::invalid);
    EXPECT_TRUE(holds(refused.error().message, "max_frame_bytes")) << refused.error().message;
    --config.max_command_bytes;
    EXPECT_TRUE(node->create_group<Queue>("fits", config));
}

TEST(Members, B07_joining_nobody_fails_and_the_node_lives_on) {
    auto node = Node::open({});
    ASSERT_TRUE(node);
    JoinOptions options;
    options.timeout = milliseconds(500);
    const auto joined = node->join_group<Queue>("queue", {"127.0.0.1:1"}, options);
    ASSERT_FALSE(joined);
    EXPECT_EQ(joined.error().code, ErrorCode::unreachable) << to_string(joined.error());
    EXPECT_TRUE(node->create_group<Queue>("queue", quick_config()));
}

TEST(Members, B08_a_healthy_follower_that_is_needed_is_not_removed) {
    LocalNodes nodes(3);
    ASSERT_TRUE(nodes.node(2).close());
    ASSERT_TRUE(eventually(std::chrono::seconds(5), [&] {
        return nodes.status(0).unresponsive_followers == std::vector{nodes.node(2).id()};
    }));
    EXPECT_EQ(code_of(when_free([&] { return nodes.at(0).remove_member(nodes.node(1).id()); })),
              "would_break_quorum");
    EXPECT_EQ(code_of(when_free([&] { return nodes.at(0).remove_member(nodes.node(2).id()); })),
              "no error");
}

TEST(Members, B09_a_removed_follower_never_shows_as_unresponsive) {
    LocalNodes nodes(3);
    ASSERT_TRUE(when_free([&] { return nodes.at(0).remove_member(nodes.node(2).id()); }));
    ASSERT_TRUE(nodes.node(2).close());
    const auto end = LiveClock::now() + milliseconds(1000);  // five election timeouts
    while (LiveClock::now() < end) {
        EXPECT_TRUE(nodes.status(0).unresponsive_followers.empty());
        pause_for(milliseconds(20));
    }
}

TEST(Lead, B11_the_lead_moves_twice_in_a_row_and_the_old_leader_names_the_new) {
    LocalNodes nodes(3);
    const auto& group = nodes.at(0);
    EXPECT_EQ(code_of(when_free([&] { return group.move_lead(nodes.node(0).id()); })),
              "already_leader");
    for (const std::size_t to : {1U, 2U}) {
        const auto moved = when_free([&] { return group.move_lead(nodes.node(to).id()); });
        ASSERT_TRUE(moved) << to_string(moved.error());
        ASSERT_TRUE(eventually(std::chrono::seconds(5), [&] {
            const auto hint = nodes.status(0).leader;
            return hint && hint->node == nodes.node(to).id();
        })) << "the old leader does not know the new one";
        EXPECT_EQ(nodes.status(0).role, Role::follower);
        EXPECT_EQ(nodes.status(to).role, Role::leader);
    }
    EXPECT_TRUE(group.command(Enqueue{"still here"}));
}

/// Three processes, one of them stopped and behind: it holds a hand-over up, and is not yet
/// unresponsive.
class PendingMove : public testing::Test {
protected:
    void SetUp() override {
        leader_ = cluster_.leader().value();
        stopped_ = (leader_ + 1) % 3;
        other_ = (leader_ + 2) % 3;
        ASSERT_TRUE(cluster_.group().command(Enqueue{"settled"}));
        ASSERT_TRUE(cluster_.await_equal());
        cluster_.send(stopped_, SIGSTOP);
        const auto group = cluster_.group_at(leader_);
        ASSERT_TRUE(group.command(Enqueue{"the stopped one lacks this"}));
        first_ = std::async(std::launch::async, [this, group] {
            return code_of(group.move_lead(cluster_.id(stopped_)));
        });
        pause_for(milliseconds(100));
    }
    void TearDown() override { cluster_.send(stopped_, SIGCONT); }

    LiveCluster cluster_{{3, false}};
    std::size_t leader_ = 0;
    std::size_t stopped_ = 0;
    std::size_t other_ = 0;
    std::future<std::string> first_;
};

TEST_F(PendingMove, B12_a_later_move_overrides_an_earlier_one) {
    const auto second = cluster_.group_at(leader_).move_lead(cluster_.id(other_));
    EXPECT_TRUE(second) << to_string(second.error());
    EXPECT_EQ(first_.get(), "cancelled");
    EXPECT_EQ(cluster_.leader(), other_);
}

TEST_F(PendingMove, B13_a_move_can_be_cancelled) {
    const Term term = cluster_.term(leader_);
    const auto cancelled = cluster_.group_at(leader_).cancel_move();
    EXPECT_TRUE(cancelled) << to_string(cancelled.error());
    EXPECT_EQ(first_.get(), "cancelled");
    EXPECT_EQ(cluster_.leader(), leader_);
    EXPECT_EQ(cluster_.term(leader_), term);
    EXPECT_TRUE(cluster_.group_at(leader_).command(Enqueue{"goes on"}));
}

TEST(Lead, B14_a_dead_member_does_not_get_the_lead) {
    LiveCluster cluster({3, false});
    const std::size_t leader = cluster.leader().value();
    const std::size_t dead = (leader + 1) % 3;
    cluster.kill(dead);
    ASSERT_TRUE(eventually(std::chrono::seconds(5), [&] {
        const auto said = cluster.status(leader);
        return said && said->unresponsive_followers == std::vector{cluster.id(dead)};
    }));
    EXPECT_EQ(code_of(cluster.group_at(leader).move_lead(cluster.id(dead))), "unresponsive");
    EXPECT_EQ(cluster.leader(), leader);
}

}  // namespace
}  // namespace rafted::test

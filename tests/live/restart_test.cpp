// Coming back: restarts, directories, snapshots and recovery (B.8, 36, 39 to 43; D1, D2, D8), and
// leaving without a trace.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <future>
#include <nlohmann/json.hpp>
#include <thread>

#include "live/local_nodes.hpp"

namespace rafted::test {
namespace {

namespace fs = std::filesystem;

Result<Node> open_in(const std::string& dir, const std::string& listen = "127.0.0.1:0") {
    NodeConfig config;
    config.dir = dir;
    config.listen = listen;
    return Node::open(std::move(config));
}

nlohmann::json inspected(const std::string& dir) {
    const Finished finished = run_rafted({"inspect", dir, "--json"});
    EXPECT_EQ(finished.code, 0) << finished.err;
    return nlohmann::json::parse(finished.out);
}

struct RestoredHook : LeaderHooks<Queue> {
    std::atomic<int> restored = 0;
    void on_restored_from_files() { ++restored; }
};

TEST(Restart, B36_four_restarts_keep_everything_and_tell_the_hook_each_time) {
    const LiveDir dir;
    GroupConfig config = quick_config();
    config.snapshot_floor_bytes = 0;
    NodeId id;
    for (std::uint64_t life = 0; life < 5; ++life) {
        auto node = open_in(dir / "a");
        ASSERT_TRUE(node) << to_string(node.error());
        EXPECT_TRUE(life == 0 || node->id() == id);
        id = node->id();
        auto hooks = std::make_shared<RestoredHook>();
        auto group = node->create_group<Queue, RestoredHook>("queue", config, hooks);
        ASSERT_TRUE(group) << to_string(group.error());
        EXPECT_EQ(group->query(Length{}).value(), life * 50);
        for (std::uint64_t i = 0; i < 50; ++i) {
            EXPECT_EQ(group->command(Enqueue{"item"}).value(), life * 50 + i);
        }
        EXPECT_TRUE(eventually(std::chrono::seconds(5), [&] {
            return hooks->restored == (life > 0 ? 1 : 0);
        })) << hooks->restored;
        const Status status = group->status().value();
        ASSERT_TRUE(node->close());
        const auto files = inspected(dir / "a");
        EXPECT_TRUE(files["whole"]);
        EXPECT_EQ(files["node"], to_string(id));
        ASSERT_EQ(files["groups"].size(), 1U);
        EXPECT_EQ(files["groups"][0]["last_index"], status.last.value);
        EXPECT_GE(files["groups"][0]["term"], status.current_term.value);
    }
}

TEST(Restart, B41_the_newest_two_snapshots_are_kept) {
    const LiveDir dir;
    GroupConfig config = quick_config();
    config.snapshot_floor_bytes = 0;
    config.log_file_expansion_factor = 0.5;
    auto node = open_in(dir / "a");
    ASSERT_TRUE(node);
    auto group = node->create_group<Queue>("queue", config);
    ASSERT_TRUE(group);
    Index last;
    int snapshots = 0;
    for (int i = 0; i < 5000 && snapshots < 4; ++i) {
        ASSERT_TRUE(group->command(Enqueue{std::string(100, 'x')}));
        const Index covered = group->status().value().snapshot;
        if (covered > last) ++snapshots;
        last = covered;
    }
    ASSERT_GE(snapshots, 4);
    ASSERT_TRUE(node->close());
    const auto files = inspected(dir / "a");
    EXPECT_EQ(files["groups"][0]["snapshots"].size(), 2U) << files.dump(2);
    EXPECT_GE(files["groups"][0]["snapshots"][0]["index"], last.value);
}

TEST(Restart, B40_memory_and_disk_members_exchange_snapshots_both_ways) {
    const LiveDir dir;
    GroupConfig config = quick_config();
    config.snapshot_floor_bytes = 0;
    config.log_bytes_kept = 0;
    auto disk = open_in(dir / "a");
    auto memory = Node::open({});
    auto late = open_in(dir / "b");
    ASSERT_TRUE(disk && memory && late);
    const auto group = disk->create_group<Queue>("queue", config);
    ASSERT_TRUE(group);
    const auto fill = [&] {
        for (int i = 0; i < 300; ++i) ASSERT_TRUE(group->command(Enqueue{"item"}));
    };
    fill();
    ASSERT_GT(group->status().value().snapshot, Index());
    const auto second = memory->join_group<Queue>("queue", {disk->address()});
    ASSERT_TRUE(second) << to_string(second.error());
    EXPECT_EQ(second->query_stale(Length{}).value(), 300U);
    ASSERT_TRUE(when_free([&] { return group->move_lead(memory->id()); }));
    fill();
    EXPECT_TRUE(eventually(std::chrono::seconds(5),
                           [&] { return second->status().value().snapshot > Index(300); }));
    const auto third = late->join_group<Queue>("queue", {memory->address()});
    ASSERT_TRUE(third) << to_string(third.error());
    EXPECT_EQ(third->query_stale(Length{}).value(), 600U);
    EXPECT_TRUE(third->query_stale(Items{}).value() == group->query(Items{}).value());
}

TEST(Recovery, B39_B43_recover_group_goes_on_alone_as_a_new_incarnation) {
    const LiveDir dir;
    {
        LocalNodes nodes(3, quick_config(), dir.path());
        for (int i = 0; i < 10; ++i) ASSERT_TRUE(nodes.at(0).command(Enqueue{"item"}));
        ASSERT_TRUE(eventually(std::chrono::seconds(5), [&] {
            return nodes.status(1).applied == nodes.status(0).last &&
                   nodes.status(2).applied == nodes.status(0).last;
        }));
    }
    auto one = open_in(dir / "local1");
    ASSERT_TRUE(one);
    const auto recovered = one->recover_group<Queue>("queue");
    ASSERT_TRUE(recovered) << to_string(recovered.error());
    EXPECT_EQ(recovered->command(Enqueue{"after"}).value(), 10U);
    EXPECT_EQ(recovered->members().value().size(), 1U);

    // A member of the old incarnation comes back: it neither joins nor disturbs.
    auto two = open_in(dir / "local2");
    ASSERT_TRUE(two);
    const auto old = two->join_group<Queue>("queue", {one->address()});
    EXPECT_EQ(code_of(old), "wrong_cluster");
    pause_for(milliseconds(800));
    EXPECT_EQ(recovered->members().value().size(), 1U);
    EXPECT_EQ(recovered->command(Enqueue{"undisturbed"}).value(), 11U);

    // A new node is a member like any other, and after an election the list is still right.
    auto fresh = Node::open({});
    ASSERT_TRUE(fresh);
    const auto joined = fresh->join_group<Queue>("queue", {one->address()});
    ASSERT_TRUE(joined) << to_string(joined.error());
    ASSERT_TRUE(when_free([&] { return recovered->move_lead(fresh->id()); }));
    EXPECT_EQ(joined->query(Length{}).value(), 12U);
    EXPECT_EQ(joined->members().value().size(), 2U);
    EXPECT_EQ(code_of(one->recover_group<Queue>("queue")), "already_member");
    EXPECT_EQ(code_of(one->recover_group<Queue>("another")), "no_such_group");
}

TEST(Restart, D1_a_killed_process_is_the_same_member_also_at_another_address) {
    LiveCluster cluster({3, true});
    const std::size_t leader = cluster.leader().value();
    const std::size_t moved = (leader + 1) % 3;
    const NodeId id = cluster.id(moved);
    const std::string address = cluster.address(moved);
    cluster.kill(moved);
    ASSERT_TRUE(cluster.group_at(leader).command(Enqueue{"while it is away"}));
    const LiveProcess in_its_place({"demo-node", "--create", "--listen", address});
    cluster.restart(moved, true);
    EXPECT_EQ(cluster.id(moved), id);
    EXPECT_NE(cluster.address(moved), address);
    EXPECT_TRUE(cluster.await_equal());
    EXPECT_TRUE(eventually(std::chrono::seconds(10), [&] {
        const auto said = cluster.status(leader);
        return said && std::ranges::any_of(said->members, [&](const MemberInfo& member) {
                   return member.node == id && member.address == cluster.address(moved);
               });
    })) << "the group does not know its new address";
    ASSERT_TRUE(when_free([&] { return cluster.group_at(leader).move_lead(id); }));
    EXPECT_EQ(cluster.leader(), moved);
}

TEST(Restart, D1_the_whole_cluster_restarts_at_once) {
    LiveCluster cluster({3, true});
    ASSERT_TRUE(cluster.group().command(Enqueue{"a"}));
    for (std::size_t i = 0; i < 3; ++i) cluster.kill(i);
    for (std::size_t i = 0; i < 3; ++i) cluster.restart(i);
    ASSERT_TRUE(cluster.leader());
    EXPECT_EQ(cluster.group().command(Enqueue{"b"}).value(), 1U);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(cluster.stop(i), 0);
}

TEST(Restart, D1_a_memory_only_node_is_a_new_node_at_each_start) {
    auto first = Node::open({});
    ASSERT_TRUE(first);
    const NodeId id = first->id();
    ASSERT_TRUE(first->close());
    auto second = Node::open({});
    ASSERT_TRUE(second);
    EXPECT_NE(second->id(), id);
}

TEST(Restart, a_directory_belongs_to_one_node_at_a_time) {
    const LiveDir dir;
    auto first = open_in(dir / "a");
    ASSERT_TRUE(first);
    const auto second = open_in(dir / "a");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::in_use);
    EXPECT_NE(second.error().message.find(dir / "a"), std::string::npos) << second.error().message;
    ASSERT_TRUE(first->close());
    EXPECT_TRUE(open_in(dir / "a"));
}

struct Slow {
    using Command = int;
    using Query = Unit;
    int command(int ms) {
        pause_for(milliseconds(ms));
        return ms;
    }
    int query(Unit) const { return 0; }
};

/// As many quick commands as make the next one's lane a quick one, too.
void be_quick(const Group<Slow>& group) {
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(group.command(0));
}

class HangingValue : public testing::TestWithParam<bool> {};

TEST_P(HangingValue, does_not_hold_close_up_beyond_its_deadline) {
    NodeConfig config;
    config.stop_deadline = milliseconds(300);
    auto node = Node::open(config);
    ASSERT_TRUE(node);
    const auto group = node->create_group<Slow>("slow", quick_config());
    ASSERT_TRUE(group);
    if (GetParam()) be_quick(*group);
    auto pending = group->start_command(1500);
    pause_for(milliseconds(100));
    const auto start = LiveClock::now();
    const auto closed = node->close();
    EXPECT_LE(ms_since(start), 1200);
    ASSERT_FALSE(closed);
    EXPECT_EQ(closed.error().code, ErrorCode::timeout);
    EXPECT_EQ(code_of(pending.get()), "stopped");
    pause_for(milliseconds(1600));  // it ends by itself; nothing it touches may be gone
}

TEST_P(HangingValue, holds_up_no_lead_and_no_other_group) {
    std::vector<Node> nodes;
    std::vector<Group<Slow>> slow;
    for (std::size_t i = 0; i < 3; ++i) {
        auto node = Node::open({});
        ASSERT_TRUE(node);
        nodes.push_back(std::move(*node));
        auto group = i == 0 ? nodes[0].create_group<Slow>("slow", quick_config())
                            : nodes[i].join_group<Slow>("slow", {nodes[0].address()});
        ASSERT_TRUE(group);
        slow.push_back(std::move(*group));
    }
    const auto other = nodes[0].create_group<Queue>("other", quick_config());
    ASSERT_TRUE(other);
    if (GetParam()) be_quick(slow[0]);
    const Term term = slow[0].status()->current_term;
    auto pending = slow[0].start_command(1500);  // seven election timeouts, on all three
    pause_for(milliseconds(100));
    for (std::uint64_t i = 0; i < 10; ++i) {
        const auto start = LiveClock::now();
        EXPECT_EQ(other->command(Enqueue{"a"}).value(), i);
        EXPECT_LE(ms_since(start), 500);
        EXPECT_EQ(slow[0].status()->role, Role::leader);
    }
    EXPECT_EQ(pending.get().value(), 1500);
    EXPECT_EQ(slow[0].status()->current_term, term);
}

INSTANTIATE_TEST_SUITE_P(Stop, HangingValue, testing::Bool(), [](const auto& each) {
    return each.param ? "that_was_quick" : "at_once";
});

std::size_t count_of(const std::string& folder) {
    const auto entries = fs::directory_iterator(folder);
    return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

TEST(Stop, nothing_is_left_after_close) {
    const LiveDir dir;
    {
        LocalNodes warm_up(1);
    }
    const std::size_t files = count_of("/proc/self/fd");
    const std::size_t threads = count_of("/proc/self/task");
    for (int round = 0; round < 3; ++round) {
        LocalNodes nodes(3, quick_config(), dir / std::to_string(round));
        ASSERT_TRUE(nodes.at(1).command(Enqueue{"a"}));
        auto client = Client::open({{nodes.node(0).address()}, {}});
        ASSERT_TRUE(client->group<Queue>("queue").query(Length{}));
    }
    EXPECT_TRUE(eventually(std::chrono::seconds(5),
                           [&] {
                               return count_of("/proc/self/task") == threads &&
                                      count_of("/proc/self/fd") == files;
                           }))
        << count_of("/proc/self/task") << " threads, were " << threads << "; "
        << count_of("/proc/self/fd") << " files, were " << files;
}

TEST(Stop, a_handle_outlives_its_node) {
    auto nodes = std::make_unique<LocalNodes>(1);
    const auto group = nodes->at(0);
    nodes.reset();
    EXPECT_EQ(code_of(group.command(Enqueue{"a"}, {milliseconds(500), {}})), "stopped");
}

}  // namespace
}  // namespace rafted::test

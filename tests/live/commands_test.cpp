// Behaviours of commands, queries and config (B.8, 15 to 19, 25, 26, 28) through the public API.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <random>
#include <thread>

#include "live/local_nodes.hpp"

namespace rafted::test {
namespace {

TEST(Commands, B15_right_answers_at_the_leader_and_by_way_of_a_follower) {
    LocalNodes nodes(3);
    EXPECT_EQ(nodes.at(0).command(Enqueue{"a"}).value(), 0U);
    auto client = Client::open({{nodes.node(2).address()}, {}});
    ASSERT_TRUE(client);
    const auto elsewhere = client->group<Queue>(LocalNodes::name);
    EXPECT_EQ(elsewhere.command(Enqueue{"b"}).value(), 1U);
    EXPECT_EQ(elsewhere.query(Length{}).value(), 2U);
    EXPECT_EQ(elsewhere.command(Dequeue{}).value(), "a");
    EXPECT_EQ(elsewhere.command(Dequeue{}).value(), "b");
    EXPECT_EQ(elsewhere.command(Dequeue{}).value(), std::nullopt);
}

TEST(Commands, B16_without_leases_queries_are_still_right) {
    GroupConfig config = quick_config();
    config.clock_drift_margin.reset();
    LocalNodes nodes(3, config);
    for (std::uint64_t i = 0; i < 100; ++i) {
        ASSERT_EQ(nodes.at(i % 3).command(Enqueue{"x"}).value(), i);
        ASSERT_EQ(nodes.at((i + 1) % 3).query(Length{}).value(), i + 1);
    }
    EXPECT_FALSE(nodes.status(0).lease_valid);
}

TEST(Commands, B17_stale_queries_are_answered_by_everybody_and_without_a_majority) {
    LiveCluster cluster({3, false});
    ASSERT_TRUE(cluster.group().command(Enqueue{"a"}));
    ASSERT_TRUE(cluster.await_equal());
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(cluster.group_at(i).query_stale(Length{}).value(), 1U);
    }
    cluster.kill(0);
    cluster.kill(1);
    const auto survivor = cluster.group_at(2);
    EXPECT_TRUE(eventually(std::chrono::seconds(5),
                           [&] { return cluster.status(2).value().role != Role::leader; }));
    EXPECT_EQ(survivor.query_stale(Length{}).value(), 1U);
    EXPECT_FALSE(survivor.query(Length{}, {milliseconds(300), {}}));
}

TEST(Commands, B18_the_same_id_is_run_once_and_answers_the_same) {
    LocalNodes nodes(3);
    ASSERT_TRUE(nodes.at(0).command(Enqueue{"first"}));
    const CommandId id{42, 43};
    std::atomic<int> right = 0;
    {
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < 8; ++i) {
            threads.emplace_back([&, i] {
                const auto answer =
                    nodes.at(i % 3).command(Enqueue{"twin"}, {std::chrono::seconds(10), id});
                if (answer && *answer == 1) ++right;
            });
        }
    }
    EXPECT_EQ(right, 8);
    EXPECT_EQ(nodes.at(1).query(Length{}).value(), 2U);
}

TEST(Commands, B19_B28_alone_it_answers_and_keeps_the_lead_and_its_log) {
    LocalNodes nodes(1);
    EXPECT_EQ(nodes.at(0).command(Enqueue{"a"}).value(), 0U);
    const Status before = nodes.status(0);
    for (int i = 0; i < 50; ++i) {
        EXPECT_EQ(nodes.at(0).query(Length{}).value(), 1U);
        pause_for(milliseconds(20));  // five election timeouts in all
    }
    const Status after = nodes.status(0);
    EXPECT_EQ(after.role, Role::leader);
    EXPECT_EQ(after.current_term, before.current_term);
    EXPECT_EQ(after.last, before.last) << "a query of the sole member added to the log";
}

TEST(Commands, B25_a_config_reaches_everybody_within_two_heartbeats) {
    GroupConfig config;
    config.heartbeat_interval = milliseconds(200);
    LocalNodes nodes(3, config);
    config.max_retained_command_results = 77;
    const auto start = LiveClock::now();
    const auto set = nodes.at(1).set_config(config);
    ASSERT_TRUE(set) << to_string(set.error());
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_TRUE(
            eventually(std::chrono::seconds(5), [&] { return nodes.status(i).config == config; }));
    }
    EXPECT_LE(ms_since(start), 400.0);
    config.election_timeout = milliseconds(1);
    EXPECT_EQ(code_of(nodes.at(0).set_config(config)), "invalid");
}

/// Says something to the node that is not in its language.
void shout(const std::string& address, const std::string& noise) {
    const int file = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(10))));
    ASSERT_EQ(::connect(file, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    (void)::send(file, noise.data(), noise.size(), MSG_NOSIGNAL);
    ::close(file);
}

TEST(Commands, B26_noise_is_ignored_and_the_status_is_whole) {
    LocalNodes nodes(3);
    std::minstd_rand chance(1);
    for (std::size_t i = 0; i < 30; ++i) {
        std::string noise(1 + chance() % 3000, '\0');
        for (char& byte : noise) byte = static_cast<char>(chance());
        shout(nodes.node(i % 3).address(), i % 2 == 0 ? noise : "GET / HTTP/1.1\r\n\r\n");
    }
    EXPECT_TRUE(nodes.at(1).command(Enqueue{"a"}));
    const Status status = nodes.status(0);
    EXPECT_EQ(status.from, nodes.node(0).id());
    EXPECT_EQ(status.members.size(), 3U);
    ASSERT_TRUE(status.leader);
    EXPECT_EQ(status.leader->node, nodes.node(0).id());
    EXPECT_TRUE(status.unresponsive_followers.empty());
    EXPECT_GE(status.current_term, Term(1));
    EXPECT_EQ(status.role, Role::leader);
    EXPECT_EQ(status.config, quick_config());
}

TEST(Commands, a_command_over_the_limit_is_refused_and_nothing_happened) {
    GroupConfig config = quick_config();
    config.max_command_bytes = 1000;
    LocalNodes nodes(1, config);
    const auto refused = nodes.at(0).command(Enqueue{std::string(2000, 'x')});
    EXPECT_EQ(code_of(refused), "too_large");
    EXPECT_EQ(nodes.at(0).query(Length{}).value(), 0U);
    EXPECT_TRUE(nodes.at(0).command(Enqueue{std::string(500, 'x')}));
}

/// Nobody answers: two calls wait, and the third is refused at once.
void expect_two_wait(const Group<Queue>& group) {
    const CallOptions patient{milliseconds(2000), {}};
    auto first = group.start_command(Enqueue{"a"}, patient);
    auto second = group.start_command(Enqueue{"b"}, patient);
    const auto third = group.start_command(Enqueue{"c"}, patient).get();
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().code, ErrorCode::busy);
    EXPECT_FALSE(first.is_ready());
    EXPECT_FALSE(first.get());
    EXPECT_FALSE(second.get());
}

/// A value of which none can be made, and commands of which some cannot be sent.
struct Picky {
    struct Command {
        int amount = 0;
        void save(Writer& out) const {
            if (amount < 0) throw std::runtime_error("no such amount");
            out.number(amount);
        }
        void load(Reader& in) { amount = in.number<int>(); }
    };
    using Query = Unit;
    Picky() {
        if (is_out) throw std::runtime_error("out of order");
    }
    int command(const Command& command) { return total += command.amount; }
    int query(const Unit&) const { return total; }
    int total = 0;
    static inline bool is_out = false;
    void save(Writer& out) const { out.number(total); }
    void load(Reader& in) { total = in.number<int>(); }
};

TEST(Commands, what_a_users_own_functions_throw_is_an_error) {
    auto node = Node::open({});
    ASSERT_TRUE(node);
    Picky::is_out = true;
    const auto refused = node->create_group<Picky>("picky", quick_config());
    EXPECT_EQ(code_of(refused), "invalid");
    EXPECT_TRUE(holds(refused.error().message, "out of order")) << refused.error().message;
    Picky::is_out = false;
    const auto group = node->create_group<Picky>("picky", quick_config());
    ASSERT_TRUE(group);
    EXPECT_EQ(group->command({2}).value(), 2);
    const auto unsent = group->command({-1});
    EXPECT_EQ(code_of(unsent), "invalid");
    EXPECT_TRUE(holds(unsent.error().message, "no such amount")) << unsent.error().message;
}

TEST(Commands, for_ever_is_a_year) {
    constexpr auto for_ever = std::chrono::milliseconds::max();
    LocalNodes nodes(1);
    const auto client = Client::open({{nodes.node(0).address()}});
    ASSERT_TRUE(client);
    EXPECT_TRUE(client->status(nodes.node(0).address(), LocalNodes::name, for_ever));
    EXPECT_TRUE(client->metrics(nodes.node(0).address(), for_ever));
    auto node = Node::open({});
    ASSERT_TRUE(node);
    EXPECT_TRUE(node->join_group<Queue>(LocalNodes::name, {nodes.node(0).address()},
                                        {.timeout = for_ever}));
}

TEST(Commands, a_handle_takes_on_as_many_calls_as_it_is_told) {
    ClientConfig outside;
    outside.addresses = {"127.0.0.1:1"};
    outside.max_calls_per_handle = 0;
    EXPECT_EQ(Client::open(outside).error().code, ErrorCode::invalid);
    outside.max_calls_per_handle = 2;
    const auto client = Client::open(outside);
    ASSERT_TRUE(client) << to_string(client.error());
    expect_two_wait(client->group<Queue>("queue"));

    NodeConfig config;
    config.local_network = make_local_network();
    config.max_calls_per_handle = 2;
    auto node = Node::open(config);
    auto other = Node::open(config);
    ASSERT_TRUE(node && other);
    const auto group = node->create_group<Queue>("queue", quick_config());
    ASSERT_TRUE(group) << to_string(group.error());
    ASSERT_TRUE(other->join_group<Queue>("queue", {node->address()}));
    ASSERT_TRUE(other->close());
    expect_two_wait(*group);
}

TEST(Commands, a_client_of_another_cluster_is_refused) {
    LocalNodes nodes(1);
    auto client = Client::open({{nodes.node(0).address()}, ClusterId(0x1234)});
    ASSERT_TRUE(client);
    const auto refused =
        client->group<Queue>(LocalNodes::name).query(Length{}, {std::chrono::seconds(2), {}});
    EXPECT_EQ(code_of(refused), "wrong_cluster");
}

}  // namespace
}  // namespace rafted::test

// What callbacks and coroutines may do on the node's own thread: let the node go, and ask for what
// would wait for that very thread without anything coming to a stand.
#include <gtest/gtest.h>

#include <future>
#include <memory>

#include "live/local_nodes.hpp"

namespace rafted::test {
namespace {

using std::chrono::seconds;

struct Total {
    using Command = int;
    using Query = Unit;
    int total = 0;
    int command(int more) { return total += more; }
    int query(Unit) const { return total; }
};

NodeConfig config_in(const std::string& dir) {
    NodeConfig config;
    config.dir = dir;
    return config;
}

/// A node and the one handle of its one group.
struct Alone {
    explicit Alone(const std::string& dir)
        : node(std::make_unique<Node>(Node::open(config_in(dir)).value())),
          group(std::make_unique<Group<Total>>(
              node->create_group<Total>("total", quick_config()).value())) {}

    /// Does this in a callback on the node's own thread, and waits until it is done.
    template <class F>
    void in_callback(F f) {
        std::promise<void> done;
        group->start_command(1).then([&](const Result<int>& total) {
            EXPECT_TRUE(total);
            f();
            done.set_value();
        });
        done.get_future().wait();
    }

    std::unique_ptr<Node> node;
    std::unique_ptr<Group<Total>> group;
};

/// Waits until no node has the directory any more.
void expect_free_soon(const std::string& dir) {
    const auto start = LiveClock::now();
    auto again = Node::open(config_in(dir));
    while (!again && again.error().code == ErrorCode::in_use && ms_since(start) < 10'000) {
        pause_for(milliseconds(10));
        again = Node::open(config_in(dir));
    }
    EXPECT_TRUE(again) << to_string(again.error());
}

TEST(OwnThread, a_node_may_be_let_go_in_a_callback_with_its_last_handle) {
    const LiveDir dir;
    Alone alone(dir / "a");
    alone.in_callback([&] {
        alone.group.reset();
        alone.node.reset();
    });
    expect_free_soon(dir / "a");
}

TEST(OwnThread, a_node_may_be_let_go_in_a_callback_before_its_handle) {
    const LiveDir dir;
    Alone alone(dir / "a");
    const auto start = LiveClock::now();
    alone.in_callback([&] { alone.node.reset(); });
    EXPECT_LT(ms_since(start), 1'000) << "it does not wait for itself";
    expect_free_soon(dir / "a");
    EXPECT_EQ(code_of(alone.group->command(1)), "stopped");
}

TEST(OwnThread, close_in_a_callback_is_done_by_another_thread) {
    const LiveDir dir;
    Alone alone(dir / "a");
    Result<void> closed;
    alone.in_callback([&] { closed = alone.node->close(); });
    EXPECT_EQ(code_of(closed), "timeout");
    expect_free_soon(dir / "a");
}

TEST(OwnThread, what_would_wait_for_it_is_refused_and_the_node_goes_on) {
    const LiveDir dir;
    Alone alone(dir / "a");
    std::string made;
    std::string asked;
    std::string taken;
    alone.in_callback([&] {
        made = code_of(alone.node->create_group<Total>("second", quick_config()));
        asked = code_of(alone.group->status());
        taken = code_of(alone.group->start_command(1).get());
        EXPECT_EQ(alone.node->metrics().entries_applied, 0U);
    });
    EXPECT_EQ(made, "invalid");
    EXPECT_EQ(asked, "timeout");
    EXPECT_EQ(taken, "timeout");
    EXPECT_EQ(alone.group->command(1), 3) << "all three commands have been run";
}

TEST(OwnThread, metrics_of_a_closed_node_are_zero_at_once) {
    const LiveDir dir;
    const Alone alone(dir / "a");
    EXPECT_TRUE(alone.group->command(1));
    EXPECT_GT(alone.node->metrics().entries_applied, 0U);
    ASSERT_TRUE(alone.node->close());
    const auto start = LiveClock::now();
    EXPECT_EQ(alone.node->metrics().entries_applied, 0U);
    EXPECT_LT(ms_since(start), 1'000);
}

}  // namespace
}  // namespace rafted::test

// Hooks in a storm: four or five hosts, messages lost and doubled, crashes, netsplits, moves of the
// lead, hooks that are slow or throw, snapshots all the while. RAFTED_SEED=n plays one seed again;
// RAFTED_FULL=1 runs ten times as many.
//   1. Every committed command's hook has run: at least once, always with the same arguments.
//   2. All runs of an event but one are replays, and say so (a leader that does not know yet of its
//      successor may come last). Within one leadership the log's order holds.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <set>
#include <stdexcept>

#include "support/hook_watch.hpp"

namespace rafted::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

GroupConfig stormy_config() {
    GroupConfig config = quick_config();
    config.snapshot_floor_bytes = 2'000;
    config.log_bytes_kept = 500;
    config.max_hook_backlog = 40;
    return config;
}

class HookStorm {
public:
    explicit HookStorm(std::uint64_t seed)
        : world_({.seed = seed, .durable = true, .drop = 20, .duplicate = 20, .pace = {}},
                 seed % 2 == 0 ? 3 : 5, stormy_config()) {
        world_.watch.then = [this](const Fired& call) {
            if (call.what == "elected") ++elected_;
            if (call.by % 7 == 1) throw std::runtime_error("every seventh");
        };
    }

    void run() {
        for (int round = 0; round < 60; ++round) {
            trouble();
            for (std::uint64_t i = one_to(5); i > 0; --i) send();
            world_.run_for(milliseconds(one_to(400)));
        }
        world_.heal();
        for (const NodeId id : world_.nodes()) {
            if (!world_.is_up(id)) world_.restart(id);
            world_.node(id).slow_down(LaneKind::hooks, {});
        }
        const bool answered = world_.run_until([this] { return open_ == 0; });
        EXPECT_TRUE(answered) << open_ << " commands were never answered";
        world_.run_for(seconds(10));
        judge();
    }

private:
    std::uint64_t one_to(std::uint64_t n) { return world_.random().one_to(n); }
    NodeId any() { return NodeId(one_to(world_.nodes().size())); }

    void send() {
        const auto by = ++last_;
        ++open_;
        world_.tally()
            .start_command(Add{by}, {.timeout = seconds(60), .id = {}})
            .then([this, by](const Result<std::int64_t>& total) {
                --open_;
                if (total) acknowledged_.insert(by);
            });
    }

    void trouble() {
        const NodeId leads = world_.leader();
        const NodeId one = leads && one_to(2) == 1 ? leads : any();
        switch (one_to(8)) {
            case 1:
                if (world_.is_up(one) && down() < (world_.nodes().size() - 1) / 2) {
                    world_.crash(one);
                }
                break;
            case 2:
            case 3:
                if (!world_.is_up(one)) world_.restart(one, one_to(4) == 1);
                break;
            case 4: world_.isolate(one); break;
            case 5: world_.heal(); break;
            case 6:
                if (world_.is_up(one)) {
                    world_.node(one).slow_down(LaneKind::hooks, milliseconds(one_to(500)));
                }
                break;
            case 7:
                world_.caller("tally")->call(RequestKind::transfer_lead, encode(one),
                                             {.timeout = seconds(1), .id = {}},
                                             [](const Result<Bytes>&) {});
                break;
            default: break;
        }
    }
    std::size_t down() {
        std::size_t count = 0;
        for (const NodeId id : world_.nodes()) count += world_.is_up(id) ? 0U : 1U;
        return count;
    }

    void judge() {
        std::map<Index, Fired> seen;
        std::map<std::int64_t, Index> place;
        std::map<std::pair<Term, NodeId>, Index> last;
        std::set<Index> first_runs;
        for (const Fired& call : world_.watch.of("command")) {
            const Index index = call.context.index;
            const auto first = seen.emplace(index, call).first;
            EXPECT_EQ(first->second.by, call.by);
            EXPECT_EQ(first->second.before, call.before);
            if (!call.context.replaying) {
                EXPECT_TRUE(first_runs.insert(index).second)
                    << "again, and not said to be a replay";
            }
            const auto at = place.emplace(call.by, index).first;
            EXPECT_EQ(at->second, index) << "one command, two places";
            Index& before = last[{call.context.term, call.node}];
            EXPECT_GT(index, std::exchange(before, index)) << "out of order in a leadership";
        }
        for (const auto by : acknowledged_) {
            EXPECT_TRUE(place.contains(by)) << "no hook for acknowledged command " << by;
        }
        std::int64_t total = 0;
        for (const auto& [index, call] : seen) {
            EXPECT_EQ(call.before, total) << "a hook is missing before index " << to_string(index);
            total = call.after;
        }
        const auto sum = world_.sum();
        EXPECT_TRUE(sum) << to_string(sum.error());
        EXPECT_EQ(sum.value_or(-1), total);
        EXPECT_GT(acknowledged_.size(), 20u) << "too little has happened to mean anything";
        EXPECT_GT(elected_, 1) << "the lead has never changed";
    }

    HookWorld world_;
    std::int64_t last_ = 0;
    int open_ = 0;
    int elected_ = 0;
    std::set<std::int64_t> acknowledged_;
};

TEST(HookStorm, NoHookIsLostAndNoneIsRepeatedUnmarked) {
    const char* one = std::getenv("RAFTED_SEED");
    const char* full = std::getenv("RAFTED_FULL");
    const std::uint64_t first = one != nullptr ? std::strtoull(one, nullptr, 10) : 1;
    const std::uint64_t usual = full != nullptr && std::string(full) == "1" ? 200 : 20;
    const std::uint64_t count = one != nullptr ? 1 : usual;
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        SCOPED_TRACE("RAFTED_SEED=" + std::to_string(seed));
        HookStorm(seed).run();
        if (HasFailure()) return;
    }
}

}  // namespace
}  // namespace rafted::test

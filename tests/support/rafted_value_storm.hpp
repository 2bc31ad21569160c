// A storm over the model of RaftedValue: random faults, clients and changes of members from one
// seed, under the eyes of the simulator's checkers. Each seed turns a random part of the faults on.
//   1. Equal plans give equal runs.
//   2. It ends at the first report, or when its time is over.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "support/rafted_value_world.hpp"

namespace rafted::test {

struct ReferenceStormPlan {
    std::uint64_t seed = 1;
    ReferenceRules rules{};
    core::Duration time = std::chrono::seconds(30);
};

struct ReferenceStormEnd {
    std::vector<sim::Violation> violations;  ///< Those of the first event that had any.
    std::uint64_t answered = 0;
    std::uint64_t elections = 0;
    std::uint64_t snapshots = 0;
    std::uint64_t changes = 0;  ///< Of members, begun.
    std::uint64_t reads_by_lease = 0;
    std::uint64_t events = 0;
    bool operator==(const ReferenceStormEnd& other) const {
        return events == other.events && answered == other.answered &&
               violations.size() == other.violations.size();
    }
};

class ReferenceStorm {
public:
    explicit ReferenceStorm(const ReferenceStormPlan& plan);
    ReferenceStormEnd run();

private:
    /// What blows in this seed; percents are per message.
    struct Weather {
        std::uint64_t drop = 0;
        std::uint64_t twice = 0;
        std::uint64_t late = 0;
        core::Duration latest{};
        bool cuts = false;
        bool one_way_cuts = false;
        bool crashes = false;
        bool changes = false;
        bool drifts = false;
    };
    enum class Event : std::uint8_t { message, client, cut, change, crash };
    struct Planned {
        Event event = Event::message;
        core::Message message{};
    };

    static ReferenceWorld::Plan world_plan(const ReferenceStormPlan& plan);
    std::uint64_t up_to(std::uint64_t n) { return random_.one_to(n); }
    bool chance(std::uint64_t percent) { return up_to(100) <= percent; }
    core::Duration between(core::Duration least, core::Duration most);
    template <class T>
    const T& any_of(const std::vector<T>& all) {
        return all[up_to(all.size()) - 1];
    }
    void plan(Event event, core::Duration in);
    bool step();
    void happen(const Planned& planned);
    void send();
    void arrive(const core::Message& message);
    std::vector<NodeId> leaders() const;
    void ask();
    void cut();
    void change();
    void crash();

    core::Random random_;
    Weather weather_;
    ReferenceWorld world_;
    core::Time end_;
    std::map<std::pair<core::Time, std::uint64_t>, Planned> plans_;
    std::uint64_t planned_ = 0;
    std::map<std::uint64_t, core::Time> open_;  ///< Operations and when they were last asked.
    std::set<std::pair<NodeId, NodeId>> deaf_;  ///< Messages of the first to the second are lost.
    NodeId newest_;
    unsigned crashes_left_ = 0;
    std::set<std::pair<NodeId, Term>> led_;
    ReferenceStormEnd result_;
};

}  // namespace rafted::test

// The story of one queue: nine steps, each measured and checked.
//   1. At most one client writes at a time, so the order of answers is the order of the queue.
//   2. `expected_` is exactly what was acknowledged, less what was taken out again.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "demo/cluster.hpp"
#include "demo/telling.hpp"
#include "demo/writer.hpp"

namespace rafted::app::demo {

/// How long the story waits for what should come soon.
inline constexpr auto patience = milliseconds(20'000);

class Story {
public:
    Story(DemoCluster& cluster, Telling& telling) : cluster_(cluster), telling_(telling) {}

    /// All steps. Fails with the check that did not hold, or what broke.
    Result<void> tell();

private:
    Result<void> one_becomes_three();
    Result<void> commands_and_queries();
    Result<void> leader_dies();
    Result<void> killed_returns();
    Result<void> fourth_joins();
    Result<void> lead_moves();
    Result<void> member_leaves();
    Result<void> majority_is_lost();
    Result<void> everything_is_there();

    Result<void> force_out(int survivor, const std::vector<int>& lost);
    Result<void> refill();
    Result<Status> leader_status();
    Result<std::size_t> voters();
    /// The writer goes on: waits for some more answers.
    Result<void> await_writes(std::size_t more);
    /// Every running member has applied all that the leader has.
    Result<Index> await_all_equal();
    Result<void> check_member(int number);
    std::string name(int number) const;

    DemoCluster& cluster_;
    Telling& telling_;
    Leading leading_;
    int killed_ = 0;
    std::vector<std::string> expected_;
    std::unique_ptr<Writer> writer_;
};

}  // namespace rafted::app::demo

// A node's clock, apart from the world's true time: it drifts, stands still, and its wall clock
// jumps. What the node waits for happens when its own clock says so.
//   1. steady() never goes back. 2. Equal calls give equal times: nothing here is drawn by chance.
#pragma once

#include <algorithm>

#include "core/time.hpp"
#include "ports/clock.hpp"
#include "ports/loop.hpp"

namespace rafted::sim {

class SimClock final : public ports::Clock {
public:
    /// Parts per million that it runs fast (slow if negative); -1,000,000 stands still.
    using Drift = std::int64_t;
    static constexpr std::int64_t million = 1'000'000;

    explicit SimClock(const ports::Loop& world) : world_(world), since_(world.now()) {}

    core::Time steady() override { return core::Time(core::Duration(local_at(world_.now()))); }
    core::LogTime wall() override {
        return std::chrono::duration_cast<core::LogTime>(steady().time_since_epoch()) + wall_off_;
    }
    /// How much true time passes until this clock shows `local`; never if it stands still.
    core::Duration until(core::Time local) {
        const core::Time now = steady();
        if (local <= now) return core::Duration(0);  // it may be the beginning of all time
        const auto left = (local - now).count();
        const std::int64_t rate = million + drift_;
        if (rate <= 0) return core::Duration::max();
        // Rounded up, or a turn would come a moment too early and be for nothing.
        return core::Duration((left / rate) * million +
                              ((left % rate) * million + rate - 1) / rate);
    }
    void set_drift(Drift drift) {
        base_ = local_at(world_.now());
        since_ = world_.now();
        drift_ = std::max<Drift>(drift, -million);
    }
    Drift drift() const { return drift_; }
    void jump_wall(core::LogTime by) { wall_off_ += by; }

private:
    std::int64_t local_at(core::Time now) const {
        const std::int64_t passed = (now - since_).count();
        return base_ + passed + passed / million * drift_ + passed % million * drift_ / million;
    }

    const ports::Loop& world_;
    core::Time since_;
    std::int64_t base_ = core::Duration(std::chrono::hours(1)).count();
    Drift drift_ = 0;
    core::LogTime wall_off_{};
};

}  // namespace rafted::sim

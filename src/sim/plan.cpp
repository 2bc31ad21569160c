#include "sim/plan.hpp"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

namespace rafted::sim {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t swarm_stream = 11;
constexpr std::uint64_t config_stream = 12;
constexpr std::uint64_t strike_stream = 13;
constexpr std::uint64_t call_stream = 14;
constexpr std::uint64_t condition_stream = 15;

/// How often a fault that is on strikes in a minute, at most, and how long.
struct Habit {
    unsigned most = 2;
    unsigned least_ms = 0;
    unsigned most_ms = 0;
};

constexpr Habit habit_of(Fault fault) {
    switch (fault) {
        case Fault::drop:
        case Fault::delay:
        case Fault::duplicate:
        case Fault::reorder: return {3, 2'000, 15'000};
        case Fault::cut:
        case Fault::cut_one_way:
        case Fault::slow_link: return {4, 500, 8'000};
        case Fault::split:
        case Fault::isolate: return {3, 500, 6'000};
        case Fault::crash:
        case Fault::crash_in_step:
        case Fault::crash_in_write:
        case Fault::kill: return {4, 50, 6'000};
        case Fault::pause: return {4, 50, 5'000};
        case Fault::move_address: return {2, 50, 2'000};
        case Fault::lose_disk: return {2, 100, 2'000};
        case Fault::flip_bits: return {2, 50, 2'000};
        case Fault::read_error:
        case Fault::write_error:
        case Fault::sync_error: return {2, 500, 3'000};
        case Fault::full_disk:
        case Fault::hang_disk: return {2, 300, 5'000};
        case Fault::drift:
        case Fault::drift_beyond: return {3, 5'000, 30'000};
        case Fault::freeze_clock: return {2, 200, 3'000};
        case Fault::jump_wall: return {4, 0, 0};
        case Fault::add_member:
        case Fault::remove_member:
        case Fault::replace_member:
        case Fault::learner: return {2, 1'000, 4'000};
        case Fault::move_lead: return {4, 0, 0};
        case Fault::change_config: return {2, 0, 0};
        case Fault::lose_majority: return {1, 200, 1'000};
        case Fault::short_timeouts: return {2, 2'000, 15'000};
        case Fault::pile_up: return {2, 100, 1'000};
        case Fault::slow_value:
        case Fault::slow_hooks:
        case Fault::throwing_hooks:
        case Fault::slow_snapshots: return {2, 1'000, 8'000};
        case Fault::upgrade: return {1, 200, 1'000};
        case Fault::contest_lead: return {3, 4'000, 12'000};
        case Fault::lose_half: return {1, 0, 0};
        // They are there all the time.
        case Fault::silence:
        case Fault::scrub: return {0, 0, 0};
    }
    return {};
}

Faults swarm(const Options& options) {
    if (!options.swarm) return options.faults;
    auto chance = stream_of(options.seed, swarm_stream);
    // How dense the swarm is differs from seed to seed, too: sometimes one fault alone.
    const std::uint64_t share = chance.one_to(100);
    Faults on;
    for (std::uint8_t i = 0; i < fault_count; ++i) {
        const bool lucky = chance.one_to(100) <= share;
        if (lucky && options.faults.has(static_cast<Fault>(i))) on = on.with(static_cast<Fault>(i));
    }
    return on;
}

/// Small numbers, so that snapshots, compaction and full windows happen all the time.
GroupConfig draw_config(core::Random& chance) {
    const auto one_of = [&chance](auto... choices) {
        const std::array all{choices...};
        return all[chance.one_to(all.size()) - 1];
    };
    GroupConfig config;
    config.election_timeout = milliseconds(one_of(300, 600, 1'000, 2'000));
    config.heartbeat_interval = config.election_timeout / one_of(3, 5);
    if (chance.one_to(2) == 1) config.clock_drift_margin = config.election_timeout / one_of(3, 10);
    config.leader_transfer_timeout = config.election_timeout * one_of(1, 2);
    config.max_retained_command_results = one_of(20U, 2'000U);
    config.session_timeout = std::chrono::seconds(one_of(3, 3'600, 3'600));
    config.max_append_bytes = one_of(200U, 2'000U, 100'000U);
    config.max_inflight_bytes = one_of(1'000U, 20'000U, 1'000'000U);
    config.snapshot_floor_bytes = one_of(500U, 3'000U, 20'000U, 1'000'000U);
    config.log_file_expansion_factor = one_of(1.0, 3.0, 10.0);
    config.log_bytes_kept = one_of(0U, 1'000U, 10'000U);
    config.snapshot_chunk_bytes = one_of(1'024U, 4'096U);
    config.max_hook_backlog = one_of(8U, 64U, 4'096U);
    return config;
}

WorldOptions draw_world(const Options& options, core::Random& chance) {
    const auto one_of = [&chance](auto... choices) {
        const std::array<std::uint64_t, sizeof...(choices)> all{
            static_cast<std::uint64_t>(choices)...};
        return all[chance.one_to(all.size()) - 1];
    };
    WorldOptions world;
    world.seed = options.seed;
    world.pace.most_disk = one_of(50, 500, 3'000);
    world.pace.most_job = one_of(20, 200, 2'000);
    world.pace.most_wake = one_of(1, 20, 500);
    world.weather.least_delay = one_of(20, 200, 2'000);
    world.weather.most_delay = world.weather.least_delay + one_of(50, 1'000, 8'000);
    world.journal.segment_bytes = one_of(16 << 10, 64 << 10);
    world.journal.prewrite_bytes = 4 << 10;
    world.journal.reserve_bytes = 4 << 10;
    world.journal.move_bytes = 4 << 10;
    return world;
}

void draw_conditions(Plan& plan) {
    auto chance = stream_of(plan.options.seed, condition_stream);
    constexpr std::array silences{milliseconds(50), milliseconds(200), milliseconds(1'000)};
    const auto silence = silences[chance.one_to(silences.size()) - 1];
    const auto period = std::chrono::seconds(chance.one_to(2) == 1 ? 2 : 20);
    if (plan.on.has(Fault::silence)) plan.world.quiesce_after = silence;
    if (plan.on.has(Fault::scrub)) plan.world.scrub = {period, 1 << 20};
}

std::vector<Strike> draw_strikes(const Plan& plan) {
    std::vector<Strike> strikes;
    const double minutes = std::chrono::duration<double>(plan.time).count() / 60.0;
    for (std::uint8_t i = 0; i < fault_count; ++i) {
        const auto fault = static_cast<Fault>(i);
        if (!plan.on.has(fault)) continue;
        auto chance = stream_of(plan.options.seed, strike_stream, i);
        const Habit habit = habit_of(fault);
        if (habit.most == 0) continue;
        const auto most = std::max(1U, static_cast<unsigned>(habit.most * minutes));
        const auto count = chance.one_to(most);
        for (std::uint64_t n = 0; n < count; ++n) {
            Strike strike;
            strike.fault = fault;
            strike.at = plan.time * static_cast<std::int64_t>(chance.one_to(950)) / 1'000;
            strike.lasts = milliseconds(habit.least_ms +
                                        chance.one_to(habit.most_ms - habit.least_ms + 1) - 1);
            strike.choice = chance.next();
            strikes.push_back(strike);
        }
    }
    std::ranges::sort(strikes, {}, [](const Strike& strike) {
        return std::tuple(strike.at, strike.fault, strike.choice);
    });
    for (std::size_t i = 0; i < strikes.size(); ++i) strikes[i].number = static_cast<unsigned>(i);
    return strikes;
}

std::vector<PlannedCall> draw_calls(const Plan& plan) {
    std::vector<PlannedCall> calls;
    const Options& options = plan.options;
    for (unsigned i = 0; i < options.operations; ++i) {
        auto chance = stream_of(options.seed, call_stream, i);
        PlannedCall call;
        call.number = i;
        call.at = plan.time * static_cast<std::int64_t>(chance.one_to(10'000)) / 10'000;
        call.client = static_cast<unsigned>(chance.one_to(options.clients)) - 1;
        call.choice = chance.next();
        calls.push_back(call);
    }
    std::ranges::sort(calls, {},
                      [](const PlannedCall& call) { return std::pair(call.at, call.number); });
    return calls;
}

template <class T>
void keep_only(std::vector<T>& all, const std::optional<std::vector<unsigned>>& numbers) {
    if (!numbers) return;
    std::erase_if(all, [&](const T& one) {
        return std::ranges::find(*numbers, one.number) == numbers->end();
    });
}

Result<void> validate(const Options& options) {
    const auto range = [](std::string_view name, auto value, auto low, auto high) -> Result<void> {
        if (value >= low && value <= high) return {};
        return fail(ErrorCode::invalid, std::string(name) + " is " + std::to_string(value) +
                                            "; allowed are " + std::to_string(low) + " to " +
                                            std::to_string(high));
    };
    if (auto ok = range("nodes", options.nodes, 1U, 9U); !ok) return ok;
    if (auto ok = range("clients", options.clients, 1U, 1'000U); !ok) return ok;
    if (auto ok = range("operations", options.operations, 0U, 1'000'000U); !ok) return ok;
    if (auto ok = range("time", options.time.count(), std::int64_t{1}, std::int64_t{86'400}); !ok) {
        return ok;
    }
    return options.config ? options.config->validate() : Result<void>{};
}

}  // namespace

Result<Plan> plan_of(const Options& options) {
    if (auto valid = validate(options); !valid) return std::unexpected(valid.error());
    Plan plan;
    plan.options = options;
    plan.time = options.time;
    plan.on = swarm(options);
    auto chance = stream_of(options.seed, config_stream);
    const GroupConfig drawn = draw_config(chance);
    plan.config = options.config.value_or(drawn);
    plan.world = draw_world(options, chance);
    plan.durable = options.durable.value_or(chance.one_to(8) != 1);
    plan.world.durable = plan.durable;
    draw_conditions(plan);
    plan.strikes = draw_strikes(plan);
    plan.calls = draw_calls(plan);
    keep_only(plan.strikes, options.only_strikes);
    keep_only(plan.calls, options.only_operations);
    return plan;
}

}  // namespace rafted::sim

// The names of the faults, and the small things of the public header.
#include <array>

#include "core/random.hpp"
#include "rafted/sim.hpp"
#include "sim/page.hpp"

namespace rafted::sim {
namespace {

constexpr std::array<std::string_view, fault_count> names{
    "drop",          "delay",          "duplicate",      "reorder",        "cut",
    "cut_one_way",   "split",          "isolate",        "slow_link",      "crash",
    "crash_in_step", "crash_in_write", "kill",           "pause",          "move_address",
    "lose_disk",     "flip_bits",      "read_error",     "write_error",    "sync_error",
    "full_disk",     "hang_disk",      "drift",          "drift_beyond",   "freeze_clock",
    "jump_wall",     "add_member",     "remove_member",  "replace_member", "learner",
    "move_lead",     "change_config",  "lose_majority",  "short_timeouts", "pile_up",
    "slow_value",    "slow_hooks",     "throwing_hooks", "slow_snapshots", "upgrade",
    "contest_lead",  "lose_half",      "silence",        "scrub"};

}  // namespace

std::string_view name_of(Fault fault) { return names[static_cast<std::size_t>(fault)]; }

std::optional<Fault> fault_of(std::string_view name) {
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i] == name) return static_cast<Fault>(i);
    }
    return std::nullopt;
}

Result<std::string> page_of(std::string_view trace) { return trace_page(trace); }

std::uint64_t Chance::next() {
    core::Random random(state_);
    const auto number = random.next();
    state_ = random.state();
    return number;
}

}  // namespace rafted::sim

#include "host/scrubber.hpp"

#include <algorithm>

namespace rafted::host {
namespace {

/// Read at a time.
constexpr std::size_t step_bytes = 256 << 10;
/// A node that has just started has read all of it.
constexpr auto longest_first_pause = std::chrono::minutes(1);
constexpr auto shortest_pause = std::chrono::milliseconds(1);

core::Duration share_of(core::Duration whole, std::uint64_t part, std::uint64_t of) {
    const double share = static_cast<double>(part) / static_cast<double>(of);
    return core::Duration(static_cast<std::int64_t>(share * static_cast<double>(whole.count())));
}

}  // namespace

Scrubber::Scrubber(Services& services, ScrubPace pace, Asks asks)
    : services_(services), pace_(pace), asks_(std::move(asks)) {
    if (pace_.period == core::Duration::zero()) return;
    lane_ = services_.workers.open_lane(ports::Urgency::background);
    due_at_ =
        services_.clock.steady() + std::min<core::Duration>(pace_.period, longest_first_pause);
}

void Scrubber::step(core::Time now) {
    if (now < due_at_) return;
    due_at_ = core::never;
    services_.workers.post(lane_, [this, alive = std::weak_ptr(alive_), &services = services_] {
        auto said = std::make_shared<ports::Scrubbed>(services.storage.scrub(step_bytes));
        services.mailbox.put(Completion([this, said, alive] {
            if (!alive.expired()) take(*said);
        }));
    });
}

void Scrubber::take(const ports::Scrubbed& said) {
    services_.metrics.scrubbed_bytes += said.bytes;
    services_.metrics.scrubs += said.is_over ? 1U : 0U;
    services_.metrics.scrub_damages += said.damages.size();
    for (const ports::Scrubbed::Damage& damage : said.damages) {
        const std::string group = damage.slot ? asks_.name_of(*damage.slot) : std::string();
        services_.log(LogLevel::error,
                      damage.text + (group.empty() ? "" : " (group '" + group + "')"));
        if (damage.needs_snapshot) asks_.renew(*damage.slot);
    }
    due_at_ = services_.clock.steady() + pause_after(said);
}

core::Duration Scrubber::pause_after(const ports::Scrubbed& said) const {
    if (said.total == 0) return pace_.period;
    const std::uint64_t bytes = std::min(said.bytes, said.total);
    const core::Duration even = share_of(pace_.period, bytes, said.total);
    const core::Duration least =
        share_of(std::chrono::seconds(1), said.bytes, pace_.bytes_per_second);
    return std::max<core::Duration>({even, least, shortest_pause});
}

}  // namespace rafted::host

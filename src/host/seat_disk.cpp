// What a seat does when its disk takes nothing, hangs or has failed (D12).
#include <utility>

#include "host/seat.hpp"
#include "host/withhold.hpp"

namespace rafted::host {
namespace {

constexpr auto full_disk_pause = std::chrono::milliseconds(100);
constexpr auto reload_pause = std::chrono::seconds(1);

}  // namespace

void Seat::refused(Write write, const Result<void>& result) {
    if (!result && !retry_at_) {
        say_refused(result.error());
        resign(result.error().code == ErrorCode::disk_full);
    }
    if (!result && result.error().code == ErrorCode::disk_failed) fence(result.error());
    // By itself it may still fit, and is tried at once; if it was by itself, only with all else.
    if (!result && write.when_durable) addresses_.not_saved();
    retry_at_ = fenced_ ? core::never : services_.clock.steady() + full_disk_pause;
    changed_();
    if (!result) return;
    if (!write.when_durable) {
        return promise(write.then_send, member_.state().stable_hard);
    }
    // A term and a vote still fit, and may be promised if they were part of this write; a snapshot
    // stands by itself, and the log on disk begins behind it. Entries came after something that is
    // not there.
    auto& persisted = *write.when_durable;
    if (!write.has_hard_state) persisted.hard_state = member_.state().stable_hard;
    promise(write.then_send, persisted.hard_state);
    give(core::Persisted{std::move(persisted.hard_state), Index(), Term(),
                         std::move(persisted.snapshot)});
}

/// Once, and once that it is over: what is refused is tried again ten times a second.
void Seat::say_refused(const Error& why) {
    if (std::exchange(was_refused_, true)) return;
    services_.log(LogLevel::error, "group " + record_.name + ": " + to_string(why));
}

void Seat::say_written() {
    if (!std::exchange(was_refused_, false)) return;
    services_.log(LogLevel::info,
                  "group " + record_.name + ": what the disk had refused has been written");
}

core::Duration Seat::disk_patience() const {
    const core::Duration timeout = member_.state().config().election_timeout;
    const double share = services_.disk_patience;
    return core::Duration(static_cast<std::int64_t>(share * static_cast<double>(timeout.count())));
}

void Seat::mind_the_disk(core::Time now) {
    if (!member_.leads() || now < pulse_.due_at(disk_patience())) return;
    pulse_.warned(now);
    const auto silence = std::chrono::ceil<std::chrono::milliseconds>(pulse_.silence(now));
    services_.log(LogLevel::warning,
                  "group " + record_.name + ": the disk has ended no write for " +
                      std::to_string(silence.count()) +
                      " ms; the lead goes to a member that has everything, if there is one");
    if (!member_.state().hand_over) resign();
}

/// A failed sync tells nothing of what is on the disk: this place promises nothing any more (D12).
void Seat::fence(const Error& why) {
    if (fenced_) return;
    fenced_ = why;
    waiters_.fail_all(why);
    for (auto& done : std::exchange(ready_, {})) done(std::unexpected(why));
}

void Seat::unreadable(const Error& why) {
    if (!unreadable_) {
        services_.log(LogLevel::error, "group " + record_.name + ": its snapshot cannot be read: " +
                                           to_string(why) + "; it is tried again once a second");
    }
    unreadable_ = why;
    reload_at_ = services_.clock.steady() + reload_pause;
    changed_();
}

void Seat::was_read() {
    if (!std::exchange(unreadable_, std::nullopt)) return;
    services_.log(LogLevel::info, "group " + record_.name + ": its snapshot has been read");
}

/// Sends what may be said now that this hard state is on disk.
void Seat::promise(std::vector<core::Message>& messages, const core::HardState& durable) {
    if (retry_at_) withhold(messages, {member_.state(), durable, fenced_.has_value()});
    send(messages);
}

}  // namespace rafted::host

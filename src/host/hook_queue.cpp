#include "host/hook_queue.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <utility>

namespace rafted::host {
namespace {

/// Hooks handed to the lane at once: one trip through the mailbox for many quick ones.
constexpr std::size_t batch_size = 64;

}  // namespace

struct HookQueue::Batch {
    std::string group;
    Term term;
    Index since;
    std::vector<HookEvent> events;
    std::atomic<bool> lead_lost = false;
    std::size_t ran = 0;
    std::size_t threw = 0;

    void run(const Services& services) {
        while (ran < events.size() && !lead_lost) {
            const HookEvent& event = events[ran++];
            const auto error = call(event);
            if (!error) continue;
            ++threw;
            services.log(LogLevel::warning, "group " + group + ": a leader hook at index " +
                                                to_string(event.index) + " threw: " + *error);
        }
    }

private:
    /// What it threw, if it threw.
    std::optional<std::string> call(const HookEvent& event) const {
        try {
            event.call({group, term, event.index, event.index < since});
            return std::nullopt;
        } catch (const std::exception& error) {
            return error.what();
        } catch (...) {
            return "something that is no std::exception";
        }
    }
};

HookQueue::HookQueue(Services& services, Start start)
    : services_(services),
      group_(std::move(start.group)),
      progressed_(std::move(start.progressed)),
      lane_(services.workers.open_lane(ports::Urgency::prompt)),
      restored_due_(start.from_files) {}

bool HookQueue::is_wanted(const HookEvent& event) const {
    if (event.leadership == Term()) return event.index > confirmed_;
    return leading_ && event.leadership == term_;
}

void HookQueue::add(std::vector<HookEvent> events, Index applied) {
    std::ranges::copy_if(std::make_move_iterator(events.begin()),
                         std::make_move_iterator(events.end()), std::back_inserter(waiting_),
                         [this](const HookEvent& event) { return is_wanted(event); });
    applied_ = std::max(applied_, applied);
    pump();
}

void HookQueue::lead(Term term, Index since) {
    leading_ = true;
    term_ = term;
    since_ = since;
    pump();
}

void HookQueue::stop() {
    leading_ = false;
    if (running_) running_->lead_lost = true;
    std::erase_if(waiting_, [this](const HookEvent& event) { return !is_wanted(event); });
}

void HookQueue::confirmed(Index upto) {
    confirmed_ = std::max(confirmed_, upto);
    while (!waiting_.empty() && !is_wanted(waiting_.front())) waiting_.pop_front();
}

Index HookQueue::done() const {
    Index done = applied_;
    if (running_) {
        done = running_->events.front().index - 1;
    } else if (!waiting_.empty()) {
        done = waiting_.front().index - 1;
    }
    return std::max(done, confirmed_);
}

std::size_t HookQueue::running_size() const { return running_ ? running_->events.size() : 0; }

void HookQueue::pump() {
    if (!leading_ || running_ || waiting_.empty()) return;
    const std::size_t count = std::min(waiting_.size(), batch_size);
    const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(count);
    running_ = std::make_shared<Batch>();
    running_->group = group_;
    running_->term = term_;
    running_->since = since_;
    running_->events.assign(std::make_move_iterator(waiting_.begin()),
                            std::make_move_iterator(end));
    waiting_.erase(waiting_.begin(), end);
    auto job = [this, batch = running_, alive = std::weak_ptr(alive_), &services = services_] {
        batch->run(services);
        services.mailbox.put(Completion([this, batch, alive] {
            if (!alive.expired()) finished(*batch);
        }));
    };
    services_.workers.post(lane_, std::move(job));
}

void HookQueue::finished(const Batch& batch) {
    services_.metrics.hooks_run += batch.ran;
    services_.metrics.hooks_threw += batch.threw;
    const auto rest = batch.events.begin() + static_cast<std::ptrdiff_t>(batch.ran);
    const bool restored = std::any_of(batch.events.begin(), rest,
                                      [](const HookEvent& event) { return event.restored; });
    restored_due_ = restored_due_ && !restored;
    std::vector<HookEvent> left;
    std::copy_if(rest, batch.events.end(), std::back_inserter(left),
                 [this](const HookEvent& event) { return is_wanted(event); });
    running_.reset();
    waiting_.insert(waiting_.begin(), std::make_move_iterator(left.begin()),
                    std::make_move_iterator(left.end()));
    if (!restored_due_) {
        std::erase_if(waiting_, [](const HookEvent& event) { return event.restored; });
    }
    pump();
    progressed_();
}

}  // namespace rafted::host

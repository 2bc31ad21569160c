#include "host/hook_queue.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace rafted::host {
namespace {

/// Hooks handed to the lane at once: few, so that a lost lead stops the rest soon.
constexpr std::size_t batch_size = 64;

struct HookBatch {
    std::string group;
    Term term;
    Index since;
    std::vector<HookEvent> events;
};

std::size_t run(const HookBatch& batch, const Services& services) {
    std::size_t threw = 0;
    for (const HookEvent& event : batch.events) {
        const HookContext context{batch.group, batch.term, event.index, event.index < batch.since};
        std::string what;
        try {
            event.call(context);
            continue;
        } catch (const std::exception& error) {
            what = error.what();
        } catch (...) {
            what = "something that is no std::exception";
        }
        ++threw;
        services.log(LogLevel::warning, "group " + batch.group + ": a leader hook at index " +
                                            to_string(event.index) + " threw: " + what);
    }
    return threw;
}

}  // namespace

HookQueue::HookQueue(Services& services, std::string group, std::function<void()> progressed)
    : services_(services),
      group_(std::move(group)),
      progressed_(std::move(progressed)),
      lane_(services.workers.open_lane()) {}

void HookQueue::add(std::vector<HookEvent> events, Index applied) {
    std::ranges::move(events, std::back_inserter(waiting_));
    applied_ = std::max(applied_, applied);
    pump();
}

void HookQueue::lead(Term term, Index since) {
    leading_ = true;
    term_ = term;
    since_ = since;
    pump();
}

void HookQueue::confirmed(Index upto) {
    if (leading_) return;
    while (!waiting_.empty() && waiting_.front().index <= upto) waiting_.pop_front();
}

Index HookQueue::done() const {
    if (running_ > 0) return running_from_ - 1;
    return waiting_.empty() ? applied_ : waiting_.front().index - 1;
}

void HookQueue::pump() {
    if (!leading_ || running_ > 0 || waiting_.empty()) return;
    auto batch = std::make_shared<HookBatch>(HookBatch{group_, term_, since_, {}});
    while (!waiting_.empty() && batch->events.size() < batch_size) {
        batch->events.push_back(std::move(waiting_.front()));
        waiting_.pop_front();
    }
    running_ = batch->events.size();
    running_from_ = batch->events.front().index;
    services_.workers.post(lane_, [this, batch, alive = std::weak_ptr(alive_),
                                   &services = services_] {
        const std::size_t threw = run(*batch, services);
        services.mailbox.put(Completion([this, threw, alive] {
            if (!alive.expired()) finished(threw);
        }));
    });
}

void HookQueue::finished(std::size_t threw) {
    services_.metrics.hooks_run += running_;
    services_.metrics.hooks_threw += threw;
    running_ = 0;
    pump();
    progressed_();
}

}  // namespace rafted::host

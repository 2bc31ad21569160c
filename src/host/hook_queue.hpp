// The leader hooks of one group that wait to be run, in log order, on a lane of their own. A
// follower keeps what its leader has not confirmed, so that the next leader runs what the last one
// could not (D7).
//   1. Hooks run only between lead() and stop(); one after the other.
//   2. done() never names an index whose hooks have not all run here, or been confirmed.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "host/services.hpp"
#include "host/value_lane.hpp"

namespace rafted::host {

class HookQueue {
public:
    /// `progressed` is called on the loop whenever hooks have run.
    HookQueue(Services& services, std::string group, std::function<void()> progressed);

    void add(std::vector<HookEvent> events, Index applied);
    /// The hooks from `since` on belong to this leadership; older ones are replays.
    void lead(Term term, Index since);
    void stop() { leading_ = false; }
    /// The leader has run the hooks up to here.
    void confirmed(Index upto);

    /// Hooks have run for everything up to here.
    Index done() const;
    std::size_t size() const { return waiting_.size() + running_; }

private:
    void pump();
    void finished(std::size_t threw);

    Services& services_;
    std::string group_;
    std::function<void()> progressed_;
    ports::Lane lane_;
    std::deque<HookEvent> waiting_;
    Index applied_;  ///< Of the newest events added.
    bool leading_ = false;
    Term term_;
    Index since_;
    std::size_t running_ = 0;
    Index running_from_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace rafted::host

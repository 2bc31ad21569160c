// The leader hooks of one group that wait to be run, in log order, on a lane of their own. A
// follower keeps what its leader has not confirmed, so that the next leader runs what the last one
// could not (D7).
//   1. Hooks run only between lead() and stop(), one after the other; one that runs is not broken
//      off.
//   2. done() never names an index whose hooks have not all run here, or been confirmed.
//   3. What belongs to a leadership (queries, on_elected, on_restored_from_files) ends with it.
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
    struct Start {
        std::string group;
        bool from_files = false;  ///< The first leadership runs on_restored_from_files.
        /// Called on the loop whenever hooks have run.
        std::function<void()> progressed;
    };
    HookQueue(Services& services, Start start);

    void add(std::vector<HookEvent> events, Index applied);
    /// The hooks from `since` on belong to this leadership; older ones are replays.
    void lead(Term term, Index since);
    void stop();
    /// The leader has run the hooks up to here.
    void confirmed(Index upto);

    /// Hooks have run for everything up to here.
    Index done() const;
    /// on_restored_from_files has not run since the start, and should.
    bool restored_due() const { return restored_due_; }
    std::size_t size() const { return waiting_.size() + running_size(); }

private:
    struct Batch;

    void pump();
    void finished(const Batch& batch);
    bool is_wanted(const HookEvent& event) const;
    std::size_t running_size() const;

    Services& services_;
    std::string group_;
    std::function<void()> progressed_;
    ports::Lane lane_;
    std::deque<HookEvent> waiting_;
    std::shared_ptr<Batch> running_;
    Index applied_;    ///< Of the newest events added.
    Index confirmed_;  ///< By whoever led when this member did not.
    bool restored_due_;
    bool leading_ = false;
    Term term_;
    Index since_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace rafted::host

// The one back edge: everything that happens outside the loop comes in here and is taken, all of it
// at once, by the next turn. The lock is held only to push or to swap.
//   1. put() and put_below() from any thread; take() by the loop.
//   2. Items are taken in the order in which they were put.
//   3. wake is called once when the mailbox was empty, outside the lock.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <utility>
#include <variant>
#include <vector>

#include "ports/door.hpp"
#include "ports/job.hpp"
#include "ports/transport.hpp"

namespace rafted::host {

struct Call {
    ports::ClientRequest request;
    ports::Reply reply;
};
/// A completion from another thread: what to do with it on the loop.
using Completion = ports::Job;
using MailItem = std::variant<ports::Envelope, Call, Completion>;

class Mailbox {
public:
    explicit Mailbox(std::function<void()> wake) : wake_(std::move(wake)) {}

    void put(MailItem item) { (void)put_below(SIZE_MAX, item); }
    /// Takes the item unless so many wait already; returns whether it has.
    bool put_below(std::size_t most, MailItem& item) {
        bool was_empty = false;
        {
            const std::lock_guard lock(mutex_);
            if (items_.size() >= most) return false;
            was_empty = items_.empty();
            items_.push_back(std::move(item));
        }
        if (was_empty) wake_();
        return true;
    }

    /// All there is, in exchange for the memory that the next ones take.
    std::vector<MailItem> take(std::vector<MailItem> empty = {}) {
        const std::lock_guard lock(mutex_);
        return std::exchange(items_, std::move(empty));
    }

    std::size_t size() const {
        const std::lock_guard lock(mutex_);
        return items_.size();
    }

private:
    std::function<void()> wake_;
    mutable std::mutex mutex_;
    std::vector<MailItem> items_;
};

}  // namespace rafted::host

#include "client/session.hpp"

namespace rafted::client {

void Session::open(std::uint64_t id) {
    id_ = id;
    lowest_ = 1;
    done_.clear();
}

value::SessionId Session::take() {
    const auto sequence = lowest_ + done_.size();
    done_.push_back(false);
    return {.session = id_, .sequence = sequence, .confirmed_below = lowest_};
}

void Session::finish(const value::SessionId& command) {
    if (command.session != id_ || command.sequence < lowest_) return;
    done_[command.sequence - lowest_] = true;
    while (!done_.empty() && done_.front()) {
        done_.pop_front();
        ++lowest_;
    }
}

}  // namespace rafted::client

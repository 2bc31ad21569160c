// The hand-over of an answer between two threads.
#include "rafted/pending.hpp"

namespace rafted::detail {

void AnswerSlot::put(Result<Bytes> answer) {
    Receiver receiver;
    {
        const std::lock_guard lock(mutex_);
        if (put_) return;
        put_ = true;
        if (receiver_) {
            receiver = std::exchange(receiver_, nullptr);
        } else {
            answer_ = std::move(answer);
            // Under the lock: whoever waits may destroy the slot as soon as it has the answer.
            arrived_.notify_all();
        }
    }
    if (receiver) receiver(std::move(answer));
}

Result<Bytes> AnswerSlot::take() {
    std::unique_lock lock(mutex_);
    if (taken_) return fail(ErrorCode::invalid, "this answer has been taken already");
    taken_ = true;
    const auto caller = put_ ? nullptr : caller_.lock();
    if (caller && caller->answers_on_this_thread()) {
        return fail(
            ErrorCode::timeout,
            "to wait here would never end: this callback or coroutine is on the thread that "
            "brings the answer; use then() or co_await");
    }
    arrived_.wait(lock, [this] { return put_; });
    Result<Bytes> answer = std::move(*answer_);
    answer_.reset();
    return answer;
}

bool AnswerSlot::is_ready() const {
    const std::lock_guard lock(mutex_);
    return put_ || taken_;
}

bool AnswerSlot::hand_to(Receiver&& receiver) {
    const std::lock_guard lock(mutex_);
    if (put_ || taken_) return false;
    taken_ = true;
    receiver_ = std::move(receiver);
    return true;
}

}  // namespace rafted::detail

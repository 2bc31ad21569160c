// Pending: an answer that is on its way. One-shot: take it once, by whichever way fits the caller.
//   auto total = counter.start_command(3).get();               // block
//   counter.start_command(3).then([](Result<int> total) {…});  // be called
//   auto later = counter.start_command(3).future();            // std::future
//   auto total = co_await counter.start_command(3);            // coroutine
//   1. Every call gets its answer, at the latest when its timeout is over (then Error timeout).
//   2. Callbacks and coroutines go on at a thread of the library (or at once, if the answer is
//      there already): they must not block it. A get() in them, or a call that waits, ends at once
//      with timeout if it would wait for that very thread.
#pragma once

#include <condition_variable>
#include <coroutine>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "rafted/caller.hpp"
#include "rafted/codec.hpp"
#include "rafted/result.hpp"

namespace rafted {

namespace detail {

/// Where an answer in bytes is handed over, from the library's thread to whoever waits. The only
/// lock between them.
class AnswerSlot {
public:
    using Receiver = std::move_only_function<void(Result<Bytes>)>;

    AnswerSlot() = default;
    /// Of a call that this caller was asked to make.
    explicit AnswerSlot(std::weak_ptr<const Caller> caller) : caller_(std::move(caller)) {}

    /// The answer; only the first one counts.
    void put(Result<Bytes> answer);
    /// Blocks until there is one and takes it; a second time fails with invalid. Fails with timeout
    /// at once where it would block the thread that is to bring it.
    Result<Bytes> take();
    bool is_ready() const;
    /// False if the answer is there already: take() it then, the receiver is left alone. Else it
    /// will get it.
    bool hand_to(Receiver&& receiver);

private:
    const std::weak_ptr<const Caller> caller_;
    mutable std::mutex mutex_;
    std::condition_variable arrived_;
    std::optional<Result<Bytes>> answer_;
    Receiver receiver_;
    bool put_ = false;    // an answer has come
    bool taken_ = false;  // somebody has it, or has asked to get it
};

/// An answer's bytes as what the caller wants; an answer without content may hold anything.
template <class R>
Result<R> typed_answer(Result<Bytes> answer) {
    if (!answer) return std::unexpected(std::move(answer.error()));
    if constexpr (std::is_void_v<R>) {
        return {};
    } else {
        auto typed = decode<R>(*answer);
        // It was answered, so the error must not say "it did not happen", as invalid does.
        if (!typed) {
            typed = fail(ErrorCode::value_threw,
                         "it was executed, but its answer is not of the type this handle has for "
                         "it (does the group run another version of the value?): " +
                             typed.error().message);
        }
        return typed;
    }
}

}  // namespace detail

/// An answer of type Result<R>, to be taken once. Dropping it does not undo the call.
template <class R>
class Pending {
public:
    explicit Pending(std::shared_ptr<detail::AnswerSlot> slot) : slot_(std::move(slot)) {}
    Pending(Pending&&) noexcept = default;
    Pending& operator=(Pending&&) noexcept = default;
    Pending(const Pending&) = delete;
    Pending& operator=(const Pending&) = delete;

    /// Blocks until the answer is there. A second time fails with invalid; rule 2.
    [[nodiscard]] Result<R> get() { return detail::typed_answer<R>(slot_->take()); }
    /// Whether get() would return at once.
    bool is_ready() const { return slot_->is_ready(); }

    /// Calls `f(Result<R>)` once. requires: f does not throw and does not block.
    template <class F>
    void then(F f) {
        detail::AnswerSlot::Receiver receive = [f = std::move(f)](Result<Bytes> answer) mutable {
            f(detail::typed_answer<R>(std::move(answer)));
        };
        if (!slot_->hand_to(std::move(receive))) receive(slot_->take());
    }

    std::future<Result<R>> future() {
        auto promise = std::make_shared<std::promise<Result<R>>>();
        auto future = promise->get_future();
        then([promise](Result<R> answer) { promise->set_value(std::move(answer)); });
        return future;
    }

    class Awaiter {
    public:
        explicit Awaiter(std::shared_ptr<detail::AnswerSlot> slot) : slot_(std::move(slot)) {}
        bool await_ready() const { return slot_->is_ready(); }
        bool await_suspend(std::coroutine_handle<> waiting) {
            // The coroutine, and this with it, may be gone before hand_to returns.
            return slot_->hand_to([waiting, arrived = arrived_](Result<Bytes> answer) {
                *arrived = std::move(answer);
                waiting.resume();
            });
        }
        Result<R> await_resume() {
            return detail::typed_answer<R>(*arrived_ ? std::move(**arrived_) : slot_->take());
        }

    private:
        std::shared_ptr<detail::AnswerSlot> slot_;
        std::shared_ptr<std::optional<Result<Bytes>>> arrived_ =
            std::make_shared<std::optional<Result<Bytes>>>();
    };
    Awaiter operator co_await() const { return Awaiter(slot_); }

private:
    std::shared_ptr<detail::AnswerSlot> slot_;
};

}  // namespace rafted

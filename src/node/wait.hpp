// One answer that another thread will give, waited for with a deadline.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>

#include "rafted/result.hpp"

namespace rafted::node {

/// As long as anybody waits: a year. Keeps deadlines far from the end of time.
inline std::chrono::milliseconds bounded(std::chrono::milliseconds time) {
    constexpr std::chrono::milliseconds none{0};
    constexpr std::chrono::milliseconds longest = std::chrono::hours(24 * 365);
    return std::clamp(time, none, longest);
}

template <class T>
class Awaited {
public:
    /// To be called once, from any thread, even after nobody waits any more.
    std::function<void(Result<T>)> callback() const {
        return [promise = promise_](Result<T> result) { promise->set_value(std::move(result)); };
    }
    /// Fails with timeout, naming what was waited for.
    Result<T> wait(std::chrono::milliseconds time, const std::string& what) {
        if (future_.wait_for(time) == std::future_status::ready) return future_.get();
        return fail(ErrorCode::timeout, what + " did not come to an end within " +
                                            std::to_string(time.count()) + " ms");
    }

private:
    std::shared_ptr<std::promise<Result<T>>> promise_ = std::make_shared<std::promise<Result<T>>>();
    std::future<Result<T>> future_ = promise_->get_future();
};

}  // namespace rafted::node

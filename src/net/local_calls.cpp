#include "net/local_calls.hpp"

#include <algorithm>
#include <utility>

namespace rafted::net {

void LocalCalls::send(ports::Door& door, const std::string& address, ports::ClientRequest request,
                      ports::Reply reply) {
    {
        const std::lock_guard lock(mutex_);
        if (closed_) {
            return refuse(std::move(reply), {ErrorCode::stopped, "the network is closed", {}});
        }
    }
    if (waiting_.size() >= most_) {
        return refuse(std::move(reply),
                      {ErrorCode::busy, "too many requests wait for their answers", {}});
    }
    const std::uint64_t id = next_id_++;
    const core::Time deadline = loop_.now() + request.timeout;
    expire_by(deadline);
    waiting_.emplace(id, Waiting{std::move(reply), deadline, address});
    inside_door_ = true;
    door.request(std::move(request), [self = shared_from_this(), id](Result<Bytes> result) {
        self->answer({id, std::move(result)});
    });
    inside_door_ = false;
}

/// Never from within send(): a caller that tries again at once would go round in a circle.
void LocalCalls::refuse(ports::Reply reply, Error why) {
    const auto shared = std::make_shared<ports::Reply>(std::move(reply));
    const bool posted = loop_.post([shared, why] { (*shared)(std::unexpected(why)); });
    if (!posted) (*shared)(std::unexpected(std::move(why)));
}

void LocalCalls::answer(Arrived arrived) {
    {
        const std::lock_guard lock(mutex_);
        if (closed_) return;
        if (!loop_.in_loop() || inside_door_) {
            arrived_.push_back(std::move(arrived));
            if (arrived_.size() > 1) return;
            loop_.post([self = shared_from_this()] { self->answer_all(); });
            return;
        }
    }
    finish(arrived.id, std::move(arrived.result));
}

void LocalCalls::answer_all() {
    std::vector<Arrived> all;
    {
        const std::lock_guard lock(mutex_);
        all.swap(arrived_);
    }
    for (Arrived& one : all) finish(one.id, std::move(one.result));
}

void LocalCalls::finish(std::uint64_t id, Result<Bytes> result) {
    const auto node = waiting_.extract(id);
    if (node) node.mapped().reply(std::move(result));
}

/// One timer for all requests: most are answered long before, so it is rarely set again.
void LocalCalls::expire_by(core::Time deadline) {
    if (deadline >= next_expiry_) return;
    loop_.cancel(timer_);
    next_expiry_ = deadline;
    timer_ = loop_.call_at(deadline, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->expire();
    });
}

void LocalCalls::expire() {
    next_expiry_ = core::never;
    core::Time next = core::never;
    std::vector<std::uint64_t> late;
    const core::Time now = loop_.now();
    for (const auto& [id, one] : waiting_) {
        if (one.deadline <= now) {
            late.push_back(id);
        } else {
            next = std::min(next, one.deadline);
        }
    }
    for (const std::uint64_t id : late) {
        const auto found = waiting_.find(id);
        if (found == waiting_.end()) continue;
        const std::string address = found->second.address;
        finish(id, fail(ErrorCode::timeout, address + " did not answer in time"));
    }
    if (next != core::never) expire_by(next);
}

void LocalCalls::close() {
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        arrived_.clear();
    }
    loop_.cancel(timer_);
    for (auto& [id, one] : std::exchange(waiting_, {})) {
        one.reply(fail(ErrorCode::stopped, "the network was closed before the answer came"));
    }
}

}  // namespace rafted::net

#include "host/waiters.hpp"

#include <utility>

namespace rafted::host {

core::RequestId Waiters::add(Waiter waiter) {
    by_request_.emplace(next_, std::move(waiter));
    return next_++;
}

void Waiters::set_query(core::RequestId request, Bytes query) {
    by_request_.at(request).query = std::move(query);
}

void Waiters::place(const core::Accepted& accepted) {
    auto waiter = take(accepted.request);
    if (waiter) placed_.push_back({accepted.index, accepted.term, std::move(*waiter)});
}

std::optional<Waiter> Waiters::take(core::RequestId request) {
    auto node = by_request_.extract(request);
    if (node.empty()) return std::nullopt;
    return std::move(node.mapped());
}

std::optional<Waiter> Waiters::applied(Index index, Term term) {
    while (!placed_.empty() && placed_.front().index <= index) {
        Placed placed = std::move(placed_.front());
        placed_.pop_front();
        if (placed.index == index && placed.term == term) return std::move(placed.waiter);
        placed.waiter.reply(fail(ErrorCode::lost_lead, "another entry took this command's place"));
    }
    return std::nullopt;
}

void Waiters::fail_placed(const Error& error) {
    auto placed = std::exchange(placed_, {});
    for (Placed& each : placed) each.waiter.reply(std::unexpected(error));
}

void Waiters::fail_all(const Error& error) {
    fail_placed(error);
    auto waiting = std::exchange(by_request_, {});
    for (auto& [request, waiter] : waiting) waiter.reply(std::unexpected(error));
}

}  // namespace rafted::host

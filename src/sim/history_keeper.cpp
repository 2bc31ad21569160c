#include "sim/history_keeper.hpp"

namespace rafted::sim {
namespace {

std::uint64_t number_of(core::Time time) {
    return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

}  // namespace

void HistoryKeeper::called(const Called& fact, BytesView body) {
    Kept kept;
    kept.counts = !is_closed_ && fact.kind != CallKind::stale_query;
    if (kept.counts) {
        kept.call.client = fact.client;
        kept.call.input.assign(body.begin(), body.end());
        kept.call.start = number_of(fact.at);
        kept.call.read_only = fact.kind == CallKind::query;
    }
    kept_.push_back(std::move(kept));
}

void HistoryKeeper::replied(const Replied& reply, const Result<Bytes>& result, bool counts) {
    Kept& kept = kept_.at(reply.operation - 1);
    if (reply.outcome == Outcome::no) kept.counts = false;
    if (reply.outcome != Outcome::ok || is_closed_) return;
    if (!counts) kept.counts = false;
    kept.call.end = number_of(reply.at);
    // Without bytes the value has thrown: it took place, and its answer says nothing.
    if (result) kept.call.output = *result;
}

std::vector<history::Call> HistoryKeeper::calls() const {
    std::vector<history::Call> calls;
    for (const Kept& kept : kept_) {
        if (kept.counts) calls.push_back(kept.call);
    }
    return calls;
}

}  // namespace rafted::sim

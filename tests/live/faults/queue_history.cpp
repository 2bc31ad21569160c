#include "live/faults/queue_history.hpp"

#include <functional>
#include <unordered_map>

namespace rafted::test {
namespace {

Bytes bytes_of(const std::string& text) {
    const auto view = std::as_bytes(std::span(text));
    return {view.begin(), view.end()};
}

std::string text_of(const Bytes& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// A queue's length and a digest of all that was put into it, in order.
struct Queued {
    std::uint64_t length = 0;
    std::uint64_t digest = 0;

    Queued with(const std::string& item) const {
        const std::size_t own = std::hash<std::string>{}(item);
        return {length + 1, (digest ^ own) * 0x9E3779B97F4A7C15U + 1};
    }
    std::string text() const {
        return std::to_string(length) + " items, " + std::to_string(digest);
    }
};

std::string answer(std::uint64_t length) { return std::to_string(length); }
std::string answer(const std::vector<std::string>& items) {
    Queued state;
    for (const std::string& item : items) state = state.with(item);
    return state.text();
}

/// The queue as a sequential model; an input is a letter and perhaps an item.
struct Model {
    using State = Queued;

    State initial() const { return {}; }
    std::optional<State> step(State state, const history::Call& call) const {
        const std::string input = text_of(call.input);
        const bool whole = input.front() == 'i';
        const std::string expected = whole ? state.text() : answer(state.length);
        if (call.output && text_of(*call.output) != expected) return std::nullopt;
        return input.front() == 'e' ? state.with(input.substr(1)) : state;
    }
    std::string fingerprint(const State& state) const { return state.text(); }
};

std::uint64_t now() {
    return static_cast<std::uint64_t>(LiveClock::now().time_since_epoch().count());
}

std::string describe(const history::Call& call) {
    return "'" + text_of(call.input) + "' -> " +
           (call.output ? "'" + text_of(*call.output) + "'" : std::string("unknown"));
}

}  // namespace

template <class R, class Ask>
Result<R> QueueHistory::keep(history::Call call, Ask ask) {
    call.start = now();
    const Result<R> result = ask();
    const std::uint64_t end = now();
    const std::lock_guard hold(mutex_);
    if (result) {
        call.output = bytes_of(answer(*result));
        call.end = end;
        if (!call.read_only) ++answered_;
    } else if (call.read_only || outcome_of(result.error()) == Outcome::no) {
        return result;
    } else {
        ++unknown_;
    }
    calls_.push_back(std::move(call));
    return result;
}

Result<std::uint64_t> QueueHistory::enqueue(const Group<Queue>& group, const std::string& item,
                                            const CallOptions& options) {
    history::Call call;
    call.input = bytes_of("e" + item);
    return keep<std::uint64_t>(call, [&] { return group.command(Enqueue{item}, options); });
}

Result<std::uint64_t> QueueHistory::length(const Group<Queue>& group, const CallOptions& options) {
    history::Call call;
    call.input = bytes_of("l");
    call.read_only = true;
    return keep<std::uint64_t>(call, [&] { return group.query(Length{}, options); });
}

Result<std::vector<std::string>> QueueHistory::items(const Group<Queue>& group,
                                                     const CallOptions& options) {
    history::Call call;
    call.input = bytes_of("i");
    call.read_only = true;
    auto found =
        keep<std::vector<std::string>>(call, [&] { return group.query(Items{}, options); });
    const std::lock_guard hold(mutex_);
    if (found) last_items_ = *found;
    return found;
}

std::size_t QueueHistory::answered() const {
    const std::lock_guard hold(mutex_);
    return answered_;
}

std::string QueueHistory::figures() const {
    const std::lock_guard hold(mutex_);
    return std::to_string(calls_.size()) + " calls, " + std::to_string(unknown_) +
           " of them not known to have happened";
}

std::string QueueHistory::judge() const {
    const std::lock_guard hold(mutex_);
    std::unordered_map<std::string, std::uint64_t> places;
    for (const std::string& item : last_items_) {
        if (!places.emplace(item, places.size()).second) return "'" + item + "' is there twice";
    }
    std::vector<history::Call> calls;
    for (history::Call call : calls_) {
        const auto place = places.find(text_of(call.input).substr(1));
        if (!call.output && place == places.end()) continue;
        if (!call.output) call.output = bytes_of(answer(place->second));
        calls.push_back(std::move(call));
    }
    const history::Verdict verdict = history::check(Model{}, calls);
    if (verdict.answer == history::Answer::linearizable) return {};
    if (!verdict.violation) return "undecided";
    std::string text = "not linearizable at " + describe(calls[verdict.violation->last]);
    for (const std::string& state : verdict.violation->states) {
        text += "\n  possible before it: " + state;
    }
    for (const std::size_t open : verdict.violation->around) {
        text += "\n  open then: " + describe(calls[open]);
    }
    return text;
}

}  // namespace rafted::test

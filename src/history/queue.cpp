// The queue: first in, first out. enqueue, dequeue (of an empty queue too), drain.
//   1. A dequeue with an unknown answer takes the first element, if there is one.
//   2. If every value is enqueued once, a queue that holds two values in an order that later
//      dequeues refute is given up at once.
#include <algorithm>

#include "history/objects.hpp"

namespace rafted::history {
namespace {

struct QueueTurn {
    enum class What : std::uint8_t { enqueue, dequeue, dequeue_empty, dequeue_any };
    What what = What::enqueue;
    std::uint32_t value = 0;
    auto operator<=>(const QueueTurn&) const = default;
};

bool is_enqueue(const std::string& name) {
    return name == "enqueue" || name == "enq" || name == "offer" || name == "push";
}
bool is_dequeue(const std::string& name) {
    return name == "dequeue" || name == "deq" || name == "poll" || name == "pop";
}

class QueueSteps final : public TableSteps<std::vector<std::uint32_t>> {
public:
    explicit QueueSteps(const Datum& initial) {
        for (const Datum& item : initial.items) first_.push_back(values_.number(print(item)));
    }

    Result<std::vector<Interval>> add(const Operation& operation) override {
        if (operation.name == "drain") return add_drain(operation);
        Interval interval = interval_at(operation);
        QueueTurn turn;
        QueueTurn open;
        if (is_enqueue(operation.name)) {
            turn.value = values_.number(print(argument_of(operation)));
            open = turn;
        } else if (is_dequeue(operation.name)) {
            open.what = turn.what = QueueTurn::What::dequeue_any;
            if (operation.is_known()) turn = dequeue_of(answer_of(operation));
            interval.read_only = turn.what == QueueTurn::What::dequeue_empty;
        } else {
            return no_such(operation, "enqueue, dequeue and drain");
        }
        interval.kind = kind_of(turn);
        interval.open_kind = kind_of(open);
        return std::vector{interval};
    }

    void prepare(std::span<const Interval> intervals) override;
    State initial() override { return number(first_); }
    std::optional<State> step(State from, Kind kind) override;
    bool reaches(State from, Kind target, std::span<const Kind> available) override;
    std::string describe(State number) const override {
        std::string all;
        for (const std::uint32_t value : state(number)) {
            all += (all.empty() ? "" : " ") + values_.text(value);
        }
        return "[" + all + "]";
    }

private:
    QueueTurn dequeue_of(const Datum& answer) {
        QueueTurn turn{QueueTurn::What::dequeue_empty, 0};
        if (answer.is_nil() || answer.is_name("empty")) return turn;
        return {QueueTurn::What::dequeue, values_.number(print(answer))};
    }

    Result<std::vector<Interval>> add_drain(const Operation& operation) {
        const Datum& taken = answer_of(operation);
        if (!operation.is_known() || !taken.is_list()) {
            return bad_line(operation.line,
                            "a drain must end with the list of what it took out; without it "
                            "nothing can be said about the queue");
        }
        std::vector<Interval> intervals;
        for (const Datum& value : taken.items) {
            Interval interval = interval_at(operation);
            interval.kind = kind_of({QueueTurn::What::dequeue, values_.number(print(value))});
            interval.open_kind = kind_of({QueueTurn::What::dequeue_any, 0});
            intervals.push_back(interval);
        }
        return intervals;
    }

    Kind kind_of(const QueueTurn& turn) {
        const auto [place, is_new] =
            kind_numbers_.try_emplace(turn, static_cast<Kind>(kinds_.size()));
        if (is_new) kinds_.push_back(turn);
        return place->second;
    }

    bool is_refuted(const std::vector<std::uint32_t>& queue, std::uint32_t value) const;

    Numbering values_;
    std::vector<std::uint32_t> first_;
    std::vector<QueueTurn> kinds_;
    std::map<QueueTurn, Kind> kind_numbers_;
    // When each value is taken out; only filled if that can be told.
    std::map<std::uint32_t, Interval> taken_;
    bool knows_order_ = false;
    bool takes_unknown_ = false;
};

void QueueSteps::prepare(std::span<const Interval> intervals) {
    taken_.clear();
    takes_unknown_ = false;
    knows_order_ = true;
    std::map<std::uint32_t, int> enqueued;
    for (const std::uint32_t value : first_) ++enqueued[value];
    for (const Interval& one : intervals) {
        const QueueTurn& turn = kinds_[one.kind];
        const bool is_put_in = turn.what == QueueTurn::What::enqueue;
        if (is_put_in && ++enqueued[turn.value] > 1) knows_order_ = false;
        if (turn.what == QueueTurn::What::dequeue_any) takes_unknown_ = true;
        if (turn.what != QueueTurn::What::dequeue) continue;
        if (!taken_.try_emplace(turn.value, one).second) knows_order_ = false;
    }
}

/// Whether something before `value` in the queue would have to be taken out after it.
bool QueueSteps::is_refuted(const std::vector<std::uint32_t>& queue, std::uint32_t value) const {
    const auto own = taken_.find(value);
    if (!knows_order_ || own == taken_.end()) return false;
    return std::ranges::any_of(queue, [&](std::uint32_t earlier) {
        const auto other = taken_.find(earlier);
        if (other == taken_.end()) return !takes_unknown_;
        return *own->second.end < other->second.start;
    });
}

std::optional<Steps::State> QueueSteps::step(State from, Kind kind) {
    const QueueTurn& turn = kinds_[kind];
    std::vector<std::uint32_t> queue = state(from);
    const bool is_empty = queue.empty();
    switch (turn.what) {
        case QueueTurn::What::enqueue:
            if (is_refuted(queue, turn.value)) return std::nullopt;
            queue.push_back(turn.value);
            break;
        case QueueTurn::What::dequeue_empty: return is_empty ? std::optional(from) : std::nullopt;
        case QueueTurn::What::dequeue:
            if (is_empty || queue.front() != turn.value) return std::nullopt;
            queue.erase(queue.begin());
            break;
        case QueueTurn::What::dequeue_any:
            if (!is_empty) queue.erase(queue.begin());
            break;
    }
    return number(queue);
}

bool QueueSteps::reaches(State from, Kind target, std::span<const Kind> available) {
    const QueueTurn& wanted = kinds_[target];
    if (wanted.what != QueueTurn::What::dequeue) return true;
    if (std::ranges::count(state(from), wanted.value) > 0) return true;
    return std::ranges::any_of(available, [&](Kind kind) {
        return kinds_[kind].what == QueueTurn::What::enqueue && kinds_[kind].value == wanted.value;
    });
}

}  // namespace

Result<std::unique_ptr<ObjectSteps>> make_queue(const ModelChoice& choice) {
    const Datum initial = choice.initial.value_or(Datum::list());
    if (!initial.is_list() && !initial.is_nil()) {
        return fail(ErrorCode::invalid, "the initial value of the model queue is a list, as [1 2]");
    }
    return std::make_unique<QueueSteps>(initial);
}

}  // namespace rafted::history

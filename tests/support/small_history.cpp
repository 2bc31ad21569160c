#include "support/small_history.hpp"

#include <algorithm>
#include <set>

namespace rafted::test {

using history::Datum;
using history::Model;
using history::Operation;

namespace {

Datum number(std::int64_t value) { return Datum::of(Datum::Kind::number, std::to_string(value)); }
Datum truth(bool value) { return Datum::of(Datum::Kind::boolean, value ? "true" : "false"); }
Datum text(std::string value) { return Datum::of(Datum::Kind::text, std::move(value)); }
Datum word(std::string value) { return Datum::of(Datum::Kind::keyword, std::move(value)); }

Datum& cell_of(std::vector<std::pair<std::string, Datum>>& cells, const std::string& key) {
    for (auto& [name, value] : cells) {
        if (name == key) return value;
    }
    return cells.emplace_back(key, Datum::nil()).second;
}

bool holds(const std::vector<Datum>& items, const Datum& item) {
    return std::ranges::any_of(items, [&](const Datum& one) { return print(one) == print(item); });
}

}  // namespace

std::optional<Datum> PlainObject::run_on_list(const Operation& operation) {
    const std::string& name = operation.name;
    if (name == "read") return Datum::list(items_);
    if (name == "enqueue" || name == "append") {
        items_.push_back(operation.input);
        return operation.input;
    }
    if (name == "dequeue") {
        if (items_.empty()) return Datum::nil();
        const Datum first = items_.front();
        items_.erase(items_.begin());
        return first;
    }
    if (name == "contains") return truth(holds(items_, operation.input));
    if (name == "add" && !holds(items_, operation.input)) items_.push_back(operation.input);
    if (name == "remove") {
        std::erase_if(items_,
                      [&](const Datum& one) { return print(one) == print(operation.input); });
    }
    std::ranges::sort(items_, {}, [](const Datum& one) { return print(one); });
    return operation.input;
}

std::optional<Datum> PlainObject::run_on_cell(const Operation& operation) {
    Datum& held = cell_of(cells_, operation.key ? print(*operation.key) : "");
    if (operation.name == "read") return held;
    if (operation.name == "get") return held.is_nil() ? text("") : held;
    if (operation.name == "append") {
        held = text(held.text + operation.input.text);
        return operation.input;
    }
    if (operation.name == "cas") {
        if (print(held) != print(operation.input.items[0])) return std::nullopt;
        held = operation.input.items[1];
        return operation.input;
    }
    held = operation.input;
    return operation.input;
}

Datum PlainObject::run_transaction(const Datum& steps) {
    Datum answer = steps;
    for (Datum& step : answer.items) {
        Datum& held = cell_of(cells_, print(step.items[1]));
        if (step.items[0].text == "read") {
            step.items[2] = held;
        } else {
            held = step.items[2];
        }
    }
    return answer;
}

std::optional<Datum> PlainObject::run(const Operation& operation) {
    switch (model_) {
        case Model::counter:
            if (operation.name == "read") return number(number_);
            number_ += *operation.input.integer();
            return operation.input;
        case Model::mutex:
            if (number_ != (operation.name == "acquire" ? 0 : 1)) return std::nullopt;
            number_ = 1 - number_;
            return Datum::nil();
        case Model::queue:
        case Model::append:
        case Model::set: return run_on_list(operation);
        case Model::multi_register: return run_transaction(operation.input);
        default: return run_on_cell(operation);
    }
}

bool PlainObject::explains(const Operation& operation) {
    const auto answer = run(operation);
    if (!answer) return false;
    return !operation.is_known() || print(*answer) == print(operation.output);
}

namespace {

Operation random_cell_operation(Model model, Choices& choices) {
    Operation one;
    const std::uint8_t what = choices.below(model == Model::cas_register ? 3 : 2);
    one.name = what == 0 ? "read" : what == 1 ? "write" : "cas";
    if (what == 1) one.input = number(choices.below(3));
    if (what == 2) one.input = Datum::list({number(choices.below(3)), number(choices.below(3))});
    return one;
}

Operation random_kv_operation(Choices& choices) {
    Operation one;
    constexpr const char* names[] = {"get", "put", "append"};
    one.name = names[choices.below(3)];
    one.key = word(choices.below(2) == 0 ? "x" : "y");
    if (one.name != "get")
        one.input = text(std::string(1, static_cast<char>('a' + choices.below(3))));
    return one;
}

Operation random_transaction(Choices& choices) {
    Operation one;
    one.name = "txn";
    std::vector<Datum> steps;
    const std::uint8_t count = static_cast<std::uint8_t>(1 + choices.below(2));
    for (std::uint8_t i = 0; i < count; ++i) {
        const bool is_write = choices.below(2) == 1;
        steps.push_back(
            Datum::list({word(is_write ? "write" : "read"), word(choices.below(2) == 0 ? "x" : "y"),
                         is_write ? number(choices.below(3)) : Datum::nil()}));
    }
    one.input = Datum::list(steps);
    return one;
}

Operation random_operation(Model model, Choices& choices) {
    const auto named = [&](std::initializer_list<const char*> names, bool first_asks_nothing) {
        Operation one;
        const std::uint8_t which = choices.below(static_cast<std::uint8_t>(names.size()));
        one.name = *(names.begin() + which);
        if (which > 0 || !first_asks_nothing) one.input = number(choices.below(3) + 1);
        return one;
    };
    switch (model) {
        case Model::kv: return random_kv_operation(choices);
        case Model::queue: return named({"dequeue", "enqueue"}, true);
        case Model::counter: return named({"read", "add"}, true);
        case Model::append: return named({"read", "append"}, true);
        case Model::set: return named({"read", "add", "remove", "contains"}, true);
        case Model::multi_register: return random_transaction(choices);
        case Model::mutex: {
            Operation one;
            one.name = choices.below(2) == 0 ? "acquire" : "release";
            return one;
        }
        default: return random_cell_operation(model, choices);
    }
}

/// Sometimes another answer than the true one.
void falsify(Operation& one, Model model, Choices& choices) {
    if (choices.below(6) != 5) return;
    const bool asks = one.name == "read" || one.name == "get" || one.name == "dequeue";
    for (Datum& step : one.output.items) {
        const bool is_read = one.name == "txn" && step.items[0].text == "read";
        if (is_read) step.items[2] = number(choices.below(3));
    }
    if (one.name == "contains") one.output = truth(!one.output.is_true());
    if (!asks) return;
    const Datum other = number(choices.below(3));
    if (model == Model::append || model == Model::set) {
        one.output = Datum::list({other});
    } else {
        one.output = model == Model::kv ? text("b") : other;
    }
}

}  // namespace

std::vector<Operation> small_history(Model model, Choices& choices, std::size_t most) {
    PlainObject object(model);
    std::vector<Operation> all;
    struct Client {
        std::optional<std::size_t> open;
        bool has_run = false;
        std::optional<Datum> answer;
    };
    std::vector<Client> clients(4);
    std::uint64_t now = 0;
    while (!choices.is_dry()) {
        Client& client = clients[choices.below(4)];
        ++now;
        if (!client.open) {
            if (all.size() == most) continue;
            Operation one = random_operation(model, choices);
            one.client = "c";
            one.start = now;
            client = {all.size(), false, {}};
            all.push_back(std::move(one));
        } else if (!client.has_run) {
            client.has_run = true;
            // It stays open and does nothing: that is how a crash looks.
            if (choices.below(8) != 7) client.answer = object.run(all[*client.open]);
            // What was refused, or lost in a crash, may be told as done.
            const Operation& asked = all[*client.open];
            const bool can_lie =
                model == Model::mutex || (!asked.input.is_nil() && asked.name != "contains");
            if (!client.answer && can_lie && choices.below(4) == 3) {
                client.answer = all[*client.open].input;
            }
        } else {
            Operation& one = all[*client.open];
            if (client.answer && choices.below(6) != 5) {
                one.end = now;
                one.output = *client.answer;
                falsify(one, model, choices);
            }
            client.open.reset();
        }
    }
    return all;
}

namespace {

struct Orders {
    const std::vector<Operation>& operations;
    std::vector<bool> placed;

    bool explain(const PlainObject& object) {
        bool all_ended = true;
        for (std::size_t i = 0; i < operations.size(); ++i) {
            if (operations[i].end && !placed[i]) all_ended = false;
        }
        if (all_ended) return true;
        for (std::size_t i = 0; i < operations.size(); ++i) {
            if (placed[i] || !may_be_next(i)) continue;
            PlainObject next = object;
            if (!next.explains(operations[i])) continue;
            placed[i] = true;
            if (explain(next)) return true;
            placed[i] = false;
        }
        return false;
    }
    bool may_be_next(std::size_t candidate) const {
        for (std::size_t i = 0; i < operations.size(); ++i) {
            const auto& end = operations[i].end;
            if (!placed[i] && end && *end < operations[candidate].start) return false;
        }
        return true;
    }
};

}  // namespace

bool is_linearizable_slowly(Model model, const std::vector<Operation>& operations) {
    return Orders{operations, std::vector<bool>(operations.size())}.explain(PlainObject(model));
}

std::vector<Operation> beginning_slowly(const std::vector<Operation>& operations,
                                        std::size_t ends) {
    std::set<std::uint64_t> times;
    for (const Operation& one : operations) {
        if (one.end) times.insert(*one.end);
    }
    std::uint64_t last = 0;
    for (const std::uint64_t time : times) {
        if (ends-- > 0) last = time;
        if (ends == 0) break;
    }
    std::vector<Operation> beginning;
    for (Operation one : operations) {
        if (one.start > last) continue;
        if (one.end && *one.end > last) {
            one.end.reset();
            one.output = Datum::nil();
        }
        beginning.push_back(std::move(one));
    }
    return beginning;
}

}  // namespace rafted::test

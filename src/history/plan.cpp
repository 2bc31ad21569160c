#include "history/plan.hpp"

#include <algorithm>
#include <numeric>

namespace rafted::history {
namespace {

bool is_cells(Model model) {
    return model == Model::cas_register || model == Model::plain_register || model == Model::kv ||
           model == Model::append || model == Model::multi_register;
}

Result<std::unique_ptr<ObjectSteps>> make_object(const ModelChoice& choice) {
    switch (choice.model) {
        case Model::queue: return make_queue(choice);
        case Model::counter: return make_counter(choice);
        case Model::set: return make_set(choice);
        case Model::mutex: return make_mutex(choice);
        default: return make_cells(choice);
    }
}

/// Which names belong together, because something touches both.
class Groups {
public:
    std::size_t place_of(const std::string& name) {
        const auto [found, is_new] = places_.try_emplace(name, parents_.size());
        if (is_new) parents_.push_back(found->second);
        return found->second;
    }
    std::size_t group_of(std::size_t place) const {
        while (parents_[place] != place) place = parents_[place];
        return place;
    }
    void join(std::size_t a, std::size_t b) {
        const std::size_t one = group_of(a);
        const std::size_t other = group_of(b);
        parents_[std::max(one, other)] = std::min(one, other);
    }
    /// For each group its names, as a title.
    std::map<std::size_t, std::string> titles() const {
        std::map<std::size_t, std::string> titles;
        for (const auto& [name, place] : places_) {
            std::string& title = titles[group_of(place)];
            title += (title.empty() ? "" : ", ") + name;
        }
        return titles;
    }

private:
    std::map<std::string, std::size_t> places_;
    std::vector<std::size_t> parents_;
};

bool is_split_set(const std::vector<Operation>& operations, const ModelChoice& choice) {
    return choice.model == Model::set && std::ranges::all_of(operations, [](const auto& one) {
               return element_of(one).has_value();
           });
}

/// What the operation touches: names of cells, or its key, and an element of a set.
Result<std::vector<std::string>> names_of(const Operation& operation, const ModelChoice& choice,
                                          bool by_element) {
    if (is_cells(choice.model)) return cells_of(operation);
    const std::string key = operation.key ? print(*operation.key) : "";
    if (by_element) return std::vector{key + (key.empty() ? "" : " ") + *element_of(operation)};
    return std::vector{key};
}

bool is_read(const Operation& operation) {
    return operation.name == "read" || operation.name == "get";
}

/// Whether this value can be a key with a value for it.
bool can_be_keyed(const Operation& operation) {
    const Datum& value = operation.input;
    if (operation.key || !value.is_pair() || value.items[0].is_list()) return false;
    if (operation.is_known() && !operation.output.is_nil()) {
        const bool same =
            operation.output.is_pair() && print(operation.output.items[0]) == print(value.items[0]);
        if (!same) return false;
    }
    return operation.name != "cas" || value.items[1].is_pair();
}

}  // namespace

bool split_independent_keys(std::vector<Operation>& operations) {
    if (operations.empty() || !std::ranges::all_of(operations, can_be_keyed)) return false;
    // Values that are pairs look the same as keys with values; only a read that already names
    // its pair when it starts, or a cas, shows that there are keys.
    const auto shows_keys = [](const Operation& one) { return is_read(one) || one.name == "cas"; };
    const auto has_reads = std::ranges::any_of(operations, shows_keys);
    if (!has_reads) return false;
    for (Operation& one : operations) {
        Datum pair = std::move(one.input);
        one.key = std::move(pair.items[0]);
        one.input = std::move(pair.items[1]);
        if (!one.output.is_nil()) {
            Datum value = std::move(one.output.items[1]);
            one.output = std::move(value);
        }
    }
    return true;
}

Result<Plan> plan(const std::vector<Operation>& operations, const ModelChoice& choice) {
    Groups groups;
    const bool by_element = is_split_set(operations, choice);
    std::vector<std::optional<std::size_t>> first(operations.size());
    for (std::size_t i = 0; i < operations.size(); ++i) {
        const auto names = names_of(operations[i], choice, by_element);
        if (!names) return std::unexpected(names.error());
        for (const std::string& name : *names) {
            const std::size_t place = groups.place_of(name);
            if (first[i]) groups.join(*first[i], place);
            first[i] = first[i].value_or(place);
        }
    }
    const auto titles = groups.titles();
    std::map<std::size_t, std::size_t> partitions;
    Plan plan;
    for (std::size_t i = 0; i < operations.size(); ++i) {
        if (!first[i]) continue;
        const std::size_t group = groups.group_of(*first[i]);
        const auto [place, is_new] = partitions.try_emplace(group, plan.partitions.size());
        if (is_new) {
            auto object = make_object(choice);
            if (!object) return std::unexpected(std::move(object.error()));
            plan.objects.push_back(std::move(*object));
            plan.partitions.push_back({titles.at(group), {}, {}, plan.objects.back().get()});
        }
        const auto intervals = plan.objects[place->second]->add(operations[i]);
        if (!intervals) return std::unexpected(intervals.error());
        Partition& partition = plan.partitions[place->second];
        for (const Interval& interval : *intervals) {
            partition.intervals.push_back(interval);
            partition.calls.push_back(i);
        }
    }
    return plan;
}

}  // namespace rafted::history

#include "sim/ledger.hpp"

#include <algorithm>

namespace rafted::sim {

std::size_t Ledger::slot_of(std::uint64_t id) const {
    if (id < dense_.size()) return dense_[id];
    if (id < dense_ids) return npos;
    const auto found = others_.find(id);
    return found == others_.end() ? npos : found->second;
}

const Operation* Ledger::find(std::uint64_t id) const {
    const std::size_t slot = slot_of(id);
    return slot == npos ? nullptr : &operations_[slot];
}

Operation* Ledger::at(std::uint64_t id) {
    const std::size_t slot = slot_of(id);
    return slot == npos ? nullptr : &operations_[slot];
}

void Ledger::called(const Called& fact) {
    if (slot_of(fact.operation) != npos) return;
    if (fact.operation < dense_ids) {
        if (fact.operation >= dense_.size()) dense_.resize(fact.operation + 1, npos);
        dense_[fact.operation] = operations_.size();
    } else {
        others_.emplace(fact.operation, operations_.size());
    }
    operations_.push_back({.id = fact.operation,
                           .client = fact.client,
                           .kind = fact.kind,
                           .floor = floor_,
                           .place = {}});
}

void Ledger::applied(const Applied& fact) {
    Operation* operation = fact.operation == 0 ? nullptr : at(fact.operation);
    if (operation == nullptr || operation->place > Index()) return;
    operation->place = fact.index;
    operation->result = fact.result;
}

void Ledger::queried(const Queried& fact) {
    Operation* operation = at(fact.operation);
    if (operation == nullptr) return;
    const bool is_first = operation->place == Index();
    operation->place = is_first ? fact.index : std::min(operation->place, fact.index);
    if (is_first) operation->result = fact.result;
    operation->results_differ |= operation->result != fact.result;
}

void Ledger::replied(const Replied& fact) {
    Operation* operation = at(fact.operation);
    if (operation == nullptr || operation->outcome) return;
    operation->outcome = operation->is_lost ? Outcome::unknown : fact.outcome;
    operation->replied_at = fact.at;
    const bool counts = operation->kind != CallKind::stale_query;
    if (counts && operation->outcome == Outcome::ok) floor_ = std::max(floor_, operation->place);
}

void Ledger::give_up(std::uint64_t id) {
    if (Operation* operation = id == 0 ? nullptr : at(id)) operation->is_lost = true;
}

void Ledger::recovered(Index kept) {
    // Places are those of operations: what no operation stands at is no floor.
    const auto greatest_upto = [this](Index index) {
        Index greatest;
        for (const Operation& operation : operations_) {
            const bool counts = operation.outcome == Outcome::ok && operation.place <= index;
            if (counts) greatest = std::max(greatest, operation.place);
        }
        return greatest;
    };
    const Index floor = greatest_upto(kept);
    floor_ = std::min(floor_, floor);
    for (Operation& operation : operations_) {
        if (operation.floor > kept) operation.floor = floor;
        if (operation.place <= kept) continue;
        operation.place = Index();
        operation.is_lost = true;
        if (operation.outcome) operation.outcome = Outcome::unknown;
    }
}

}  // namespace rafted::sim

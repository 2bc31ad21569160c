// The checkers, one in each file of this folder, under the numbers they have in docs/safety.md.
// Number 24, equal runs of equal seeds, is checked by running twice.
#pragma once

#include <memory>

#include "sim/check.hpp"

namespace rafted::sim {

std::unique_ptr<Check> election_safety(Check::View view);         // 1
std::unique_ptr<Check> vote_safety(Check::View view);             // 2
std::unique_ptr<Check> monotonic_numbers(Check::View view);       // 3
std::unique_ptr<Check> log_matching(Check::View view);            // 4
std::unique_ptr<Check> leader_append_only(Check::View view);      // 5
std::unique_ptr<Check> leader_completeness(Check::View view);     // 6
std::unique_ptr<Check> committed_is_immutable(Check::View view);  // 7
std::unique_ptr<Check> commit_rule(Check::View view);             // 8
std::unique_ptr<Check> state_machine_safety(Check::View view);    // 9
std::unique_ptr<Check> durability(Check::View view);              // 10
std::unique_ptr<Check> order_of_pointers(Check::View view);       // 11
std::unique_ptr<Check> configuration_safety(Check::View view);    // 12
std::unique_ptr<Check> only_voters_count(Check::View view);       // 13
std::unique_ptr<Check> lease_safety(Check::View view);            // 14
std::unique_ptr<Check> linearizability(Check::View view);         // 15
std::unique_ptr<Check> exactly_once(Check::View view);            // 16
std::unique_ptr<Check> client_truth(Check::View view);            // 17
std::unique_ptr<Check> read_floor(Check::View view);              // 18
std::unique_ptr<Check> predecessor_chain(Check::View view);       // 19
std::unique_ptr<Check> hooks_on_the_leader(Check::View view);     // 20
std::unique_ptr<Check> terms_on_the_wire(Check::View view);       // 21
std::unique_ptr<Check> resource_bounds(Check::View view);         // 22
std::unique_ptr<Check> liveness(Check::View view);                // 23
std::unique_ptr<Check> check_quorum(Check::View view);            // 25
std::unique_ptr<Check> log_time(Check::View view);                // 26

}  // namespace rafted::sim

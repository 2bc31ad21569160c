#include "sim/checks/checks.hpp"

namespace rafted::sim {

std::vector<Check::Make> all_checks() {
    return {election_safety,
            vote_safety,
            monotonic_numbers,
            log_matching,
            leader_append_only,
            leader_completeness,
            committed_is_immutable,
            commit_rule,
            state_machine_safety,
            durability,
            order_of_pointers,
            configuration_safety,
            only_voters_count,
            lease_safety,
            linearizability,
            exactly_once,
            client_truth,
            read_floor,
            predecessor_chain,
            hooks_on_the_leader,
            terms_on_the_wire,
            resource_bounds,
            liveness,
            check_quorum,
            log_time};
}

}  // namespace rafted::sim

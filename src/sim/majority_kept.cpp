#include "sim/majority_kept.hpp"

#include "core/quorum.hpp"

namespace rafted::sim {

/// Changes come one by one. The worst is when those that are gone have their votes and will never
/// be removed, while of the others none has got its vote and all that may leave have left: each of
/// the gone brings the list nearer to its end, each of the others takes it further off.
bool keeps_majority(const core::Members& members, const std::function<Fate(NodeId)>& fate_of) {
    std::size_t voters = 0;
    std::size_t kept = 0;
    for (const core::Peer& peer : members.all()) {
        const Fate fate = fate_of(peer.id);
        const bool votes = peer.standing == Standing::voter;
        if (fate.is_gone) {
            voters += votes || fate.may_join ? 1U : 0U;
        } else if (votes && !fate.may_leave) {
            ++voters;
            ++kept;
        }
    }
    return kept >= core::majority(voters);
}

}  // namespace rafted::sim

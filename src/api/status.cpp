// Names of what a status holds, as printed and in JSON.
#include "rafted/status.hpp"

namespace rafted {

std::string_view name_of(Role role) {
    switch (role) {
        case Role::follower: return "follower";
        case Role::pre_candidate: return "pre_candidate";
        case Role::candidate: return "candidate";
        case Role::leader: return "leader";
        case Role::removed: return "removed";
    }
    return "unknown";
}

std::string_view name_of(Standing standing) {
    switch (standing) {
        case Standing::voter: return "voter";
        case Standing::joining: return "joining";
        case Standing::learner: return "learner";
    }
    return "unknown";
}

std::string_view name_of(DiskState state) {
    switch (state) {
        case DiskState::memory_only: return "memory_only";
        case DiskState::healthy: return "healthy";
        case DiskState::full: return "full";
        case DiskState::failed: return "failed";
    }
    return "unknown";
}

}  // namespace rafted

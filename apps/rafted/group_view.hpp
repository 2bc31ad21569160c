// A whole group, seen from one address: what each of its members says of itself.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "rafted/client.hpp"

namespace rafted::app {

/// One member's own word, or why there is none.
struct MemberView {
    MemberInfo info;  ///< As the group knows it; progress only if somebody leads.
    Result<Status> own = fail(ErrorCode::unreachable);
};

struct GroupView {
    std::string name;
    GroupId id;
    ClusterId cluster;
    const Status* leader() const;  ///< Of the highest term that anybody leads in, or null.
    std::vector<MemberView> members;
};

/// Asks the node at this address for its groups (or the one of this name), then every member of
/// each. Works without a leader. Fails with unreachable, timeout, no_such_group, wrong_cluster.
Result<std::vector<GroupView>> view_groups(const Client& client, const std::string& address,
                                           const std::string& name,
                                           std::chrono::milliseconds timeout);

}  // namespace rafted::app

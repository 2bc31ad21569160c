#include "group_view.hpp"

#include <algorithm>
#include <future>

namespace rafted::app {
namespace {

using std::chrono::milliseconds;

/// An answer from another node of the same name (another incarnation) is no answer of this member.
Result<Status> ask_member(const Client& client, const MemberInfo& member, const Status& asked,
                          milliseconds timeout) {
    if (member.node == asked.from) return asked;
    if (member.address.empty()) return fail(ErrorCode::unreachable, "its address is not known");
    auto status = client.status(member.address, asked.group, timeout);
    if (!status) return status;
    if (status->from != member.node) {
        return fail(ErrorCode::unreachable,
                    "another node (" + to_string(status->from) + ") is at " + member.address);
    }
    if (status->group_id != asked.group_id) {
        return fail(ErrorCode::wrong_cluster, "it belongs to another incarnation of the group, " +
                                                  to_string(status->group_id));
    }
    return status;
}

/// The list of members that counts is the leader's, if one can be found.
std::vector<MemberInfo> member_list(const Client& client, const Status& asked,
                                    milliseconds timeout) {
    std::vector<MemberInfo> list = asked.members;
    if (asked.role != Role::leader && asked.leader) {
        const MemberInfo leader{asked.leader->node, asked.leader->address, {}, {}, {}, {}};
        const auto status = ask_member(client, leader, asked, timeout);
        if (status && status->role == Role::leader) list = status->members;
    }
    const auto is_asked = [&](const MemberInfo& member) { return member.node == asked.from; };
    if (std::ranges::none_of(list, is_asked)) {
        list.push_back({asked.from, asked.address, Standing::learner, {}, {}, {}});
    }
    return list;
}

GroupView view_of(const Client& client, const Status& asked, milliseconds timeout) {
    GroupView view{asked.group, asked.group_id, asked.cluster, {}};
    const auto list = member_list(client, asked, timeout);
    std::vector<std::future<Result<Status>>> answers;
    for (const MemberInfo& member : list) {
        answers.push_back(std::async(std::launch::async, [&client, &member, &asked, timeout] {
            return ask_member(client, member, asked, timeout);
        }));
    }
    for (std::size_t i = 0; i < list.size(); ++i) {
        view.members.push_back({list[i], answers[i].get()});
    }
    return view;
}

}  // namespace

const Status* GroupView::leader() const {
    const Status* found = nullptr;
    for (const MemberView& member : members) {
        if (!member.own || member.own->role != Role::leader) continue;
        if (found == nullptr || member.own->current_term > found->current_term) {
            found = &*member.own;
        }
    }
    return found;
}

Result<std::vector<GroupView>> view_groups(const Client& client, const std::string& address,
                                           const std::string& name, milliseconds timeout) {
    std::vector<Status> asked;
    if (name.empty()) {
        auto all = client.groups(address, timeout);
        if (!all) return std::unexpected(all.error());
        asked = std::move(*all);
    } else {
        auto one = client.status(address, name, timeout);
        if (!one) return std::unexpected(one.error());
        asked.push_back(std::move(*one));
    }
    std::vector<GroupView> views;
    for (const Status& status : asked) views.push_back(view_of(client, status, timeout));
    return views;
}

}  // namespace rafted::app

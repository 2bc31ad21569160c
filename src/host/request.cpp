#include "host/request.hpp"

#include "rafted/codec.hpp"
#include "rafted/group.hpp"

namespace rafted::host {
namespace {

using Act = core::ChangeMembers::Act;

Result<MemberInput> add(const Asked& asked, const Bytes& body) {
    auto member = decode<NewMember>(body);
    if (!member) return std::unexpected(member.error());
    if (!asked.transport.can_be_at(member->address)) {
        return fail(ErrorCode::invalid,
                    "no node can be found at \"" + member->address +
                        "\": give the address that the new member tells others");
    }
    core::Peer peer{member->node, std::move(member->address), member->standing};
    return MemberInput{core::ChangeMembers{asked.id, Act::add, std::move(peer)}, {}};
}

Result<MemberInput> change(core::RequestId id, Act act, const Bytes& body) {
    const auto node = decode<NodeId>(body);
    if (!node) return std::unexpected(node.error());
    return MemberInput{core::ChangeMembers{id, act, {*node, {}, Standing::voter}}, {}};
}

Result<MemberInput> transfer(core::RequestId id, const Bytes& body) {
    const auto node = decode<NodeId>(body);
    if (!node) return std::unexpected(node.error());
    core::TransferLead input{id, {}};
    if (*node) input.target = *node;
    return MemberInput{std::move(input), {}};
}

Result<MemberInput> force_remove(core::RequestId id, const Bytes& body) {
    const auto node = decode<NodeId>(body);
    if (!node) return std::unexpected(node.error());
    return MemberInput{core::ForceRemove{id, *node}, {}};
}

Result<MemberInput> set_config(core::RequestId id, const Bytes& body) {
    auto config = decode<GroupConfig>(body);
    if (!config) return std::unexpected(config.error());
    if (auto valid = config->validate(); !valid) return std::unexpected(valid.error());
    return MemberInput{core::ChangeConfig{id, std::move(*config)}, {}};
}

}  // namespace

Result<MemberInput> to_input(ports::ClientRequest request, const Asked& asked) {
    const core::RequestId id = asked.id;
    switch (request.kind) {
        case RequestKind::command:
            return MemberInput{
                core::Propose{id, core::EntryKind::command, std::move(request.body), asked.wall},
                {}};
        case RequestKind::open_session:
            return MemberInput{core::Propose{id, core::EntryKind::open_session,
                                             std::move(request.body), asked.wall},
                               {}};
        case RequestKind::query: return MemberInput{core::Read{id}, std::move(request.body)};
        case RequestKind::add_member: return add(asked, request.body);
        case RequestKind::promote: return change(id, Act::promote, request.body);
        case RequestKind::remove: return change(id, Act::remove, request.body);
        case RequestKind::force_remove: return force_remove(id, request.body);
        case RequestKind::transfer_lead: return transfer(id, request.body);
        case RequestKind::set_config: return set_config(id, request.body);
        case RequestKind::query_stale:
        case RequestKind::status:
        case RequestKind::list_groups:
        case RequestKind::metrics:
        case RequestKind::begin_backup:
        case RequestKind::read_backup:
        case RequestKind::end_backup: break;
    }
    return fail(ErrorCode::invalid, "this request is not for a member");
}

std::string explain(ErrorCode code) {
    switch (code) {
        case ErrorCode::busy: return "the log is full or the lead is being handed over; try again";
        case ErrorCode::change_in_progress:
            return "another membership change is not committed yet; try again";
        case ErrorCode::leader_change_pending: return "the lead is being handed over; try again";
        case ErrorCode::not_member: return "the group has no such member (or it is no voter)";
        case ErrorCode::already_member: return "the node is a member (or a voter) already";
        case ErrorCode::already_leader: return "the node leads already";
        case ErrorCode::cannot_remove_leader: return "move the lead to another member first";
        case ErrorCode::would_break_quorum:
            return "too few other voters answer; without this one no majority would be left";
        case ErrorCode::unresponsive: return "the member has not answered for a while";
        case ErrorCode::too_large: return "the command is over the group's max_command_bytes";
        case ErrorCode::cancelled: return "a later request took this one's place";
        case ErrorCode::invalid: return "the request makes no sense for this member";
        case ErrorCode::timeout: return "it did not come to an end in time";
        case ErrorCode::lost_lead: return "the leader lost its lead before the end was known";
        default: return {};
    }
}

}  // namespace rafted::host

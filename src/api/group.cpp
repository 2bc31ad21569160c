// What a group handle does for any value: one request each, and the answer in its own type.
#include "rafted/group.hpp"

namespace rafted {

std::shared_ptr<detail::AnswerSlot> GroupHandle::start(RequestKind kind, Bytes body,
                                                       const CallOptions& options) const {
    auto slot = std::make_shared<detail::AnswerSlot>(caller_);
    caller_->call(kind, std::move(body), options,
                  [slot](Result<Bytes> answer) { slot->put(std::move(answer)); });
    return slot;
}

Result<void> GroupHandle::ask(RequestKind kind, Bytes body, const CallOptions& options) const {
    return Pending<void>(start(kind, std::move(body), options)).get();
}

Result<Status> GroupHandle::status(const CallOptions& options) const {
    return Pending<Status>(start(RequestKind::status, {}, options)).get();
}

Result<std::vector<MemberInfo>> GroupHandle::members(const CallOptions& options) const {
    auto known = status(options);
    if (!known) return std::unexpected(std::move(known.error()));
    return std::move(known->members);
}

Result<GroupConfig> GroupHandle::config(const CallOptions& options) const {
    auto known = status(options);
    if (!known) return std::unexpected(std::move(known.error()));
    return known->config;
}

Result<void> GroupHandle::set_config(const GroupConfig& config, const CallOptions& options) const {
    if (auto valid = config.validate(); !valid) return valid;
    return ask(RequestKind::set_config, encode(config), options);
}

Result<void> GroupHandle::add_member(const NewMember& member, const CallOptions& options) const {
    return ask(RequestKind::add_member, encode(member), options);
}

Result<void> GroupHandle::promote_member(NodeId node, const CallOptions& options) const {
    return ask(RequestKind::promote, encode(node), options);
}

Result<void> GroupHandle::remove_member(NodeId node, const CallOptions& options) const {
    return ask(RequestKind::remove, encode(node), options);
}

Result<void> GroupHandle::force_remove_member(NodeId node, const CallOptions& options) const {
    return ask(RequestKind::force_remove, encode(node), options);
}

Result<void> GroupHandle::move_lead(NodeId node, const CallOptions& options) const {
    if (!node) return fail(ErrorCode::invalid, "move_lead needs a node; to give up, cancel_move()");
    return ask(RequestKind::transfer_lead, encode(node), options);
}

Result<void> GroupHandle::cancel_move(const CallOptions& options) const {
    return ask(RequestKind::transfer_lead, encode(NodeId{}), options);
}

}  // namespace rafted

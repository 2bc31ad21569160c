#include "host/withhold.hpp"

#include <algorithm>

namespace rafted::host {
namespace {

/// An accepted append says less; it says still that this member follows.
void lessen(core::Message& message, const OnDisk& disk) {
    auto* reply = std::get_if<core::AppendReply>(&message.body);
    if (reply == nullptr || !reply->accepted) return;
    reply->index = std::min(reply->index, disk.state.log.stable());
}

bool may_leave(const core::Message& message, const OnDisk& disk) {
    if (const auto* reply = std::get_if<core::AppendReply>(&message.body)) {
        return !reply->accepted || (disk.hard.term == message.term && !disk.is_fenced);
    }
    const bool is_vote = std::holds_alternative<core::VoteReply>(message.body) ||
                         std::holds_alternative<core::VoteRequest>(message.body);
    if (is_vote) return !disk.is_fenced && disk.hard == disk.state.hard;
    return !std::holds_alternative<core::SnapshotReply>(message.body);
}

}  // namespace

void withhold(std::vector<core::Message>& messages, const OnDisk& disk) {
    for (core::Message& message : messages) lessen(message, disk);
    std::erase_if(messages, [&](const auto& message) { return !may_leave(message, disk); });
}

}  // namespace rafted::host

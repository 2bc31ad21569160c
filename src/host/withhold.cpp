#include "host/withhold.hpp"

namespace rafted::host {
namespace {

bool may_leave(const core::Message& message, const OnDisk& disk) {
    if (const auto* reply = std::get_if<core::AppendReply>(&message.body)) {
        const bool is_kept =
            reply->index <= disk.state.log.stable() && disk.hard.term == message.term;
        return !reply->accepted || (is_kept && !disk.is_fenced);
    }
    const bool is_vote = std::holds_alternative<core::VoteReply>(message.body) ||
                         std::holds_alternative<core::VoteRequest>(message.body);
    if (is_vote) return !disk.is_fenced && disk.hard == disk.state.hard;
    return !std::holds_alternative<core::SnapshotReply>(message.body);
}

}  // namespace

void withhold(std::vector<core::Message>& messages, const OnDisk& disk) {
    std::erase_if(messages, [&](const auto& message) { return !may_leave(message, disk); });
}

}  // namespace rafted::host

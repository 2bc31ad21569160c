#include "core/membership.hpp"

#include <algorithm>

#include "core/check.hpp"

namespace rafted::core {

Membership::Membership(Index index, Members members, std::vector<NodeId> forced_out)
    : forced_out_(std::move(forced_out)) {
    if (!members.empty()) versions_.push_back({index, std::move(members)});
    refresh();
}

Members Membership::committed() const {
    return versions_.empty() ? Members() : versions_.front().members;
}

std::optional<Index> Membership::left_at(NodeId id) const {
    const auto holds = [id](const Version& version) { return version.members.contains(id); };
    const auto newest = std::ranges::find_if(versions_.rbegin(), versions_.rend(), holds);
    if (newest == versions_.rend() || newest == versions_.rbegin()) return std::nullopt;
    return newest.base()->index;
}

bool Membership::is_in_any(NodeId id) const {
    return std::ranges::any_of(
        versions_, [id](const Version& version) { return version.members.contains(id); });
}

void Membership::refresh() {
    current_ = versions_.empty() ? Members() : versions_.back().members;
    for (const NodeId id : forced_out_) current_ = current_.without(id);
}

void Membership::append(Index index, Members members) {
    CHECK(versions_.empty() || versions_.back().index < index, "member lists out of order");
    versions_.push_back({index, std::move(members)});
    refresh();
}

bool Membership::truncate_from(Index index) {
    const auto dropped = std::erase_if(
        versions_, [index](const Version& version) { return version.index >= index; });
    if (dropped > 0) refresh();
    return dropped > 0;
}

void Membership::commit(Index index) {
    const auto newest =
        std::ranges::find_if(versions_.rbegin(), versions_.rend(),
                             [index](const Version& version) { return version.index <= index; });
    if (newest == versions_.rend()) return;
    versions_.erase(versions_.begin(), newest.base() - 1);
    // After a restart old lists are committed again, some from before it joined: a later one that
    // holds it still needs the note.
    const auto cleared = std::erase_if(forced_out_, [&](NodeId id) { return !is_in_any(id); });
    if (cleared > 0) refresh();
}

void Membership::restore(Index index, Members members, bool keep_later) {
    std::erase_if(versions_,
                  [&](const Version& version) { return !keep_later || version.index <= index; });
    versions_.insert(versions_.begin(), {index, std::move(members)});
    refresh();
}

void Membership::force_out(NodeId id) {
    if (std::ranges::find(forced_out_, id) != forced_out_.end()) return;
    forced_out_.push_back(id);
    std::ranges::sort(forced_out_);
    refresh();
}

}  // namespace rafted::core

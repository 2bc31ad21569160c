#include "client/route.hpp"

#include <algorithm>
#include <utility>

namespace rafted::client {
namespace {

/// Learnt addresses; groups are far smaller.
constexpr std::size_t max_learnt = 64;

}  // namespace

Route::Route(std::vector<std::string> given, bool first_is_local)
    : known_(std::move(given)), given_(known_.size()), first_is_local_(first_is_local) {
    last_ = known_.front();
}

const std::string& Route::leader() const { return leader_ ? *leader_ : last_; }

const std::string& Route::anybody() const { return first_is_local_ ? first() : last_; }

const std::string& Route::after(const std::string& address) const {
    const auto found = std::ranges::find(known_, address);
    if (found == known_.end() || found + 1 == known_.end()) return known_.front();
    return *(found + 1);
}

bool Route::answered(const std::string& address, bool as_leader) {
    last_ = address;
    if (!as_leader || leader_ == address) return false;
    leader_ = address;
    return true;
}

void Route::failed(const std::string& address) {
    if (leader_ == address) leader_.reset();
    if (last_ == address) last_ = after(address);
}

void Route::hinted(const std::string& address) {
    leader_ = address;
    remember(address);
}

void Route::learn(const Status& status) {
    known_.resize(given_);
    for (const auto& member : status.members) remember(member.address);
    if (status.leader && !status.leader->address.empty()) remember(status.leader->address);
    if (leader_) remember(*leader_);
    if (std::ranges::find(known_, last_) == known_.end()) last_ = known_.front();
}

void Route::remember(const std::string& address) {
    if (address.empty() || std::ranges::find(known_, address) != known_.end()) return;
    if (known_.size() - given_ >= max_learnt) {
        known_.erase(known_.begin() + static_cast<std::ptrdiff_t>(given_));
    }
    known_.push_back(address);
}

}  // namespace rafted::client

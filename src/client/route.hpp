// Where a handle sends its requests: the addresses it knows, and who it believes leads. Pure.
//   1. Addresses given by the user are never forgotten; those learnt are replaced by newer word.
//   2. What is remembered is bounded.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rafted/status.hpp"

namespace rafted::client {

class Route {
public:
    /// requires: at least one address. `first_is_local`: the first is the handle's own node, and
    /// what any node can answer is asked there.
    Route(std::vector<std::string> given, bool first_is_local);

    bool knows_leader() const { return leader_.has_value(); }
    /// Where the leader is believed to be, or whom to ask for it.
    const std::string& leader() const;
    /// Whom to ask what any node can answer.
    const std::string& anybody() const;
    const std::string& first() const { return known_.front(); }
    /// The address to try after this one has been no help.
    const std::string& after(const std::string& address) const;
    std::size_t size() const { return known_.size(); }

    /// An answer came from here; true if this is news about the leader.
    bool answered(const std::string& address, bool as_leader);
    /// This address does not lead (any more), or cannot be reached.
    void failed(const std::string& address);
    /// Somebody named the leader.
    void hinted(const std::string& address);
    /// A member has told who the members are.
    void learn(const Status& status);

private:
    void remember(const std::string& address);

    std::vector<std::string> known_;  // given first, then learnt
    std::size_t given_;
    bool first_is_local_;
    std::string last_;  // answered last
    std::optional<std::string> leader_;
};

}  // namespace rafted::client

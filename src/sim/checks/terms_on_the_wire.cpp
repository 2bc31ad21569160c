// Terms on the wire (§5.1): no message carries a term that its sender is not in yet, but a pre-vote
// (one ahead) and its grant; what only leaders say is said in a term that its sender was elected
// in, and claims no commit that its sender does not know of.
#include <algorithm>
#include <map>

#include "sim/checks/checks.hpp"
#include "sim/checks/said.hpp"

namespace rafted::sim {
namespace {

bool is_of_leader(const core::Body& body) {
    return std::holds_alternative<core::AppendRequest>(body) ||
           std::holds_alternative<core::SnapshotPiece>(body) ||
           std::holds_alternative<core::TimeoutNow>(body);
}

/// How far beyond its sender's a message's term may be.
std::uint64_t allowance(const Sent& sent) {
    const auto* vote = std::get_if<core::VoteRequest>(&sent.message.body);
    if (vote != nullptr && vote->pre) return 1;
    const auto* reply = std::get_if<core::VoteReply>(&sent.message.body);
    const bool is_grant = reply != nullptr && reply->pre && reply->granted;
    return is_grant ? sent.message.term.value : 0;
}

class TermsOnTheWire final : public Check {
public:
    explicit TermsOnTheWire(View view)
        : Check(std::move(view), {FactKind::stepped, FactKind::sent, FactKind::recovered}) {}
    std::string_view name() const override { return "terms on the wire"; }

    void on_stepped(const Stepped& step) override {
        if (step.node.role != Role::leader) return;
        if (step.role_before == Role::leader && step.hard_before.term == step.node.hard.term)
            return;
        led_[step.node.id].push_back(step.node.hard.term);
    }

    void on_sent(const Sent& sent) override {
        const NodeImage& node = sent.from;
        const core::Message& message = sent.message;
        if (message.from != node.id) {
            wrong(said(node.id) + " sends in the name of " + to_string(message.from), {node.id});
        }
        if (message.term > node.hard.term + allowance(sent)) {
            wrong(said(node.id) + " speaks of " + said(message.term) + ", it is in " +
                      said(node.hard.term),
                  {node.id});
        }
        if (is_of_leader(message.body) && !has_led(node.id, message.term)) {
            wrong(said(node.id) + " speaks as the leader of " + said(message.term) +
                      ", in which it was not elected",
                  {node.id});
        }
        const auto* append = std::get_if<core::AppendRequest>(&message.body);
        if (append != nullptr && append->commit > node.commit) {
            wrong(said(node.id) + " says that " + said(append->commit) +
                      " is committed, it knows of " + to_string(node.commit),
                  {node.id});
        }
    }

    void on_recovered(const Recovered&) override { led_.clear(); }

private:
    bool has_led(NodeId node, Term term) const {
        const auto terms = led_.find(node);
        if (terms == led_.end()) return false;
        return std::find(terms->second.rbegin(), terms->second.rend(), term) !=
               terms->second.rend();
    }

    std::map<NodeId, std::vector<Term>> led_;  // oldest first
};

}  // namespace

std::unique_ptr<Check> terms_on_the_wire(Check::View view) {
    return std::make_unique<TermsOnTheWire>(std::move(view));
}

}  // namespace rafted::sim

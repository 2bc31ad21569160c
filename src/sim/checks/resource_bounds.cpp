// Resource bounds: what a member holds stays below the caps of its group's config (the largest ones
// seen so far, as a smaller cap does not take back what was let in): the log in memory at twice its
// limit and one entry (a follower whose snapshots lag takes that much); what a settled leader has
// not committed at its limit and one entry; what is on its way to one follower at its limit and one
// append; sessions at their limit.
#include <algorithm>

#include "sim/checks/checks.hpp"
#include "sim/checks/said.hpp"

namespace rafted::sim {
namespace {

/// What surrounds a command in its entry, or what a list or config takes.
constexpr std::uint64_t entry_allowance = 64 << 10;

class ResourceBounds final : public Check {
public:
    explicit ResourceBounds(View view) : Check(std::move(view), {FactKind::load}) {}
    std::string_view name() const override { return "resource bounds"; }

    void on_load(const Load& fact) override {
        const GroupConfig& config = fact.config;
        entry_ = std::max(entry_, config.max_command_bytes + entry_allowance);
        log_ = std::max(log_, 2 * config.max_log_bytes);
        uncommitted_ = std::max(uncommitted_, config.max_uncommitted_bytes);
        inflight_ = std::max(inflight_, config.max_inflight_bytes);
        append_ = std::max(append_, config.max_append_bytes);
        sessions_ = std::max(sessions_, std::uint64_t{config.max_sessions});

        judge(fact.node, "its log in memory", fact.log_bytes, log_ + entry_);
        if (is_settled_leader(fact.node)) {
            judge(fact.node, "what it has not committed", fact.uncommitted_bytes,
                  uncommitted_ + entry_);
        }
        judge(fact.node, "what is on its way to a follower", fact.inflight_bytes,
              inflight_ + std::max(append_, entry_));
        judge(fact.node, "its sessions", fact.sessions, sessions_);
    }

private:
    /// What a new leader has inherited may be more than it would take itself.
    bool is_settled_leader(NodeId id) const {
        const NodeImage* node = image(id);
        return node != nullptr && node->role == Role::leader &&
               node->log.term_at(node->commit) == node->hard.term;
    }

    void judge(NodeId node, const char* what, std::uint64_t is, std::uint64_t cap) const {
        if (is <= cap) return;
        wrong(said(node) + ": " + what + " comes to " + std::to_string(is) + ", its bound is " +
                  std::to_string(cap),
              {node});
    }

    std::uint64_t entry_ = 0;
    std::uint64_t log_ = 0;
    std::uint64_t uncommitted_ = 0;
    std::uint64_t inflight_ = 0;
    std::uint64_t append_ = 0;
    std::uint64_t sessions_ = 0;
};

}  // namespace

std::unique_ptr<Check> resource_bounds(Check::View view) {
    return std::make_unique<ResourceBounds>(std::move(view));
}

}  // namespace rafted::sim

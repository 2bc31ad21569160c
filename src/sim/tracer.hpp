// What happens in a run, as a running hash and, if somebody wants it, as JSON Lines: the format is
// in docs/testing.md, and the page that draws it is page.hpp.
//   1. Whether lines are written changes nothing of the hash.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/effects.hpp"
#include "sim/network.hpp"
#include "sim/onlooker.hpp"

namespace rafted::sim {

class Tracer {
public:
    using Sink = std::function<void(std::string_view line)>;
    Tracer(const core::Time& now, Sink sink) : now_(now), start_(now), sink_(std::move(sink)) {}

    std::uint64_t hash() const { return hash_; }
    bool writes() const { return static_cast<bool>(sink_); }
    /// Since the start of the run.
    std::chrono::microseconds at() const {
        return std::chrono::duration_cast<std::chrono::microseconds>(now_ - start_);
    }

    struct Head {
        std::uint64_t seed = 0;
        unsigned nodes = 0;
        std::vector<std::string> faults;
        std::string command;
    };
    void head(const Head& head);
    void step(NodeId node, std::span<const core::Input> inputs, const core::Effects& effects);
    /// What the node is now; a line only if it differs from the last one.
    void state(const NodeImage& node);
    void carried(const core::Message& message, const Network::Fate& fate);
    /// "crash", "start", "pause"...
    void node(NodeId node, std::string_view event, std::string_view text = {});
    void fault(std::string_view text, std::optional<core::Time> until,
               const std::vector<NodeId>& nodes);
    void called(const Called& call, std::string_view text);
    void replied(const Replied& reply, unsigned client, std::string_view text);
    void applied(const Applied& fact) { mix({5, fact.node.value, fact.index.value, fact.result}); }
    void hook(const HookRan& fact) {
        mix({6, fact.node.value, fact.index.value, fact.replaying ? 1U : 0U});
    }
    void violation(const Violation& violation);
    void end(bool ok, std::string_view text);

private:
    void mix(std::initializer_list<std::uint64_t> numbers);
    std::int64_t micros(core::Time time) const;

    const core::Time& now_;
    core::Time start_;
    Sink sink_;
    std::uint64_t hash_ = 0x9e3779b97f4a7c15U;
    std::uint64_t last_message_ = 0;
    std::map<NodeId, std::string> last_state_;
};

}  // namespace rafted::sim

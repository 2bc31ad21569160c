// The search for one order of calls that explains a history: Wing and Gong's, with Lowe's
// just-in-time rule. It walks along the ends of calls; only when a call ends that has not taken
// effect yet is it placed, alone or after other open calls. What has been tried is remembered.
//   1. Reads take effect as soon as they can: it costs nothing, as they change nothing.
//   2. Of open calls of one kind the one that ends first goes first; endless ones go last.
//   3. A configuration is not tried if one with the same state and calls has been that has used
//      up no endless calls but the same, fewer, or weaker ones: it could do all this one can.
// 1 to 3 leave out no state that matters: see docs/check.md.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "history/timeline.hpp"
#include "rafted/history.hpp"

namespace rafted::history {

struct Found {
    Answer answer = Answer::linearizable;
    std::uint64_t configurations = 0;
    /// The last end that was reached with its call not yet placed, and the states before that.
    std::size_t furthest = 0;
    std::vector<Steps::State> states;
};

class Search {
public:
    /// With `looks_ahead` false no state is given up early: Found::states has all there are.
    Search(Steps& steps, const Timeline& timeline, const Limits& limits, bool looks_ahead = true);
    Found run();

private:
    /// A state, the open calls that have taken effect, and the endless ones (sorted by kind).
    struct Configuration {
        Steps::State state = 0;
        std::vector<std::uint64_t> done;
        std::vector<std::uint32_t> used;
    };
    struct Node {
        Configuration now;
        std::uint32_t placed = 0;   // calls placed at this end: few before many
        std::uint64_t arrival = 0;  // and among equals the first found
    };
    /// All ways to place the call that ends at `moment`, tried lazily.
    struct Frame {
        std::size_t moment = 0;
        std::vector<Node> heap;
    };
    struct Hash {
        std::size_t operator()(const std::vector<std::uint64_t>& key) const;
    };

    bool is_done(const Configuration& now, std::uint32_t interval) const;
    void set_done(Configuration& now, std::uint32_t interval, bool done) const;
    std::optional<Steps::State> step(Steps::State state, Steps::Kind kind);
    std::size_t advance(Configuration& now, std::size_t moment);
    void absorb_reads(Configuration& now, std::size_t moment);
    void rank_endless();
    bool is_as_good(const std::vector<std::uint32_t>& used,
                    const std::vector<std::uint32_t>& other) const;
    bool is_new(const Configuration& now, std::size_t moment);
    bool is_hopeful(const Configuration& now, std::size_t moment);
    bool can_reach(const Configuration& now, std::size_t moment, std::size_t target);
    void note_state(const Configuration& now, std::size_t moment);
    void open_frame(Configuration now, std::size_t moment);
    void offer(Frame& frame, Configuration next, std::uint32_t placed);
    void place_more(Frame& frame, const Node& node);
    void place_endless(Frame& frame, const Node& node, std::vector<Steps::Kind> taken);
    bool is_over_limit() const;

    Steps& steps_;
    const Timeline& timeline_;
    Limits limits_;
    bool looks_ahead_;
    Found found_;
    std::uint64_t arrivals_ = 0;
    std::vector<Frame> frames_;
    std::vector<Steps::Kind> available_;
    std::vector<std::uint32_t> endless_order_;                // the weakest first
    std::vector<std::vector<std::uint32_t>> endless_covers_;  // which ones can stand in for it
    std::unordered_map<std::uint64_t, std::uint64_t> step_results_;
    std::unordered_map<std::vector<std::uint64_t>, std::vector<std::vector<std::uint32_t>>, Hash>
        tried_;
};

}  // namespace rafted::history

// One member on a stand: the test plays everybody else by hand and sees all that the member says.
// Its disk completes at once unless it is held. Not a cluster: see core_cluster.hpp.
#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "core/member.hpp"

namespace rafted::test {

inline constexpr NodeId a{1}, b{2}, c{3}, d{4}, e{5};

/// What the member starts from. Entry 1 is a founding entry that names all voters.
struct StandSetup {
    std::vector<NodeId> voters = {a, b, c};
    std::vector<Term> terms{};  ///< Of the entries 2, 3... (commands "e2", "e3"...).
    core::HardState hard{};
    bool restarted = false;
    GroupConfig config{};
};

class MemberStand {
public:
    explicit MemberStand(const StandSetup& setup = {});

    const core::Member& member() const { return member_; }
    const core::State& state() const { return member_.state(); }
    const core::Log& log() const { return member_.state().log; }
    const core::Leader& leader() const { return std::get<core::Leader>(state().role); }
    core::Time now() const { return now_; }

    /// Takes the input and, unless the disk is held, all that follows from its own writes.
    void give(const core::Input& input);
    void receive(NodeId from, Term term, core::Body body);
    /// Time passes, and the member is woken as often as it wants.
    void pass(std::chrono::milliseconds time);
    void hold_disk() { held_ = true; }
    void release_disk();

    /// Elected in the next term by the votes of `voters`; what is said on the way is forgotten.
    void win(const std::vector<NodeId>& voters = {b});
    /// Its clock passes its election timer; what is said is kept.
    void time_out();
    core::RequestId propose(std::string_view command);
    core::RequestId read();
    core::RequestId change(core::ChangeMembers::Act act, const core::Peer& peer);
    /// `from` answers the newest append to it as accepted.
    void acknowledge(NodeId from);

    /// Everything said since forget(), in order of leaving.
    const std::vector<core::Message>& said() const { return said_; }
    const std::vector<core::Effects>& effects() const { return effects_; }
    void forget();
    /// The newest message of this kind to `to`, or none.
    template <class T>
    const T* newest(NodeId to) const {
        for (auto at = said_.rbegin(); at != said_.rend(); ++at) {
            if (at->to == to && std::holds_alternative<T>(at->body)) return &std::get<T>(at->body);
        }
        return nullptr;
    }
    /// The term that the newest message of this kind to `to` carries.
    template <class T>
    Term newest_term(NodeId to) const {
        for (auto at = said_.rbegin(); at != said_.rend(); ++at) {
            if (at->to == to && std::holds_alternative<T>(at->body)) return at->term;
        }
        return Term();
    }
    /// Indexes of the entries handed out to be applied since forget().
    std::vector<Index> applied() const;
    /// The end of a request since forget(), or none.
    std::optional<core::Answer> answer(core::RequestId request) const;
    std::optional<core::ReadReady> ready(core::RequestId request) const;
    std::optional<core::Accepted> accepted(core::RequestId request) const;

private:
    void perform(const core::Effects& effects);
    void drain();

    core::Member member_;
    core::Time now_{};
    core::Time wake_at_{};
    bool held_ = false;
    std::deque<core::Effects> writes_;
    std::vector<core::Message> said_;
    std::vector<core::Effects> effects_;
    core::RequestId last_request_ = 0;
};

/// The founding entry of a group with these voters.
core::Entry founding_of(const std::vector<NodeId>& voters, const GroupConfig& config = {});
/// A command entry.
core::Entry command_at(Index index, Term term, std::string_view text);
/// Commands of one term at `first`, `first` + 1...
std::vector<core::Entry> commands(Index first, Term term, std::size_t count);
/// An append request with a stamp of no particular leader.
core::AppendRequest append_after(Index prev, Term prev_term, std::vector<core::Entry> entries,
                                 Index commit = Index());

}  // namespace rafted::test

// A checker: one thing that must hold whatever happens, judged from facts after every event. The
// definition stands on top of each file in checks/. all_checks() is the list.
//   1. A checker never asks the code that it judges; what it needs it keeps itself, or the onlooker
//      keeps it for all.
//   2. It reports by wrong() and may go on; the run ends at the first report.
//   3. It is told only of nodes that are members of the newest incarnation of the group.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/commits.hpp"
#include "sim/facts.hpp"
#include "sim/ledger.hpp"

namespace rafted::sim {

struct Violation {
    std::string check;
    std::string text;  ///< What is wrong, with nodes, terms and indexes.
    std::vector<NodeId> nodes;
    core::Time at{};
};

/// The kinds of facts, one for each function of a Check.
enum class FactKind : std::uint8_t {
    started,
    stepped,
    sent,
    synced,
    crashed,
    not_started,
    forced_out,
    applied,
    queried,
    snapshotted,
    hook,
    called,
    replied,
    recovered,
    load,
    calm,
    clocks_off,
    ended,
};
inline constexpr std::size_t fact_kind_count = 18;

class FactKinds {
public:
    constexpr FactKinds(std::initializer_list<FactKind> kinds) {
        for (const FactKind kind : kinds) bits_ |= bit(kind);
    }
    static constexpr FactKinds all() {
        FactKinds kinds{};
        kinds.bits_ = (1U << fact_kind_count) - 1;
        return kinds;
    }
    constexpr bool contains(FactKind kind) const { return (bits_ & bit(kind)) != 0; }

private:
    static constexpr std::uint32_t bit(FactKind kind) { return 1U << static_cast<unsigned>(kind); }
    std::uint32_t bits_ = 0;
};

class Check {
public:
    /// What every checker may look at.
    struct View {
        const Images& images;
        const Commits& commits;
        const Ledger& ledger;
        const core::Time& now;  ///< True time.
        std::function<void(Violation)> report;
    };
    using Make = std::function<std::unique_ptr<Check>(View)>;

    virtual ~Check() = default;
    Check(const Check&) = delete;
    Check& operator=(const Check&) = delete;
    /// Field words, lower case, as in docs/safety.md: "election safety".
    virtual std::string_view name() const = 0;
    /// Of what it wants to be told.
    FactKinds listens_to() const { return listens_to_; }

    virtual void on_started(const Started&) {}
    virtual void on_stepped(const Stepped&) {}
    virtual void on_sent(const Sent&) {}
    virtual void on_synced(const Synced&) {}
    virtual void on_crashed(const Crashed&) {}
    virtual void on_not_started(const NotStarted&) {}
    virtual void on_forced_out(const ForcedOut&) {}
    virtual void on_applied(const Applied&) {}
    virtual void on_queried(const Queried&) {}
    virtual void on_snapshotted(const Snapshotted&) {}
    virtual void on_hook(const HookRan&) {}
    virtual void on_called(const Called&) {}
    virtual void on_replied(const Replied&) {}
    virtual void on_recovered(const Recovered&) {}
    virtual void on_load(const Load&) {}
    virtual void on_calm(const Calm&) {}
    virtual void on_clocks_off(const ClocksOff&) {}
    virtual void on_ended(const Ended&) {}

protected:
    explicit Check(View view, FactKinds listens_to = FactKinds::all())
        : view_(std::move(view)), listens_to_(listens_to) {}
    const Images& images() const { return view_.images; }
    /// Nothing if no such node has ever started.
    const NodeImage* image(NodeId id) const {
        const auto found = view_.images.find(id);
        return found == view_.images.end() ? nullptr : &found->second;
    }
    const Commits& commits() const { return view_.commits; }
    const Ledger& ledger() const { return view_.ledger; }
    core::Time now() const { return view_.now; }
    void wrong(std::string text, std::vector<NodeId> nodes = {}) const {
        view_.report({std::string(name()), std::move(text), std::move(nodes), view_.now});
    }

private:
    View view_;
    FactKinds listens_to_;
};

/// One of each, in the order of docs/safety.md.
std::vector<Check::Make> all_checks();

}  // namespace rafted::sim

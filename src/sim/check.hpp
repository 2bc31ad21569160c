// A checker: one thing that must hold whatever happens, judged from facts after every event. The
// definition stands on top of each file in checks/. all_checks() is the list.
//   1. A checker never asks the code that it judges; what it needs it keeps itself.
//   2. It reports by wrong() and may go on; the run ends at the first report.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/facts.hpp"

namespace rafted::sim {

struct Violation {
    std::string check;
    std::string text;  ///< What is wrong, with nodes, terms and indexes.
    std::vector<NodeId> nodes;
    core::Time at{};
};

class Check {
public:
    /// What every checker may look at.
    struct View {
        const Images& images;
        const core::Time& now;  ///< True time.
        std::function<void(Violation)> report;
    };
    using Make = std::function<std::unique_ptr<Check>(View)>;

    virtual ~Check() = default;
    /// Field words, lower case, as in docs/safety.md: "election safety".
    virtual std::string_view name() const = 0;

    virtual void on_started(const Started&) {}
    virtual void on_stepped(const Stepped&) {}
    virtual void on_sent(const Sent&) {}
    virtual void on_synced(const Synced&) {}
    virtual void on_crashed(const Crashed&) {}
    virtual void on_applied(const Applied&) {}
    virtual void on_queried(const Queried&) {}
    virtual void on_snapshotted(const Snapshotted&) {}
    virtual void on_hook(const HookRan&) {}
    virtual void on_called(const Called&) {}
    virtual void on_replied(const Replied&) {}
    virtual void on_recovered(const Recovered&) {}
    virtual void on_load(const Load&) {}
    virtual void on_calm(const Calm&) {}
    virtual void on_ended(const Ended&) {}

protected:
    explicit Check(View view) : view_(std::move(view)) {}
    const Images& images() const { return view_.images; }
    core::Time now() const { return view_.now; }
    void wrong(std::string text, std::vector<NodeId> nodes = {}) const {
        view_.report({std::string(name()), std::move(text), std::move(nodes), view_.now});
    }

private:
    View view_;
};

/// One of each, in the order of docs/safety.md.
std::vector<Check::Make> all_checks();

}  // namespace rafted::sim

// The clients of a run: each asks for what the workload says when the plan says so, through the
// real client's engine, and tells what it was answered. Also the history of it, for whoever judges
// histories.
//   1. An operation has one number, however often it is tried.
//   2. With a caller-chosen id an operation is tried again after an unknown outcome; its outcome is
//      that of all tries together.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "rafted/sim.hpp"
#include "sim/history_keeper.hpp"
#include "sim/onlooker.hpp"
#include "sim/plan.hpp"
#include "sim/tracer.hpp"
#include "sim/world.hpp"

namespace rafted::sim {

class Clients {
public:
    struct Figures {
        std::uint64_t commands_ok = 0;
        std::uint64_t queries_ok = 0;
        std::uint64_t refused = 0;
        std::uint64_t unknown = 0;
    };
    struct Field {
        World& world;
        Onlooker& onlooker;
        Tracer& tracer;
        const Plan& plan;
        const Subject& subject;
        std::string group;
    };
    explicit Clients(Field field);

    /// From now on operations are asked for when they are due.
    void begin();
    void pile_up(std::uint64_t operations);
    /// While they hush, what is due is put off until they do not.
    void set_hushed(bool hushed);
    /// Zero: as usual.
    void set_timeout(core::Duration timeout) { short_timeout_ = timeout; }
    /// Nodes may be elsewhere: who asks next looks them up.
    void refresh() { callers_.assign(field_.plan.options.clients, nullptr); }
    /// One more command or query, and whether it was answered well.
    void ask_now(bool is_query, std::function<void(bool ok)> done);
    bool is_idle() const { return open_ == 0; }
    const Figures& figures() const { return figures_; }
    HistoryKeeper& history() { return history_; }

private:
    struct Call;
    void ask(unsigned client, std::uint64_t choice, std::function<void(bool)> done = {});
    void send(const std::shared_ptr<Call>& call);
    void answered(const std::shared_ptr<Call>& call, const Result<Bytes>& result);
    void finish(const std::shared_ptr<Call>& call, Outcome outcome, const Result<Bytes>& result);
    Caller& caller(unsigned client);

    Field field_;
    std::vector<std::shared_ptr<Caller>> callers_;
    core::Duration short_timeout_{};
    bool hushed_ = false;
    std::vector<const PlannedCall*> put_off_;
    std::uint64_t last_ = 0;
    std::uint64_t open_ = 0;
    Figures figures_;
    HistoryKeeper history_;
};

}  // namespace rafted::sim

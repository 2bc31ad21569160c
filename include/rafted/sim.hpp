// Run your own value in a simulated world: the real member, host, journal and client, several nodes
// on one thread, virtual time, and every fault there is, all of it from one seed. Link rafted::sim.
//
//   auto report = rafted::sim::run<Counter>({.seed = 7, .nodes = 5}, workload);
//
// `workload` is called for each operation of a client and says what it asks for: it takes a
// Chance& and returns a command or a query of the value, as a std::variant<C, Q> or either alone.
// What it may be is in sim_typed.hpp, which comes with this; here is what has no types.
//   1. Equal options give equal runs, to the last bit of trace_hash, from any build.
//   2. Every rule of docs/safety.md is checked after every event; at the first broken one the run
//      ends and the report says which, when, and how to see it again.
//   3. No thread, no real clock, no real file: runs may go on side by side.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "rafted/config.hpp"
#include "rafted/history.hpp"
#include "rafted/typed.hpp"

namespace rafted::sim {

/// What can go wrong. How often and how long each strikes is in docs/testing.md.
enum class Fault : std::uint8_t {
    drop,            ///< Messages are lost.
    delay,           ///< Messages take long.
    duplicate,       ///< Messages between nodes arrive twice.
    reorder,         ///< Some messages are overtaken by many others.
    cut,             ///< Two nodes cannot reach each other (a partial partition).
    cut_one_way,     ///< One node reaches another, which does not reach it.
    split,           ///< The nodes fall into two parts.
    isolate,         ///< A node reaches nobody.
    slow_link,       ///< Everything between two nodes takes long.
    crash,           ///< The power goes; un-synced bytes and names are lost, whole or in part.
    crash_in_step,   ///< The power goes between two effects of one step.
    crash_in_write,  ///< The power goes within a write, which is torn.
    kill,            ///< Only the process dies.
    pause,           ///< The process stands still and goes on late.
    move_address,    ///< A node restarts elsewhere.
    lose_disk,       ///< A node's disk is gone; a new node takes its place.
    flip_bits,       ///< Bits of journal, snapshot or identity files change.
    read_error,      ///< Files cannot be read.
    write_error,     ///< A write fails.
    sync_error,      ///< A sync fails, and what it should have kept is lost.
    full_disk,       ///< There is no space left, for a while.
    hang_disk,       ///< Writes do not end, for a while.
    drift,           ///< Clocks run fast or slow, within the margin.
    drift_beyond,    ///< Clocks run apart beyond the margin: leases may break, nothing else.
    freeze_clock,    ///< A clock stands still, which is beyond any margin.
    jump_wall,       ///< The wall clock jumps.
    add_member,      ///< A node joins.
    remove_member,   ///< A member is removed.
    replace_member,  ///< A member is removed and another takes its place.
    learner,         ///< A learner is added, and promoted later.
    move_lead,       ///< The lead is handed over.
    change_config,   ///< The group's config changes.
    lose_majority,   ///< A majority is gone for good; one survivor goes on alone, by force.
    short_timeouts,  ///< Clients give up early and ask again with the same id.
    pile_up,         ///< Clients ask for much at once.
    slow_value,      ///< Commands and queries take long.
    slow_hooks,      ///< Hooks take long.
    throwing_hooks,  ///< Hooks throw.
    slow_snapshots,  ///< Snapshots take long to write and to send.
    upgrade,         ///< Nodes restart one by one as another release (so far there is one).
    contest_lead,    ///< A leader is cut off while it is sure to lead, and another is elected.
    lose_half,       ///< Half of the voters is gone for good; the others force one of it out.
    silence,         ///< Groups with nothing to do fall silent (NodeConfig::quiesce_after).
    scrub,           ///< What is stored is read back all the time (NodeConfig::scrub_period).
};
inline constexpr std::uint8_t fault_count = 44;
/// "crash_in_step"; as on the command line.
std::string_view name_of(Fault fault);
/// Nothing if no fault is called that.
std::optional<Fault> fault_of(std::string_view name);

/// A set of faults.
class Faults {
public:
    constexpr Faults() = default;
    constexpr Faults(std::initializer_list<Fault> faults) {
        for (const Fault fault : faults) bits_ |= bit(fault);
    }
    constexpr bool has(Fault fault) const { return (bits_ & bit(fault)) != 0; }
    constexpr Faults with(Fault fault) const { return Faults(bits_ | bit(fault)); }
    constexpr Faults without(Fault fault) const { return Faults(bits_ & ~bit(fault)); }
    constexpr bool operator==(const Faults&) const = default;
    static constexpr Faults everything() { return Faults((std::uint64_t{1} << fault_count) - 1); }

private:
    constexpr explicit Faults(std::uint64_t bits) : bits_(bits) {}
    static constexpr std::uint64_t bit(Fault fault) {
        return std::uint64_t{1} << static_cast<unsigned>(fault);
    }
    std::uint64_t bits_ = 0;
};
constexpr Faults all() { return Faults::everything(); }
constexpr Faults none() { return {}; }

struct Options {
    std::uint64_t seed = 1;
    /// Members at the beginning; 1 to 9.
    unsigned nodes = 5;
    /// Which faults may strike. Each seed turns a random subset of them on (a swarm)...
    Faults faults = all();
    /// ...unless this is off: then all of them.
    bool swarm = true;
    /// Commands and queries of all clients together.
    unsigned operations = 500;
    unsigned clients = 4;
    /// Simulated time with faults; then comes a calm, in which the group must heal.
    std::chrono::seconds time{60};
    /// None: drawn from the seed.
    std::optional<GroupConfig> config{};
    /// Off: nodes keep nothing on disk. None: drawn from the seed, mostly on.
    std::optional<bool> durable{};
    /// Every entry is also applied to copies, and the results and saved bytes compared.
    bool guard = true;

    // What is left of a run that was shrunk; the replay command says these.
    /// Only these strikes of the plan, by number. None: all.
    std::optional<std::vector<unsigned>> only_strikes{};
    /// Only these operations, by number. None: all.
    std::optional<std::vector<unsigned>> only_operations{};

    /// If set, takes the run as JSON Lines (docs/testing.md), one line at a time.
    std::function<void(std::string_view line)> trace{};
};

/// How a run went.
struct Report {
    bool ok = true;
    // If not:
    std::string check;  ///< Which rule is broken, as in docs/safety.md.
    std::string text;   ///< How.
    std::chrono::microseconds at{};
    /// Options in words of the command line, to see it again.
    std::string replay;

    std::uint64_t seed = 0;
    /// Over everything that happened.
    std::uint64_t trace_hash = 0;
    std::vector<std::string> faults;   ///< That were turned on.
    std::vector<std::string> strikes;  ///< What was done when, a line each.
    /// What clients asked and were told, in the order they asked; see Subject::judge. Times are
    /// simulated nanoseconds.
    std::vector<history::Call> history;

    // Figures of the run.
    std::uint64_t commands_ok = 0;
    std::uint64_t queries_ok = 0;
    std::uint64_t refused = 0;  ///< Certainly not done.
    std::uint64_t unknown = 0;  ///< Perhaps done.
    std::uint64_t steps = 0;    ///< Of members.
    std::uint64_t messages = 0;
    std::uint64_t elections = 0;
    std::uint64_t crashes = 0;
    std::uint64_t snapshots = 0;
    std::chrono::microseconds simulated{};
};

/// Chance for workloads: from the seed alone.
class Chance {
public:
    explicit Chance(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next();
    /// Uniform in [0, n); n > 0.
    std::uint64_t below(std::uint64_t n) { return next() % n; }
    bool percent(unsigned share) { return below(100) < share; }

private:
    std::uint64_t state_;
};

/// What a client asks for, as bytes.
struct Request {
    bool is_query = false;
    /// Ask whatever node is at hand for what it has; it may be behind.
    bool is_stale = false;
    Bytes body;
    std::string text{};  ///< For stories and traces; may be empty.
};

/// A value and its clients, without types; run<D>() makes one.
struct Subject {
    std::function<std::unique_ptr<Machine>()> machine;
    std::function<Request(Chance& chance, unsigned client)> next;
    /// What a command is called in reports; none: its size.
    std::function<std::string(BytesView command)> words{};
    /// Looks at the end at what clients saw: anything returned is a violation "history". Left out
    /// are calls that certainly did not happen, stale queries, queries answered while leases could
    /// break, and what began after a forced recovery; what a recovery interrupts stays open.
    std::function<std::string(const std::vector<history::Call>& calls)> judge{};
    /// What a query is called in reports; none: its size.
    std::function<std::string(BytesView query)> query_words{};
    /// Results in words, given what they are results of; none: their bytes.
    std::function<std::string(BytesView command, BytesView result)> result_words{};
    std::function<std::string(BytesView query, BytesView result)> answer_words{};
    /// What is wrong with a value, if anything; asked after every command on every member. Anything
    /// returned is a violation "invariant".
    std::function<std::string(const Machine& machine)> wrong{};
    /// What shows a run again if the words of its replay follow: "rafted sim". May be empty.
    std::string program{};
};

/// One run. Fails never: what is wrong with the options is told in the report, as check "options",
/// and what the subject threw as check "workload".
Report run(const Options& options, const Subject& subject);

/// Drops faults, nodes and operations while the run fails the same check. Takes as many runs as
/// `most_runs`. Returns the options of the smallest run found, and its report.
std::pair<Options, Report> shrink(const Options& options, const Subject& subject,
                                  unsigned most_runs = 400);

/// A report as a short story: what was on, what was done, what went wrong, how to see it again.
std::string story_of(const Report& report);

/// `start`, changed by the words of a Report::replay: "--seed 7 --faults drop,cut".
/// Fails with invalid, naming the word.
Result<Options> options_of(std::string_view words, Options start = {});

/// The lines that Options::trace has taken as one HTML page, to be opened in any browser.
/// Fails with invalid, naming the line.
Result<std::string> page_of(std::string_view trace);

}  // namespace rafted::sim

#include "rafted/sim_typed.hpp"

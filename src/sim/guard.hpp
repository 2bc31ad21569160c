// The determinism guard: every entry of a group is applied on two copies beside the members', one
// that goes on and a twin that is made anew from saved bytes again and again. Results and saved
// bytes must be equal everywhere, or the value reads what it must not: a clock, an address, chance
// of its own, the order of an unordered container.
//   1. The first member to apply an entry makes the copies apply it; every later one is compared.
//   2. Saved bytes are compared after every entry while they are small, else now and then, by
//      index: at the same indexes on every member. Queries at these indexes are asked once more, of
//      a copy, which must answer the same and stay the same.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "rafted/machine.hpp"
#include "value/applier.hpp"

namespace rafted::sim {

class Guard {
public:
    using Factory = value::Applier::MachineFactory;
    using Words = std::function<std::string(BytesView command)>;
    /// The rule that is broken, "determinism" or "invariant", and how.
    using OnFinding = std::function<void(std::string_view rule, const std::string& what)>;

    struct Options {
        /// What a command is called in a report; none: its size.
        Words words{};
        Words query_words{};
        /// Results in words, given what they answer; none: their bytes.
        std::function<std::string(BytesView command, BytesView result)> result_words{};
        std::function<std::string(BytesView query, BytesView result)> answer_words{};
        /// What is wrong with a value, by its own rules; asked after every command of every member.
        std::function<std::string(const Machine& machine)> wrong{};
        /// Off: nothing runs beside, only members are compared with each other.
        bool copies = true;
    };
    Guard(Factory factory, Options options, OnFinding on_finding);

    struct Run {
        const Context& context;
        BytesView command;
        const Result<Bytes>& answer;
        const Machine& machine;  ///< As it is after the command.
    };
    struct Asked {
        Index index;  ///< What the value had applied.
        BytesView query;
        const Result<Bytes>& answer;
        const Machine& machine;  ///< As it is after the query.
    };
    /// A member is about to apply this entry; the command lives until done().
    void before(Index index, const Machine& machine, BytesView command);
    /// It has; `state` becomes the digest of its saved bytes if they are taken at this index.
    void after(const Run& run, std::optional<std::uint64_t>& state);
    void done() { current_.reset(); }
    /// What the command that is being applied is called; empty if none is.
    std::string current() const;
    /// A member's value has answered a query: a copy made for it answers too.
    void queried(const Asked& asked) const;

    /// The group goes on from what one member had up to here; what came after is void.
    void forget_after(Index kept);
    Index newest() const { return newest_; }

private:
    void run_copies(const Run& run);
    void renew_twin(const Run& run);
    std::unique_ptr<Machine> copy_of(const Machine& machine);
    /// The result and another of the same command.
    std::string both(const Run& run, const Result<Bytes>& other) const;
    void differ(const Run& run, const std::string& how) const;
    void differ(const Asked& asked, const std::string& how) const;

    Factory factory_;
    Options options_;
    OnFinding on_finding_;
    std::unique_ptr<Machine> copy_;
    std::unique_ptr<Machine> twin_;
    std::optional<BytesView> current_;
    std::string no_copy_;   ///< Why a copy could not be made.
    bool is_fresh_ = true;  ///< No entry has been applied by anybody.
    Index newest_;
    std::uint64_t stride_ = 1;      ///< Bytes are taken at indexes it divides...
    std::uint64_t since_twin_ = 0;  ///< ...and the twin is made anew after some entries.
};

/// The bytes a snapshot of it would hold, or why it cannot be saved.
Result<Bytes> saved_bytes(const Machine& machine);

}  // namespace rafted::sim

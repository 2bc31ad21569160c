// Exactly once: which commands have been applied, and what they answered. Part of the replicated
// state, so everything here depends on entries alone (their order, content and log time).
// Not the value: it neither runs commands nor knows what the answers mean.
//   1. An id that is remembered is never run again; a sequence below a session's floor neither.
//   2. Nothing is searched through: the cost of an entry does not grow with what is remembered.
//   3. Bounded: answers by caller's id, sessions, and answers per session have a limit each.
//   4. Answers of a session are sorted by sequence and at or above its floor; sessions are in the
//      order of their last use.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <optional>
#include <unordered_map>

#include "core/time.hpp"
#include "rafted/bytes.hpp"
#include "rafted/config.hpp"
#include "rafted/ids.hpp"
#include "rafted/result.hpp"
#include "value/envelope.hpp"

namespace rafted::value {

class Sessions {
public:
    explicit Sessions(const GroupConfig& config) { set_limits(config); }
    Sessions(const Sessions&) = delete;
    Sessions& operator=(const Sessions&) = delete;
    Sessions(Sessions&&) = default;
    Sessions& operator=(Sessions&&) = default;

    /// Takes the limits over and drops at once what is over them, oldest first.
    void set_limits(const GroupConfig& config);
    /// Log time has come to `now`: sessions that have not been used for the timeout end.
    void advance(core::LogTime now);

    /// Opens a session under an id that no other one has had. Over the limit, the one unused for
    /// longest ends.
    void open(std::uint64_t id);

    /// What is known of a command before it runs: nothing (then run it, and remember() what it
    /// answered), or its answer: the one it had, session_expired or forgotten. The session counts
    /// as used, and what its client confirmed is let go.
    std::optional<Result<Bytes>> recall(const Identity& id);
    /// requires: recall(id) just returned nothing.
    void remember(const Identity& id, const Result<Bytes>& answer);

    /// Open sessions.
    std::uint64_t size() const { return by_id_.size(); }
    /// Answers remembered by caller's id.
    std::uint64_t retained() const { return retained_.size(); }

    void save(Writer& out) const;
    /// Nothing if the bytes are malformed; limits are those of the config.
    static std::optional<Sessions> load(Reader& in, const GroupConfig& config);

private:
    struct Retained {
        CommandId id;
        Result<Bytes> answer;
    };
    struct Given {
        std::uint64_t sequence = 0;
        Result<Bytes> answer;
    };
    struct Session {
        std::uint64_t id = 0;
        core::LogTime last_use{};
        std::uint64_t floor = 0;  // below it, what is not held is forgotten
        std::deque<Given> given;  // by sequence
    };
    struct CommandIdHash {
        std::size_t operator()(const CommandId& id) const noexcept;
    };
    using Used = std::list<Session>;  // by last use, oldest first

    std::optional<Result<Bytes>> recall_retained(const CommandId& id) const;
    std::optional<Result<Bytes>> recall_given(const SessionId& id);
    void retain(const CommandId& id, const Result<Bytes>& answer);
    void give(const SessionId& id, const Result<Bytes>& answer);
    void end_oldest();
    void drop_first(Session& session) const;
    bool load_retained(Reader& in);
    bool load_sessions(Reader& in);
    static bool load_given(Reader& in, Session& session);

    std::deque<Retained> retained_;
    // Serial number of a retained answer; it stands at [serial - first_serial_].
    std::unordered_map<CommandId, std::uint64_t, CommandIdHash> serial_of_;
    std::uint64_t first_serial_ = 0;

    Used used_;
    std::unordered_map<std::uint64_t, Used::iterator> by_id_;
    core::LogTime now_{};

    std::size_t max_retained_ = 0;
    std::size_t max_sessions_ = 0;
    std::size_t max_given_ = 0;
    core::LogTime timeout_{};
};

/// The encoding of an answer: u8 (0 result, else 1 + error code), then bytes or text.
void write_answer(Writer& out, const Result<Bytes>& answer);
/// The reader fails on a code that does not exist.
Result<Bytes> read_answer(Reader& in);

}  // namespace rafted::value

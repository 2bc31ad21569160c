#include "value/sessions.hpp"

#include <algorithm>

namespace rafted::value {
namespace {

constexpr auto last_error = static_cast<std::uint8_t>(ErrorCode::disk_full);
// The least bytes that each takes in a snapshot, to check counts by.
constexpr std::size_t answer_bytes = 1 + 4;
constexpr std::size_t retained_bytes = 16 + answer_bytes;
constexpr std::size_t given_bytes = 8 + answer_bytes;
constexpr std::size_t session_bytes = 3 * 8 + 4;

/// A count of things that take `each` bytes at least; 0 and failed if there cannot be so many.
std::uint32_t read_count(Reader& in, std::size_t each) {
    const auto count = in.number<std::uint32_t>();
    if (count > in.left() / each) in.fail();
    return in.failed() ? 0 : count;
}

/// The first answer at or after `sequence`. Sequences mostly follow each other, so its place is
/// guessed before it is searched.
template <class Given>
auto place_of(Given& given, std::uint64_t sequence) {
    if (given.empty() || given.back().sequence < sequence) return given.end();
    const std::uint64_t first = given.front().sequence;
    if (sequence <= first) return given.begin();
    const std::uint64_t guess = sequence - first;
    if (guess < given.size() && given[guess].sequence == sequence) {
        return given.begin() + static_cast<std::ptrdiff_t>(guess);
    }
    return std::lower_bound(given.begin(), given.end(), sequence,
                            [](const auto& one, std::uint64_t s) { return one.sequence < s; });
}

}  // namespace

std::size_t Sessions::CommandIdHash::operator()(const CommandId& id) const noexcept {
    std::uint64_t mixed = (id.high ^ (id.low * 0x9e3779b97f4a7c15)) * 0xbf58476d1ce4e5b9;
    return mixed ^ (mixed >> 32);
}

void Sessions::set_limits(const GroupConfig& config) {
    max_retained_ = config.max_retained_command_results;
    max_sessions_ = config.max_sessions;
    timeout_ = config.session_timeout;
    // A session that holds more gives it up at its next command: no walk over all of them here.
    max_given_ = config.max_results_per_session;
    while (retained_.size() > max_retained_) {
        serial_of_.erase(retained_.front().id);
        retained_.pop_front();
        ++first_serial_;
    }
    while (used_.size() > max_sessions_) end_oldest();
    advance(now_);
}

void Sessions::advance(core::LogTime now) {
    now_ = std::max(now_, now);
    while (!used_.empty() && now_ - used_.front().last_use >= timeout_) end_oldest();
}

void Sessions::end_oldest() {
    by_id_.erase(used_.front().id);
    used_.pop_front();
}

void Sessions::open(std::uint64_t id) {
    if (max_sessions_ == 0) return;
    while (used_.size() >= max_sessions_) end_oldest();
    used_.push_back(Session{id, now_, 0, {}});
    by_id_[id] = std::prev(used_.end());
}

std::optional<Result<Bytes>> Sessions::recall(const Identity& id) {
    if (const auto* named = std::get_if<CommandId>(&id)) return recall_retained(*named);
    if (const auto* session = std::get_if<SessionId>(&id)) return recall_given(*session);
    return std::nullopt;
}

std::optional<Result<Bytes>> Sessions::recall_retained(const CommandId& id) const {
    const auto found = serial_of_.find(id);
    if (found == serial_of_.end()) return std::nullopt;
    return retained_[found->second - first_serial_].answer;
}

std::optional<Result<Bytes>> Sessions::recall_given(const SessionId& id) {
    const auto found = by_id_.find(id.session);
    if (found == by_id_.end()) {
        return fail(ErrorCode::session_expired,
                    "session " + std::to_string(id.session) +
                        " is not open any more; this try was not run, an earlier one of the same "
                        "command may have been");
    }
    Session& session = *found->second;
    session.last_use = now_;
    used_.splice(used_.end(), used_, found->second);

    session.floor = std::max(session.floor, id.confirmed_below);
    auto& given = session.given;
    while (!given.empty() && given.front().sequence < session.floor) given.pop_front();
    while (given.size() > max_given_) drop_first(session);

    const auto at = place_of(given, id.sequence);
    if (at != given.end() && at->sequence == id.sequence) return at->answer;
    if (id.sequence >= session.floor) return std::nullopt;
    return fail(ErrorCode::forgotten,
                "the answer to command " + std::to_string(id.sequence) + " of session " +
                    std::to_string(id.session) + " has been dropped (all below " +
                    std::to_string(session.floor) + " are); it is not run again");
}

void Sessions::drop_first(Session& session) const {
    session.floor = session.given.front().sequence + 1;
    session.given.pop_front();
}

void Sessions::remember(const Identity& id, const Result<Bytes>& answer) {
    if (const auto* named = std::get_if<CommandId>(&id)) retain(*named, answer);
    if (const auto* session = std::get_if<SessionId>(&id)) give(*session, answer);
}

void Sessions::retain(const CommandId& id, const Result<Bytes>& answer) {
    serial_of_.emplace(id, first_serial_ + retained_.size());
    retained_.push_back(Retained{id, answer});
    if (retained_.size() <= max_retained_) return;
    serial_of_.erase(retained_.front().id);
    retained_.pop_front();
    ++first_serial_;
}

void Sessions::give(const SessionId& id, const Result<Bytes>& answer) {
    const auto found = by_id_.find(id.session);
    if (found == by_id_.end()) return;
    Session& session = *found->second;
    session.given.insert(place_of(session.given, id.sequence), Given{id.sequence, answer});
    while (session.given.size() > max_given_) drop_first(session);
}

void write_answer(Writer& out, const Result<Bytes>& answer) {
    if (answer) {
        out.number(std::uint8_t{0});
        out.blob(*answer);
    } else {
        out.number(static_cast<std::uint8_t>(1 + static_cast<std::uint8_t>(answer.error().code)));
        out.text(answer.error().message);
    }
}

Result<Bytes> read_answer(Reader& in) {
    const auto code = in.number<std::uint8_t>();
    if (code == 0) return in.blob_copy();
    auto message = in.text();
    if (code - 1 > last_error) in.fail();
    return fail(static_cast<ErrorCode>(code - 1), std::move(message));
}

void Sessions::save(Writer& out) const {
    out.number(std::int64_t{now_.count()});
    out.number(static_cast<std::uint32_t>(retained_.size()));
    for (const auto& one : retained_) {
        out.number(one.id.high);
        out.number(one.id.low);
        write_answer(out, one.answer);
    }
    out.number(static_cast<std::uint32_t>(used_.size()));
    for (const auto& session : used_) {
        out.number(session.id);
        out.number(std::int64_t{session.last_use.count()});
        out.number(session.floor);
        out.number(static_cast<std::uint32_t>(session.given.size()));
        for (const auto& one : session.given) {
            out.number(one.sequence);
            write_answer(out, one.answer);
        }
    }
}

std::optional<Sessions> Sessions::load(Reader& in, const GroupConfig& config) {
    Sessions loaded(config);
    loaded.now_ = core::LogTime(in.number<std::int64_t>());
    if (loaded.now_ < core::LogTime{}) return std::nullopt;
    if (!loaded.load_retained(in) || !loaded.load_sessions(in) || in.failed()) return std::nullopt;
    loaded.set_limits(config);
    return loaded;
}

bool Sessions::load_retained(Reader& in) {
    const auto count = read_count(in, retained_bytes);
    for (std::uint32_t i = 0; i < count; ++i) {
        const auto high = in.number<std::uint64_t>();
        const CommandId id{high, in.number<std::uint64_t>()};
        auto answer = read_answer(in);
        if (in.failed() || !serial_of_.emplace(id, retained_.size()).second) return false;
        retained_.push_back(Retained{id, std::move(answer)});
    }
    return !in.failed();
}

bool Sessions::load_sessions(Reader& in) {
    const auto count = read_count(in, session_bytes);
    for (std::uint32_t i = 0; i < count; ++i) {
        Session session;
        session.id = in.number<std::uint64_t>();
        session.last_use = core::LogTime(in.number<std::int64_t>());
        session.floor = in.number<std::uint64_t>();
        const auto not_before = used_.empty() ? core::LogTime{} : used_.back().last_use;
        if (session.last_use < not_before || session.last_use > now_) return false;
        if (!load_given(in, session)) return false;
        used_.push_back(std::move(session));
        if (!by_id_.emplace(used_.back().id, std::prev(used_.end())).second) return false;
    }
    return !in.failed();
}

bool Sessions::load_given(Reader& in, Session& session) {
    const auto count = read_count(in, given_bytes);
    for (std::uint32_t i = 0; i < count; ++i) {
        const auto sequence = in.number<std::uint64_t>();
        auto answer = read_answer(in);
        const bool in_order = session.given.empty() ? sequence >= session.floor
                                                    : sequence > session.given.back().sequence;
        if (in.failed() || !in_order) return false;
        session.given.push_back(Given{sequence, std::move(answer)});
    }
    return !in.failed();
}

}  // namespace rafted::value

#include "client/calls.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "rafted/bytes.hpp"
#include "rafted/codec.hpp"
#include "rafted/status.hpp"
#include "value/envelope.hpp"

namespace rafted::client {
namespace {

using std::chrono::milliseconds;

/// A session that expires again and again, though just opened, is given up on.
constexpr unsigned max_expired_sessions = 3;
constexpr const char* crowded =
    "sessions of this handle expire as fast as they are opened: more handles are at work than the "
    "group's max_sessions";
/// Members come, go and move while one leader serves; whoever knows only old addresses is lost with
/// it.
constexpr auto members_stay_known = std::chrono::seconds(10);
/// Nobody waits longer; also keeps deadlines far from the end of time.
constexpr milliseconds longest_timeout = std::chrono::hours(24 * 365);

/// Rounded up: an attempt must not end before its call does.
milliseconds up_to_ms(core::Duration duration) {
    return std::max(std::chrono::ceil<milliseconds>(duration), milliseconds(1));
}

}  // namespace

GroupCaller::Core::Core(ports::Loop& loop, ports::Channel& channel, CallerOptions options)
    : loop_(loop),
      channel_(channel),
      options_(std::move(options)),
      route_(options_.addresses, options_.first_is_local),
      session_(options_.session_window),
      learn_at_(loop.now() + members_stay_known),
      chance_(static_cast<std::minstd_rand::result_type>(options_.seed)) {}

void GroupCaller::Core::begin(Request request) {
    if (closed_) return request.done(fail(ErrorCode::stopped, "the handle is closed"));
    const CommandId id = request.options.id;
    const auto number = add(std::move(request));
    auto& call = calls_.at(number);
    if (call.attempts.kind != RequestKind::command) return start(number, call);
    if (!id) return enter_session(number, call);
    call.body = value::seal(id, call.body);
    start(number, call);
}

GroupCaller::Core::CallNumber GroupCaller::Core::add(Request request) {
    const auto number = next_call_++;
    const auto timeout =
        std::clamp(request.options.timeout, milliseconds(0), milliseconds(longest_timeout));
    Call call;
    call.attempts.kind = request.kind;
    call.body = std::move(request.body);
    call.done = std::move(request.done);
    call.admission = std::move(request.admission);
    call.deadline = loop_.now() + timeout;
    calls_.emplace(number, std::move(call));
    return number;
}

void GroupCaller::Core::enter_session(CallNumber number, Call& call) {
    if (!session_.has_room() || !waiting_.empty()) return wait_for_session(number, call);
    call.in_session = session_.take();
    call.body = value::seal(*call.in_session, call.body);
    start(number, call);
}

void GroupCaller::Core::wait_for_session(CallNumber number, Call& call) {
    waiting_.push_back(number);
    call.waits_until = loop_.call_at(call.deadline, [weak = weak_from_this(), number] {
        if (const auto self = weak.lock()) self->give_up_waiting(number);
    });
    if (!session_.is_open()) open_session();
}

void GroupCaller::Core::open_session() {
    if (opening_session_) return;
    opening_until_ = {};
    for (const auto number : waiting_) {
        const auto found = calls_.find(number);
        if (found == calls_.end()) continue;
        opening_until_ = std::max(opening_until_, found->second.deadline);
    }
    opening_session_ = true;
    CallOptions options;
    options.timeout = up_to_ms(opening_until_ - loop_.now());
    const auto number =
        add({RequestKind::open_session, {}, options, [weak = weak_from_this()](auto answer) {
                 if (const auto self = weak.lock()) self->session_opened(std::move(answer));
             }});
    start(number, calls_.at(number));
}

void GroupCaller::Core::session_opened(Result<Bytes> answer) {
    opening_session_ = false;
    if (answer) {
        Reader in(*answer);
        const auto id = in.number<std::uint64_t>();
        if (in.complete() && id != 0) {
            session_.open(id);
            return dispatch_waiting();
        }
        answer = fail(ErrorCode::invalid, "the answer is not a session id");
    }
    if (closed_) return;
    // None of them has been sent: whatever became of the session, they did not happen. Those that
    // came later and have more time wait for the next try.
    Error why = answer.error();
    const bool says_so = outcome_of(why) == Outcome::no || outcome_of(why) == Outcome::place_broken;
    if (!says_so) why.code = ErrorCode::unreachable;
    why.message = "no session could be opened: " + why.message;
    const auto tried_until = opening_until_;
    std::deque<CallNumber> others;
    for (const auto number : std::exchange(waiting_, {})) {
        const auto found = calls_.find(number);
        if (found == calls_.end()) continue;
        if (found->second.deadline > tried_until) {
            others.push_back(number);
        } else {
            finish(number, std::unexpected(why));
        }
    }
    waiting_.insert(waiting_.begin(), others.begin(), others.end());
    if (!waiting_.empty()) open_session();
}

void GroupCaller::Core::give_up_waiting(CallNumber number) {
    const auto found = calls_.find(number);
    if (found == calls_.end() || found->second.waits_until.number == 0) return;
    const bool full = session_.is_open();
    finish(number, full ? fail(ErrorCode::busy, "too many commands of this handle wait already")
                        : fail(ErrorCode::unreachable, "no session could be opened in time"));
}

void GroupCaller::Core::dispatch_waiting() {
    while (!waiting_.empty() && session_.has_room()) {
        const auto number = waiting_.front();
        waiting_.pop_front();
        const auto found = calls_.find(number);
        if (found == calls_.end()) continue;
        auto& call = found->second;
        loop_.cancel(std::exchange(call.waits_until, {}));
        call.in_session = session_.take();
        call.body = value::seal(*call.in_session, call.body);
        start(number, call);
    }
    if (!waiting_.empty() && !session_.is_open()) open_session();
}

void GroupCaller::Core::start(CallNumber number, Call& call) {
    const auto kind = call.attempts.kind;
    call.attempts.target = kind == RequestKind::force_remove ? route_.first()
                           : needs_leader(kind)              ? route_.leader()
                                                             : route_.anybody();
    attempt(number, call);
}

void GroupCaller::Core::attempt(CallNumber number, Call& call) {
    const auto left = call.deadline - loop_.now();
    if (left <= core::Duration::zero() && call.attempt > 0) return time_over(number, call);
    const auto patience = options_.patience * (1 << std::min(call.attempts.timeouts, 10u));
    const bool once = is_admin(call.attempts.kind) || patience >= left;
    call.patience = once ? core::never : loop_.now() + patience;
    be_patient_until(call.patience);
    call.under_way = true;
    ++call.attempt;
    channel_.send(call.attempts.target,
                  {.kind = call.attempts.kind,
                   .group = options_.group,
                   .timeout = up_to_ms(left),
                   .body = call.body},
                  [weak = weak_from_this(), number, attempt = call.attempt](Result<Bytes> answer) {
                      const auto self = weak.lock();
                      if (self) self->answered(number, attempt, std::move(answer));
                  });
}

/// One timer for all calls: most are answered long before, so it is rarely set again.
void GroupCaller::Core::be_patient_until(core::Time time) {
    if (time >= next_check_) return;
    loop_.cancel(check_);
    next_check_ = time;
    check_ = loop_.call_at(time, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->lose_patience();
    });
}

void GroupCaller::Core::lose_patience() {
    next_check_ = core::never;
    const auto now = loop_.now();
    core::Time next = core::never;
    std::vector<CallNumber> late;
    for (const auto& [number, call] : calls_) {
        if (!call.under_way) continue;
        if (call.patience <= now) {
            late.push_back(number);
        } else {
            next = std::min(next, call.patience);
        }
    }
    be_patient_until(next);
    for (const auto number : late) {
        const auto found = calls_.find(number);
        if (found == calls_.end()) continue;
        const auto& target = found->second.attempts.target;
        failed(number, found->second, {ErrorCode::timeout, target + " did not answer in time", {}});
    }
}

void GroupCaller::Core::answered(CallNumber number, unsigned attempt, Result<Bytes> answer) {
    const auto found = calls_.find(number);
    if (found == calls_.end()) return;
    auto& call = found->second;
    const bool newest = call.attempt == attempt;
    if (answer) return succeeded(number, call, std::move(answer), newest);
    if (newest && call.under_way) failed(number, call, std::move(answer.error()));
}

void GroupCaller::Core::succeeded(CallNumber number, Call& call, Result<Bytes> answer,
                                  bool newest) {
    const bool leader_is_news =
        newest && route_.answered(call.attempts.target, needs_leader(call.attempts.kind));
    if (call.attempts.kind == RequestKind::status && !options_.group.empty()) {
        if (const auto status = decode<Status>(*answer)) route_.learn(*status);
    }
    const RequestKind kind = call.attempts.kind;
    finish(number, std::move(answer));
    const bool is_old = needs_leader(kind) && loop_.now() >= learn_at_;
    if (leader_is_news || is_old) learn_members();
}

void GroupCaller::Core::failed(CallNumber number, Call& call, Error error) {
    call.under_way = false;
    if (error.code == ErrorCode::session_expired && call.in_session) {
        if (renew_session(number, call, error)) return;
        if (!call.attempts.may_have_happened) return finish(number, fail(ErrorCode::busy, crowded));
    }
    const auto move = after_error(call.attempts, error, route_.size());
    const bool at_fault = move != Move::give_up && move != Move::pause_then_same;
    if (at_fault) route_.failed(call.attempts.target);
    if (move == Move::follow_hint) route_.hinted(error.leader->address);
    call.last_error = std::move(error);
    switch (move) {
        case Move::give_up: return time_over(number, call);
        case Move::follow_hint: call.attempts.target = call.last_error->leader->address; break;
        case Move::next: retarget(call); break;
        case Move::pause_then_next: retarget(call); [[fallthrough]];
        case Move::pause_then_same: return pause(number, call);
    }
    attempt(number, call);
}

/// Another call may have found the leader meanwhile. Otherwise round the addresses, past the one
/// that was silent: to wait for it again would cost a whole attempt.
void GroupCaller::Core::retarget(Call& call) {
    auto& attempts = call.attempts;
    if (needs_leader(attempts.kind) && route_.knows_leader()) {
        attempts.target = route_.leader();
        return;
    }
    attempts.target = route_.after(attempts.target);
    if (attempts.distrust > 0 && attempts.target == attempts.distrusted) {
        attempts.target = route_.after(attempts.target);
    }
}

/// A first try that finds its session gone did not happen: it may go into a new one.
bool GroupCaller::Core::renew_session(CallNumber number, Call& call, const Error& error) {
    if (call.in_session->session == session_.id()) session_.expired();
    if (call.attempts.may_have_happened || ++call.sessions_expired > max_expired_sessions) {
        return false;
    }
    const auto envelope = value::open(call.body);
    if (!envelope) return false;
    call.body = copy_of(envelope->command);
    call.in_session.reset();
    call.last_error = error;
    enter_session(number, call);
    return true;
}

void GroupCaller::Core::pause(CallNumber number, Call& call) {
    const auto doublings = std::min(call.attempts.pauses - 1, 16u);
    const auto longest = std::min(options_.first_pause * (1 << doublings), options_.last_pause);
    std::uniform_int_distribution<std::int64_t> pick(longest.count() / 2, longest.count());
    const auto until = loop_.now() + milliseconds(pick(chance_));
    if (until >= call.deadline) return time_over(number, call);
    loop_.call_at(until, [weak = weak_from_this(), number, attempt = call.attempt] {
        const auto self = weak.lock();
        if (!self) return;
        const auto found = self->calls_.find(number);
        if (found == self->calls_.end() || found->second.attempt != attempt) return;
        auto& waited = found->second.attempts;
        if (needs_leader(waited.kind) && self->route_.knows_leader()) {
            waited.target = self->route_.leader();
        }
        self->attempt(number, found->second);
    });
}

/// The last word, unless it says that this attempt did not happen and an earlier one may have.
void GroupCaller::Core::time_over(CallNumber number, Call& call) {
    Error error = std::move(*call.last_error);
    const bool is_refusal =
        outcome_of(error) == Outcome::no || outcome_of(error) == Outcome::place_broken;
    if (call.attempts.may_have_happened && is_refusal) {
        error = {ErrorCode::timeout, "no answer in time; at last " + to_string(error), {}};
    }
    finish(number, std::unexpected(std::move(error)));
}

void GroupCaller::Core::finish(CallNumber number, Result<Bytes> answer) {
    const auto node = calls_.extract(number);
    auto& call = node.mapped();
    loop_.cancel(call.waits_until);
    if (call.in_session) session_.finish(*call.in_session);
    if (!waiting_.empty()) dispatch_waiting();
    call.done(std::move(answer));
}

/// A handle that knows one address loses the group with it: ask the new leader who else there is.
void GroupCaller::Core::learn_members() {
    if (options_.group.empty() || closed_ || calls_.size() >= options_.max_calls) return;
    learn_at_ = loop_.now() + members_stay_known;
    const auto number = add({RequestKind::status, {}, {}, [](const Result<Bytes>&) {}});
    auto& call = calls_.at(number);
    call.attempts.target = route_.leader();
    attempt(number, call);
}

void GroupCaller::Core::close() {
    closed_ = true;
    waiting_.clear();
    loop_.cancel(check_);
    for (auto& [number, call] : std::exchange(calls_, {})) {
        loop_.cancel(call.waits_until);
        call.done(fail(ErrorCode::stopped, "the handle was closed before the answer came"));
    }
}

}  // namespace rafted::client

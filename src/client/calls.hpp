// The inside of a GroupCaller: its calls in flight, single-threaded on the loop.
//   1. A call is in calls_ from begin() until its answer; its id is never used again.
//   2. A command without a caller's id waits in waiting_ until the session is open and has room.
//   3. An attempt that takes too long is not given up: others are made beside it, and the first
//      answer counts. An error counts only if it ends the newest attempt.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <unordered_map>

#include "client/admission.hpp"
#include "client/caller.hpp"
#include "client/retry.hpp"
#include "client/route.hpp"
#include "client/session.hpp"

namespace rafted::client {

class GroupCaller::Core : public std::enable_shared_from_this<GroupCaller::Core> {
public:
    Core(ports::Loop& loop, ports::Channel& channel, CallerOptions options);

    struct Request {
        RequestKind kind = RequestKind::status;
        Bytes body;
        CallOptions options;
        Callback done;
        Admission admission{};
    };
    /// Any thread. Fails with busy if as many calls as are allowed wait already.
    Result<Admission> admit() { return Admission::enter(admitted_, options_.max_calls); }
    void begin(Request request);
    void close();

private:
    using CallNumber = std::uint64_t;
    struct Call {
        Attempts attempts;
        Bytes body;  // of a command: the envelope, once it is sealed
        Callback done;
        Admission admission;
        core::Time deadline{};
        std::optional<Error> last_error;
        std::optional<value::SessionId> in_session;
        unsigned attempt = 0;
        bool under_way = false;             // the newest attempt has not ended
        core::Time patience = core::never;  // then another attempt is made beside it
        unsigned sessions_expired = 0;
        ports::Loop::TimerId waits_until{};
    };

    CallNumber add(Request request);
    void enter_session(CallNumber number, Call& call);
    void wait_for_session(CallNumber number, Call& call);
    void open_session();
    void session_opened(Result<Bytes> answer);
    void give_up_waiting(CallNumber number);
    void dispatch_waiting();

    void start(CallNumber number, Call& call);
    void attempt(CallNumber number, Call& call);
    void be_patient_until(core::Time time);
    void lose_patience();
    void answered(CallNumber number, unsigned attempt, Result<Bytes> answer);
    void succeeded(CallNumber number, Call& call, Result<Bytes> answer, bool newest);
    void failed(CallNumber number, Call& call, Error error);
    bool renew_session(CallNumber number, Call& call, const Error& error);
    void retarget(Call& call);
    void pause(CallNumber number, Call& call);
    void time_over(CallNumber number, Call& call);
    void finish(CallNumber number, Result<Bytes> answer);
    void learn_members();

    ports::Loop& loop_;
    ports::Channel& channel_;
    CallerOptions options_;
    Route route_;
    Session session_;
    bool opening_session_ = false;
    core::Time opening_until_{};
    std::atomic<std::size_t> admitted_ = 0;
    std::unordered_map<CallNumber, Call> calls_;
    std::deque<CallNumber> waiting_;  // may name calls that were answered meanwhile
    CallNumber next_call_ = 1;
    core::Time next_check_ = core::never;
    ports::Loop::TimerId check_{};
    core::Time learn_at_{};  // then a call that succeeds asks for the members again
    std::minstd_rand chance_;
    bool closed_ = false;
};

}  // namespace rafted::client

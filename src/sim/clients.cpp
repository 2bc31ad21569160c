#include "sim/clients.hpp"

#include <utility>

#include "sim/subject.hpp"

namespace rafted::sim {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds usual_timeout{5'000};
constexpr unsigned most_tries = 4;

Outcome outcome_of_answer(const Result<Bytes>& result) {
    if (result) return Outcome::ok;
    // The value has answered, if only that it threw.
    if (result.error().code == ErrorCode::value_threw) return Outcome::ok;
    return rafted::outcome_of(result.error()) == rafted::Outcome::no ? Outcome::no
                                                                     : Outcome::unknown;
}

}  // namespace

struct Clients::Call {
    Called fact;
    Bytes body;
    CallOptions options;
    unsigned tries = 0;
    bool may_have_happened = false;
    std::function<void(bool)> done;
};

Clients::Clients(Field field) : field_(std::move(field)) { refresh(); }

void Clients::begin() {
    const core::Time start = field_.world.now();
    for (const PlannedCall& call : field_.plan.calls) {
        field_.world.loop().call_at(start + call.at, [this, &call] {
            if (hushed_) return put_off_.push_back(&call);
            ask(call.client, call.choice);
        });
    }
}

void Clients::set_hushed(bool hushed) {
    hushed_ = hushed;
    if (hushed) return;
    for (const PlannedCall* call : std::exchange(put_off_, {})) ask(call->client, call->choice);
}

void Clients::pile_up(std::uint64_t operations) {
    for (std::uint64_t i = 0; i < operations; ++i) {
        const auto client = static_cast<unsigned>(i % field_.plan.options.clients);
        ask(client, last_ * 0x9e3779b97f4a7c15U + i);
    }
}

Caller& Clients::caller(unsigned client) {
    auto& caller = callers_[client];
    if (!caller) caller = field_.world.caller(field_.group);
    return *caller;
}

void Clients::ask(unsigned client, std::uint64_t choice, std::function<void(bool)> done) {
    if (field_.world.nodes().empty()) return;
    Chance chance(choice);
    Request request = field_.subject.next(chance, client);
    auto call = std::make_shared<Call>();
    call->fact.operation = ++last_;
    call->fact.client = client;
    call->fact.at = field_.world.now();
    call->fact.kind = !request.is_query  ? CallKind::command
                      : request.is_stale ? CallKind::stale_query
                                         : CallKind::query;
    call->body = with_operation(call->fact.operation, request.body);
    call->options.timeout = usual_timeout;
    call->done = std::move(done);
    if (short_timeout_.count() > 0) {
        call->options.timeout = std::chrono::duration_cast<milliseconds>(short_timeout_);
    }
    // Ids are remembered for so many commands; only then may a client try again by itself.
    const auto kept = field_.plan.config.max_retained_command_results;
    const bool by_id = kept >= 2 * field_.plan.options.operations && chance.percent(30);
    if (by_id && !request.is_query) call->options.id = CommandId(1, call->fact.operation);
    ++open_;
    field_.tracer.called(call->fact, request.text);
    field_.onlooker.called(call->fact);
    history_.called(call->fact, request.body);
    send(call);
}

void Clients::ask_now(bool is_query, std::function<void(bool)> done) {
    // Until the workload comes up with one of the kind; a workload may know only one kind.
    Chance chance(last_ + 1);
    std::uint64_t choice = chance.next();
    for (int i = 0; i < 100; ++i, choice = chance.next()) {
        Chance attempt(choice);
        const Request request = field_.subject.next(attempt, 0);
        if (request.is_query == is_query && !request.is_stale) {
            return ask(0, choice, std::move(done));
        }
    }
    done(true);
}

void Clients::send(const std::shared_ptr<Call>& call) {
    RequestKind kind = RequestKind::command;
    if (call->fact.kind == CallKind::query) kind = RequestKind::query;
    if (call->fact.kind == CallKind::stale_query) kind = RequestKind::query_stale;
    ++call->tries;
    caller(call->fact.client)
        .call(kind, call->body, call->options,
              [this, call](const Result<Bytes>& result) { answered(call, result); });
}

void Clients::answered(const std::shared_ptr<Call>& call, const Result<Bytes>& result) {
    Outcome outcome = outcome_of_answer(result);
    if (outcome == Outcome::unknown) call->may_have_happened = true;
    const bool stopped = !result && result.error().code == ErrorCode::stopped;
    const bool again = call->options.id != CommandId{} && outcome != Outcome::ok &&
                       call->tries < most_tries && !stopped;
    if (again) return send(call);
    if (outcome == Outcome::no && call->may_have_happened) outcome = Outcome::unknown;
    finish(call, outcome, result);
}

void Clients::finish(const std::shared_ptr<Call>& call, Outcome outcome,
                     const Result<Bytes>& result) {
    --open_;
    const bool is_query = call->fact.kind != CallKind::command;
    if (outcome == Outcome::ok) ++(is_query ? figures_.queries_ok : figures_.commands_ok);
    if (outcome == Outcome::no) ++figures_.refused;
    if (outcome == Outcome::unknown) ++figures_.unknown;
    const Replied reply{call->fact.operation, outcome,
                        outcome == Outcome::ok ? digest_of(result) : 0, field_.world.now()};
    field_.tracer.replied(reply, call->fact.client, result ? "" : to_string(result.error()));
    field_.onlooker.replied(reply);
    history_.replied(reply, result, !(is_query && field_.onlooker.are_clocks_off()));
    if (call->done) call->done(outcome == Outcome::ok);
}

}  // namespace rafted::sim

#include "host/host.hpp"

#include <algorithm>
#include <utility>

#include "rafted/codec.hpp"

namespace rafted::host {
namespace {

/// Completions often come at once (memory storage); a few rounds save a trip through the loop.
constexpr int rounds_per_turn = 4;
constexpr std::size_t max_waiting_messages = 100'000;
/// Memory for so many is kept from one turn to the next.
constexpr std::size_t most_spare_mail = 1024;
/// Beyond this, what is to be written gathers here: a disk that hangs makes no queue grow by turns.
constexpr unsigned max_writes_under_way = 4;
/// How often a full disk is asked whether it has room.
constexpr auto space_pause = std::chrono::milliseconds(500);

template <class... F>
struct Overload : F... {
    using F::operator()...;
};

}  // namespace

Host::Host(Ports ports, HostIdentity identity)
    : ports_(std::move(ports)),
      identity_(std::move(identity)),
      mailbox_(ports_.wake),
      services_{ports_.storage,
                ports_.transport,
                ports_.clock,
                ports_.workers,
                mailbox_,
                metrics_,
                ports_.log,
                identity_.node,
                identity_.address,
                ports_.cluster,
                identity_.disk_patience,
                identity_.quiesce_after,
                ports_.watch},
      scrubber_(services_, identity_.scrub,
                {[this](ports::Slot slot) { return name_of(slot); },
                 [this](ports::Slot slot) { renew_snapshot(slot); }}),
      liveness_(ports_.transport, ports_.random) {}

Host::~Host() = default;

void Host::adopt(std::vector<ports::RecoveredGroup> groups) {
    for (ports::RecoveredGroup& group : groups) {
        next_slot_ = std::max(next_slot_, group.record.slot + 1);
        if (group.record.removed) {
            dormant_.erase(group.record.name);  // of a seat that was there before
            left_[group.record.name] = std::move(group);
        } else {
            dormant_[group.record.name] = std::move(group);
        }
    }
}

void Host::request(ports::ClientRequest request, ports::Reply reply) {
    MailItem call = Call{std::move(request), std::move(reply)};
    if (mailbox_.put_below(identity_.max_waiting_requests, call)) return;
    std::get<Call>(call).reply(fail(ErrorCode::busy, "the node's mailbox is full; try again"));
}

/// Messages may be lost: those that a loop which hangs does not take are.
void Host::receive(ports::Envelope envelope) {
    MailItem message = std::move(envelope);
    (void)mailbox_.put_below(max_waiting_messages, message);
}

void Host::heard_beat(NodeId from, const ports::Beat& beat) {
    MailItem heard = Completion([this, from, beat] {
        if (!stopped_) liveness_.heard(from, beat, ports_.clock.steady());
    });
    (void)mailbox_.put_below(max_waiting_messages, heard);
}

void Host::heard_address(NodeId node, const std::string& address) {
    on_loop([this, node, address] {
        for (auto& [slot, place] : places_) place.seat->heard_address(node, address);
    });
}

core::Time Host::turn() {
    for (int round = 0; round < rounds_per_turn; ++round) {
        take_mail();
        const core::Time now = ports_.clock.steady();
        if (!stopped_) mind_liveness(now);
        const Places places = due(now);
        if (!places.empty()) {
            ++metrics_.turns;
            step(places, now);
        }
        // Also without a step: a write that has ended lets out what waited for it.
        ports_.transport.flush();
        if (places.empty()) break;
    }
    if (!resigning_.empty()) check_resigned();
    if (!stopped_) {
        const core::Time now = ports_.clock.steady();
        scrubber_.step(now);
        mind_space(now);
    }
    if (mailbox_.size() > 0) return core::Time::min();
    const core::Time next =
        stopped_ ? core::never : std::min({scrubber_.wake_at(), liveness_.wake_at(), space_at_});
    return alarms_.empty() ? next : std::min(next, alarms_.begin()->at);
}

void Host::take_mail() {
    const auto dispatch = Overload{
        [this](ports::Envelope& envelope) {
            const auto at = by_group_.find(envelope.group);
            if (at == by_group_.end()) return;
            ++metrics_.messages_received;
            at->second->seat->receive(std::move(envelope.message));
        },
        [this](Call& call) { on_call(std::move(call)); },
        [](Completion& completion) { completion(); },
    };
    auto mail = mailbox_.take(std::move(spare_mail_));
    for (MailItem& item : mail) std::visit(dispatch, item);
    mail.clear();
    spare_mail_ = mail.capacity() <= most_spare_mail ? std::move(mail) : std::vector<MailItem>();
}

void Host::on_call(Call call) {
    if (stopped_) return call.reply(fail(ErrorCode::stopped, "the node is stopping"));
    const RequestKind kind = call.request.kind;
    const bool about_node = kind == RequestKind::list_groups || kind == RequestKind::metrics;
    if (about_node || kind == RequestKind::status) return answer_status(call);
    Seat* seat = find(call.request.group);
    if (seat == nullptr) return call.reply(runs_none(call.request.group));
    if (seat->waiting() >= identity_.max_waiting_requests) {
        ++metrics_.refused_busy;
        return call.reply(fail(ErrorCode::busy, "too many requests wait; try again"));
    }
    seat->request(std::move(call.request), std::move(call.reply));
}

void Host::answer_status(Call& call) {
    const core::Time now = ports_.clock.steady();
    if (call.request.kind == RequestKind::metrics) return call.reply(encode(metrics_));
    if (call.request.kind == RequestKind::list_groups) {
        std::vector<Status> all;
        for (const auto& [slot, place] : places_) all.push_back(status_of(place, now));
        return call.reply(encode(all));
    }
    const auto at = by_name_.find(call.request.group);
    if (at == by_name_.end()) return call.reply(runs_none(call.request.group));
    call.reply(encode(status_of(*at->second, now)));
}

/// While a group is silent its members are heard through their nodes.
Status Host::status_of(const Place& place, core::Time now) const {
    Status status = place.seat->status(now);
    if (place.silent_under != identity_.node) return status;
    for (MemberInfo& member : status.members) {
        if (member.node == identity_.node) continue;
        const core::Duration ago = now - liveness_.last_heard(member.node);
        member.last_contact = std::chrono::duration_cast<std::chrono::milliseconds>(ago);
    }
    return status;
}

std::unexpected<Error> Host::runs_none(const std::string& group) const {
    return fail(ErrorCode::no_such_group,
                "this node (" + identity_.address + ") runs no group named '" + group + "'");
}

Seat* Host::find(const std::string& name) {
    const auto at = by_name_.find(name);
    return at == by_name_.end() ? nullptr : at->second->seat.get();
}

std::string Host::name_of(ports::Slot slot) const {
    const auto at = places_.find(slot);
    return at == places_.end() ? std::string() : at->second.seat->record().name;
}

void Host::renew_snapshot(ports::Slot slot) {
    const auto at = places_.find(slot);
    if (at != places_.end()) at->second.seat->renew_snapshot();
}

/// In the order of slots. An alarm that has come too early, as its place wants to be stepped later
/// by now, is only set anew.
Host::Places Host::due(core::Time now) {
    Places places = std::exchange(changed_, {});
    while (!alarms_.empty() && alarms_.begin()->at <= now) {
        Place& place = *alarms_.extract(alarms_.begin()).value().place;
        place.alarm = core::never;
        if (place.wake <= now) {
            places.push_back(&place);
        } else {
            set_alarm(place, place.wake);
        }
    }
    std::ranges::sort(places, {}, &Place::slot);
    const auto doubled = std::ranges::unique(places);
    places.erase(doubled.begin(), doubled.end());
    return places;
}

void Host::step(const Places& places, core::Time now) {
    ports::Batch batch;
    Places writers;
    for (Place* place : places) {
        if (place->seat->step(now, batch)) writers.push_back(place);
        set_alarm(*place, place->seat->wake_at());
        mind_silence(*place, now);
        // What is refused takes with it all that is in the same write.
        const bool is_full = ports_.storage.state() == DiskState::full;
        if (is_full && !batch.empty()) write(std::exchange(batch, {}), std::exchange(writers, {}));
    }
    if (!batch.empty()) write(std::move(batch), std::move(writers));
}

void Host::write(ports::Batch batch, Places writers) {
    std::ranges::move(batch, std::back_inserter(gathered_));
    gathered_writers_.insert(gathered_writers_.end(), writers.begin(), writers.end());
    if (writes_under_way_ < max_writes_under_way) submit();
}

void Host::submit() {
    if (gathered_.empty()) return;
    ++metrics_.writes;
    hand_out();
}

void Host::hand_out() {
    ++writes_under_way_;
    auto batch = std::exchange(gathered_, {});
    ports_.storage.write(std::move(batch), [this, writers = std::exchange(gathered_writers_, {})](
                                               Result<void> result) {
        on_loop([this, writers, result = std::move(result)] {
            --writes_under_way_;
            for (const Place* place : writers) place->seat->written(result);
            submit();
        });
    });
}

/// A full disk is asked for nothing by commands, which are refused, so nothing else would notice.
void Host::mind_space(core::Time now) {
    if (ports_.storage.state() != DiskState::full) {
        space_at_ = core::never;
    } else if (space_at_ == core::never || now >= space_at_) {
        const bool is_due = space_at_ != core::never && writes_under_way_ == 0;
        space_at_ = now + space_pause;
        if (is_due) hand_out();
    }
}

/// Almost every step moves the time to a later one: the alarm stays where it is then.
void Host::set_alarm(Place& place, core::Time wake) {
    place.wake = wake;
    if (wake >= place.alarm) return;
    if (place.alarm != core::never) alarms_.erase({place.alarm, place.slot});
    place.alarm = wake;
    alarms_.insert({wake, place.slot, &place});
}

/// Others vouch for a silent seat, and this node for what its own were to others.
void Host::mind_silence(Place& place, core::Time now) {
    const NodeId under = place.seat->silent_under();
    if (under == place.silent_under) return;
    place.silent_under = under;
    if (under) return liveness_.watch(place.slot, place.seat->relies_on(), now);
    liveness_.unwatch(place.slot);
    if (place.seat->is_stopped()) liveness_.renew();
}

void Host::mind_liveness(core::Time now) {
    for (const ports::Slot slot : liveness_.step(now)) {
        Place& place = places_.at(slot);
        place.silent_under = {};
        place.seat->unquiesce();
    }
}

void Host::resign(Done done) {
    on_loop([this, done = std::move(done)] {
        for (auto& [slot, place] : places_) place.seat->resign();
        resigning_.push_back(done);
    });
}

void Host::check_resigned() {
    for (const auto& [slot, place] : places_) {
        if (place.seat->is_resigning()) return;
    }
    for (Done& done : std::exchange(resigning_, {})) done({});
}

void Host::stop(Done done) {
    on_loop([this, done = std::move(done)] {
        stopped_ = true;
        const Error why{ErrorCode::stopped, "the node is stopping", std::nullopt};
        for (auto& [slot, place] : places_) place.seat->stop(why);
        done({});
    });
}

}  // namespace rafted::host

// How a storm draws its faults and runs.
#include "support/rafted_value_storm.hpp"

#include <algorithm>

namespace rafted::test {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t most_open = 8;
/// Each doubled refusal is answered (R3): without a bound they would grow without end.
constexpr std::size_t most_planned = 200;
constexpr std::int64_t most_drift = 150'000;  // millionths: a lease still ends before voters vote
constexpr std::size_t most_members = 7;

}  // namespace

ReferenceWorld::Plan ReferenceStorm::world_plan(const ReferenceStormPlan& plan) {
    core::Random random(plan.seed ^ 0x57a12bU);
    ReferenceWorld::Plan world{.servers = unsigned(2 + random.one_to(3)), .seed = random.next()};
    world.config.rules = plan.rules;
    world.config.entries_kept = random.one_to(6);
    world.config.has_files = random.one_to(2) == 1;
    world.config.file_every = 2 + random.one_to(8);
    if (random.one_to(2) == 1) world.config.drift_margin = milliseconds(300);
    return world;
}

ReferenceStorm::ReferenceStorm(const ReferenceStormPlan& plan)
    : random_(plan.seed), world_(world_plan(plan)), end_(core::Time(plan.time)) {
    const auto on = [this] { return chance(60); };
    if (on()) weather_.drop = up_to(10);
    if (on()) weather_.twice = up_to(20);
    if (on()) weather_.late = up_to(5);
    weather_.latest = milliseconds(300 * up_to(10));
    weather_.cuts = on();
    weather_.one_way_cuts = on();
    weather_.crashes = on();
    weather_.changes = on();
    weather_.drifts = on();
    const auto servers = world_.alive();
    newest_ = servers.back();
    crashes_left_ = unsigned((servers.size() - 1) / 2);
    for (const NodeId id : servers) {
        if (!weather_.drifts) continue;
        world_.set_drift(id, std::int64_t(up_to(2 * most_drift)) - most_drift);
    }
    this->plan(Event::client, milliseconds(1));
    this->plan(Event::cut, milliseconds(2000));
    this->plan(Event::change, milliseconds(1000));
    this->plan(Event::crash, milliseconds(3000));
}

core::Duration ReferenceStorm::between(core::Duration least, core::Duration most) {
    return least + core::Duration(std::int64_t(up_to(std::uint64_t((most - least).count()))));
}

void ReferenceStorm::plan(Event event, core::Duration in) {
    plans_[{world_.now() + in, ++planned_}] = {event, {}};
}

ReferenceStormEnd ReferenceStorm::run() {
    while (step()) ++result_.events;
    world_.give_up();
    result_.violations = world_.violations();
    return result_;
}

bool ReferenceStorm::step() {
    if (!world_.violations().empty()) return false;
    core::Time next = plans_.begin()->first.first;
    NodeId wakes;
    for (const NodeId id : world_.alive()) {
        const core::Time at = std::max(world_.wake_at(id), world_.now());
        if (at >= next) continue;
        next = at;
        wakes = id;
    }
    if (next > end_) return false;
    world_.pass(next - world_.now());
    if (wakes) {
        world_.wake(wakes);
    } else {
        const Planned planned = plans_.extract(plans_.begin()).mapped();
        happen(planned);
    }
    send();
    return true;
}

void ReferenceStorm::happen(const Planned& planned) {
    switch (planned.event) {
        case Event::message: return arrive(planned.message);
        case Event::client: return ask();
        case Event::cut: return cut();
        case Event::change: return change();
        case Event::crash: return crash();
    }
}

// Messages.

void ReferenceStorm::send() {
    for (auto& message : world_.take([](const core::Message&) { return true; })) {
        if (std::holds_alternative<core::SnapshotPiece>(message.body)) ++result_.snapshots;
        const std::uint64_t copies = chance(weather_.twice) ? 2 : 1;
        for (std::uint64_t i = 0; i < copies; ++i) {
            if (chance(weather_.drop) || plans_.size() > most_planned) continue;
            const auto delay = chance(weather_.late) ? between(milliseconds(10), weather_.latest)
                                                     : between(milliseconds(1), milliseconds(8));
            plans_[{world_.now() + delay, ++planned_}] = {Event::message, message};
        }
    }
}

void ReferenceStorm::arrive(const core::Message& message) {
    if (deaf_.contains({message.from, message.to}) || world_.is_cut(message)) return;
    world_.deliver_one(message);
    const auto alive = world_.alive();
    if (std::ranges::find(alive, message.to) == alive.end()) return;
    const auto& server = world_.server(message.to);
    if (server.leads() && led_.emplace(server.id(), server.hard().term).second) {
        ++result_.elections;
    }
}

// Clients.

std::vector<NodeId> ReferenceStorm::leaders() const {
    std::vector<NodeId> found;
    for (const NodeId id : world_.alive()) {
        if (world_.server(id).leads()) found.push_back(id);
    }
    return found;
}

void ReferenceStorm::ask() {
    plan(Event::client, between(milliseconds(1), milliseconds(60)));
    const auto leading = leaders();
    if (leading.empty()) return;
    result_.answered +=
        std::erase_if(open_, [this](const auto& one) { return world_.is_answered(one.first); });
    for (auto& [operation, asked_at] : open_) {
        if (world_.now() - asked_at < milliseconds(1000)) continue;
        asked_at = world_.now();
        world_.ask(any_of(leading), operation);
        return;
    }
    if (open_.size() >= most_open) return;
    const auto kind = chance(60) ? sim::CallKind::command : sim::CallKind::query;
    const auto operation = world_.call(kind);
    open_[operation] = world_.now();
    world_.ask(any_of(leading), operation);
    const bool is_read = kind == sim::CallKind::query && world_.is_answered(operation);
    if (is_read) ++result_.reads_by_lease;
}

// Faults.

void ReferenceStorm::cut() {
    plan(Event::cut, between(milliseconds(300), milliseconds(3500)));
    deaf_.clear();
    std::set<NodeId> island;
    for (const NodeId one : world_.alive()) {
        if (weather_.cuts && chance(40)) island.insert(one);
        for (const NodeId other : world_.alive()) {
            if (weather_.one_way_cuts && chance(15)) deaf_.emplace(one, other);
        }
    }
    if (chance(30)) {
        island.clear();
        deaf_.clear();
    }
    world_.cut_off(std::move(island));
}

void ReferenceStorm::change() {
    plan(Event::change, between(milliseconds(50), milliseconds(1500)));
    const auto leading = leaders();
    if (!weather_.changes || leading.empty()) return;
    const auto& leader = world_.server(any_of(leading));
    const auto members = leader.members().all();
    const bool adds = members.size() < 3 || (members.size() < most_members && chance(50));
    if (adds) {
        if (leader.is_changing()) return;
        newest_ = NodeId(newest_.value + 1);
        world_.start(newest_);
        if (!world_.add(leader.id(), newest_)) ++result_.changes;
        return;
    }
    if (!world_.remove(leader.id(), any_of(members).id)) ++result_.changes;
}

void ReferenceStorm::crash() {
    plan(Event::crash, between(milliseconds(1000), milliseconds(12000)));
    if (!weather_.crashes || crashes_left_ == 0) return;
    const auto leading = leaders();
    const bool hits_leader = !leading.empty() && chance(50);
    world_.crash(any_of(hits_leader ? leading : world_.alive()));
    --crashes_left_;
}

}  // namespace rafted::test

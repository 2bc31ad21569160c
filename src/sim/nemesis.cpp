#include "sim/nemesis.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace rafted::sim {

Nemesis::Nemesis(Field field) : field_(std::move(field)), most_nodes_(9) {
    field_.world.on_homeless = [this](NodeId id) {
        field_.world.loop().post([this, id] {
            // Else it was removed before it went down, and has no seat to take.
            if (field_.world.exists(id) && is_listed(id) && !knows_of_its_removal(id)) join(id);
        });
    };
    field_.recorder.on_seated([this](NodeId id, bool knows_less) {
        if (!knows_less) {
            condemned_.erase(id);
            return;
        }
        // Damage in the newest write is taken for an unfinished one. What the node forgot it must
        // not deny: nothing of it may leave, and another takes its place.
        field_.world.files(id).cut_power();
        field_.world.loop().post([this, id] {
            if (field_.world.exists(id)) lose(id, "knows less than it had promised");
        });
    });
}

void Nemesis::begin() {
    const core::Time start = field_.world.now();
    for (const Strike& planned : field_.plan.strikes) {
        field_.world.loop().call_at(start + planned.at, [this, &planned] {
            if (!is_calm_) strike(planned);
        });
    }
}

void Nemesis::strike(const Strike& planned) {
    Done done = perform(planned);
    if (done.text.empty()) return;
    const auto at = std::chrono::duration_cast<std::chrono::milliseconds>(planned.at);
    const bool lasts = static_cast<bool>(done.undo) && planned.lasts.count() > 0;
    const auto length = std::chrono::duration_cast<std::chrono::milliseconds>(planned.lasts);
    story_.push_back("#" + std::to_string(planned.number) + " at " + std::to_string(at.count()) +
                     " ms: " + std::string(name_of(planned.fault)) + ": " + done.text +
                     (lasts ? ", for " + std::to_string(length.count()) + " ms" : ""));
    const core::Time until = field_.world.now() + planned.lasts;
    field_.tracer.fault(done.text, lasts ? std::optional(until) : std::nullopt, done.nodes);
    if (!done.undo) return;
    active_[planned.number] = std::move(done.undo);
    field_.world.loop().call_at(until, [this, number = planned.number] { end(number); });
}

void Nemesis::end(unsigned number) {
    auto undo = active_.extract(number);
    if (!undo.empty()) undo.mapped()();
}

Nemesis::Done Nemesis::perform(const Strike& strike) {
    switch (strike.fault) {
        case Fault::drop:
        case Fault::delay:
        case Fault::duplicate:
        case Fault::reorder: return weather(strike);
        case Fault::cut:
        case Fault::cut_one_way:
        case Fault::split:
        case Fault::isolate:
        case Fault::slow_link: return links(strike);
        case Fault::drift:
        case Fault::drift_beyond:
        case Fault::freeze_clock:
        case Fault::jump_wall: return clocks(strike);
        case Fault::short_timeouts:
        case Fault::pile_up:
        case Fault::slow_value:
        case Fault::slow_hooks:
        case Fault::throwing_hooks:
        case Fault::slow_snapshots: return values(strike);
        case Fault::crash:
        case Fault::crash_in_step:
        case Fault::crash_in_write:
        case Fault::kill:
        case Fault::pause:
        case Fault::move_address:
        case Fault::lose_disk:
        case Fault::upgrade: return processes(strike);
        case Fault::flip_bits:
        case Fault::read_error:
        case Fault::write_error:
        case Fault::sync_error:
        case Fault::full_disk:
        case Fault::hang_disk: return disks(strike);
        case Fault::add_member:
        case Fault::remove_member:
        case Fault::replace_member:
        case Fault::learner:
        case Fault::move_lead:
        case Fault::change_config:
        case Fault::lose_majority:
        case Fault::lose_half: return changes(strike);
        case Fault::contest_lead: return contest_lead(strike);
        case Fault::silence:
        case Fault::scrub: break;  // not struck with
    }
    return {};
}

std::vector<NodeId> Nemesis::calm() {
    is_calm_ = true;
    for (auto& [number, undo] : std::exchange(active_, {})) undo();
    World& world = field_.world;
    world.network().mend_all();
    world.network().set_weather(field_.plan.world.weather);
    for (const NodeId id : world.nodes()) {
        world.files(id).set_faults({});
        if (!world.is_up(id)) bring_back(id);
        if (!world.is_up(id)) continue;
        Process& process = world.process(id);
        process.hold_disk(false);
        process.clock().set_drift(0);
        process.clock_changed();
        field_.recorder.set_throwing(id, false);
        for (const auto kind :
             {LaneKind::hooks, LaneKind::snapshots, LaneKind::pieces, LaneKind::value}) {
            process.slow_down(kind, {});
        }
        // A disk that failed a write or a sync is not trusted again by the process that saw it.
        if (process.disk_state() != DiskState::failed) continue;
        stop_process(id, 0, true);
        bring_back(id);
    }
    field_.set_timeout({});
    field_.addresses_changed();
    // A majority is enough: some of the others stay away.
    std::vector<NodeId> live;
    auto chance = stream_of(field_.plan.options.seed, 21);
    for (const NodeId id : world.nodes()) {
        const bool stays = !may_lose(id) || chance.one_to(4) != 1 || !field_.plan.durable;
        if (!world.is_up(id)) continue;
        if (stays || !is_member(id)) {
            live.push_back(id);
            continue;
        }
        stop_process(id, 0, true);
        condemned_.insert(id);  // so that may_lose() counts it
    }
    return live;
}

std::vector<NodeId> Nemesis::up() const {
    std::vector<NodeId> all;
    for (const NodeId id : field_.world.nodes()) {
        if (field_.world.is_up(id)) all.push_back(id);
    }
    return all;
}

NodeId Nemesis::leader() const {
    NodeId found;
    Term term;
    for (const auto& [id, image] : field_.onlooker.images()) {
        if (!field_.world.is_up(id) || image.role != Role::leader) continue;
        if (!found || image.hard.term > term) {
            found = id;
            term = image.hard.term;
        }
    }
    return found;
}

NodeId Nemesis::victim(std::uint64_t choice) const {
    const NodeId leads = leader();
    if (leads && choice % 2 == 0) return leads;
    const auto all = up();
    return all.empty() ? NodeId() : all[choice / 2 % all.size()];
}

/// Who has just started knows of few commits: then the log says who knows more.
const NodeImage* Nemesis::best_informed() const {
    const auto knows = [](const NodeImage& image) {
        return std::tuple(image.commit, image.log.last_term(), image.log.last());
    };
    const NodeImage* best = nullptr;
    for (const auto& [id, image] : field_.onlooker.images()) {
        if (!image.is_up || image.was_removed || !field_.world.is_up(id)) continue;
        if (best == nullptr || knows(image) > knows(*best)) best = &image;
    }
    return best;
}

/// What its disk has damaged others must give it: it may be a node's only other copy. One that has
/// lost its log needs more than the snapshot with which it begins again.
bool Nemesis::owes(NodeId id) const {
    const auto found = field_.onlooker.images().find(id);
    if (found == field_.onlooker.images().end()) return false;
    const NodeImage& image = found->second;
    const core::LogPlace end{image.log.last_term(), image.log.last()};
    return image.owes || end < image.hard.let_go;
}

bool Nemesis::is_member(NodeId id) const {
    const auto found = field_.onlooker.images().find(id);
    return found != field_.onlooker.images().end() && found->second.members.contains(id);
}

bool Nemesis::knows_of_its_removal(NodeId id) const {
    const auto found = field_.onlooker.images().find(id);
    return found != field_.onlooker.images().end() && found->second.was_removed;
}

bool Nemesis::is_listed(NodeId id) const {
    const NodeImage* best = best_informed();
    return best != nullptr && best->members.contains(id);
}

/// What becomes of a node, if one loses its disk for ever, or leaves.
Fate Nemesis::fate(NodeId id, const Change& change) const {
    Fate fate;
    fate.is_gone =
        id == change.lost || !field_.world.exists(id) || condemned_.contains(id) || owes(id);
    fate.may_join = may_join(id);
    fate.may_leave = id == change.leaves || leaving_.contains(id);
    return fate;
}

bool Nemesis::keeps(const core::Members& members, const Change& change) const {
    return keeps_majority(members, [&](NodeId id) { return fate(id, change); });
}

/// Whether every list of members that may be in force anywhere keeps a majority of voters with
/// their disks, if this node loses its own for ever.
bool Nemesis::may_lose(NodeId id) const {
    return std::ranges::all_of(field_.onlooker.images(), [&](const auto& at) {
        const NodeImage& image = at.second;
        const bool counts = image.members.contains(id);
        return !counts || !field_.world.exists(at.first) || keeps(image.members, {id, {}});
    });
}

/// The same, if this node is removed. The product refuses that, too, but goes by who has answered
/// within two election timeouts: it takes those for alive that were lost since.
bool Nemesis::may_leave(NodeId id) const {
    if (fate(id, {}).is_gone) return true;
    return std::ranges::all_of(field_.onlooker.images(), [&](const auto& at) {
        const NodeImage& image = at.second;
        const bool counts = image.members.is_voter(id);
        return !counts || !field_.world.exists(at.first) || keeps(image.members, {{}, id});
    });
}

/// A leader makes a voter of who is joining, or is promoted, as long as it has not fallen silent:
/// for two election timeouts of a config that may be three times as slow, by a clock that may be
/// far too slow.
bool Nemesis::may_join(NodeId id) const {
    const auto lost = lost_.find(id);
    return lost == lost_.end() || field_.world.now() - lost->second <
                                      30 * core::Duration(field_.plan.config.election_timeout);
}

}  // namespace rafted::sim

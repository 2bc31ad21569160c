// Strikes that change the group: who belongs to it, who leads it, its config; and its founding.
#include <algorithm>
#include <utility>

#include "rafted/codec.hpp"
#include "rafted/group.hpp"
#include "sim/nemesis.hpp"

namespace rafted::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds longest_founding{60};
constexpr unsigned most_tries = 20;
constexpr milliseconds between_tries{200};
constexpr seconds stays_on{3};
constexpr seconds looks_again{1};
constexpr seconds longest_to_lie{10};

}  // namespace

struct Nemesis::Joining {
    NodeId id;
    Standing standing = Standing::joining;
    unsigned tries = 0;
    bool is_added = false;
};

/// One is asked to go, until it has gone.
struct Nemesis::Removal {
    NodeId id;
    unsigned tries = most_tries;
    bool returns = false;   ///< It is added again.
    bool is_asked = false;  ///< It may take place.
};

/// Those that are left force out one that is lost, one after the other.
struct Nemesis::Forcing {
    std::vector<NodeId> lost;
    std::vector<NodeId> left;  ///< Who has not answered yet; the last is asked.
    NodeId target;
    bool loses_power = false;  ///< The first that answers.
};

bool Nemesis::found_group(unsigned nodes) {
    World& world = field_.world;
    const NodeId founder = world.start_node();
    const GroupConfig& config = field_.plan.config;
    world.homes(founder).push_back({field_.group, field_.factory(founder), config});
    bool created = false;
    world.process(founder).host().create_group(
        {field_.group, field_.factory(founder), config, {}},
        [&created](const Result<void>& result) { created = result.has_value(); });
    if (!world.run_until([&created] { return created; }, longest_founding)) return false;
    for (unsigned i = 1; i < nodes; ++i) add_node(Standing::joining);
    return world.run_until(
        [&] {
            const NodeImage* best = best_informed();
            return best != nullptr && best->members.voter_count() == nodes && !best->is_changing;
        },
        longest_founding);
}

void Nemesis::ask(RequestKind kind, Bytes body, std::function<void(Result<Bytes>)> done) {
    if (up().empty()) return done(fail(ErrorCode::unreachable, "nobody is up"));
    const bool is_change = kind == RequestKind::add_member || kind == RequestKind::remove ||
                           kind == RequestKind::promote;
    if (is_change && is_forcing_) return done(fail(ErrorCode::change_in_progress, "by force"));
    field_.world.caller(field_.group)
        ->call(kind, std::move(body), {.timeout = seconds(2), .id = {}}, std::move(done));
}

Nemesis::Done Nemesis::changes(const Strike& strike) {
    const NodeId id = victim(strike.choice);
    const NodeImage* best = best_informed();
    if (!id || best == nullptr) return {};
    switch (strike.fault) {
        case Fault::add_member:
        case Fault::learner: {
            if (field_.world.nodes().size() >= most_nodes_) return {};
            const bool learns = strike.fault == Fault::learner;
            const NodeId added = add_node(learns ? Standing::learner : Standing::joining);
            if (!learns) return {"a member is added"};
            if (strike.choice / 2 % 3 == 0) return {"a learner is added"};
            promote(added);
            return {"a learner is added, and promoted"};
        }
        case Fault::remove_member: {
            const bool enough = best->members.voter_count() > 3;
            if (!enough || !is_member(id) || !may_leave(id)) return {};
            const bool returns = strike.choice / 2 % 2 == 0;
            remove(id, returns);
            return {word(id) + " is removed" + (returns ? ", and joins again" : "")};
        }
        case Fault::replace_member:
            if (!is_member(id) || !may_lose(id)) return {};
            if (field_.world.is_up(id)) field_.onlooker.crashed(id);
            lose(id, "it is replaced");
            return {word(id) + " is replaced by another node"};
        case Fault::move_lead:
            ask(RequestKind::transfer_lead, encode(id), [](const Result<Bytes>&) {});
            return {"the lead is to go to " + word(id)};
        case Fault::change_config: return change_config(strike);
        case Fault::lose_half: return lose_half(strike);
        default: return lose_majority(strike);
    }
}

Nemesis::Done Nemesis::change_config(const Strike& strike) {
    GroupConfig config = field_.plan.config;
    auto chance = core::Random(strike.choice);
    // The share of the margin stays: what a clock may do is part of the plan.
    const auto factor = static_cast<std::int64_t>(chance.one_to(3));
    config.election_timeout *= factor;
    config.heartbeat_interval *= factor;
    if (config.clock_drift_margin) *config.clock_drift_margin *= factor;
    config.max_append_bytes = 100 + chance.one_to(50'000);
    config.snapshot_floor_bytes = chance.one_to(20'000);
    config.log_bytes_kept = chance.one_to(10'000);
    config.max_hook_backlog = static_cast<std::uint32_t>(4 + chance.one_to(1'000));
    ask(RequestKind::set_config, encode(config), [](const Result<Bytes>&) {});
    return {"the config changes: T becomes " + std::to_string(config.election_timeout.count()) +
            " ms"};
}

NodeId Nemesis::add_node(Standing standing) {
    const NodeId id = field_.world.start_node();
    field_.tracer.node(id, "join");
    auto joining = std::make_shared<Joining>();
    joining->id = id;
    joining->standing = standing;
    try_to_add(std::move(joining));
    return id;
}

/// Asks until it has its vote: at first it is no member yet.
void Nemesis::promote(NodeId id) {
    field_.world.loop().call_in(seconds(1), [this, id] {
        if (is_calm_ || !field_.world.exists(id)) return;
        ask(RequestKind::promote, encode(id), [this, id](const Result<Bytes>& result) {
            const bool over = result || result.error().code == ErrorCode::already_member;
            if (!over) promote(id);
        });
    });
}

void Nemesis::try_to_add(std::shared_ptr<Joining> joining) {
    const NodeId id = joining->id;
    if (!field_.world.exists(id)) return;
    const NewMember member{id, field_.world.address(id), joining->standing};
    ask(RequestKind::add_member, encode(member), [this, joining](const Result<Bytes>& result) {
        if (!field_.world.exists(joining->id)) return;
        const bool added = result || result.error().code == ErrorCode::already_member;
        joining->is_added |= added;
        if (added) return join(joining->id);
        if (++joining->tries >= most_tries && is_calm_) return;
        field_.world.loop().call_in(between_tries, [this, joining] { try_to_add(joining); });
    });
}

/// It was added: it takes its seat, unless it is down or has one.
void Nemesis::join(NodeId id) {
    World& world = field_.world;
    const auto leads = field_.onlooker.images().find(leader());
    const bool knows =
        leads != field_.onlooker.images().end() && leads->second.members.contains(id);
    if (!knows || !world.is_up(id)) {
        world.loop().call_in(between_tries, [this, id] {
            if (field_.world.exists(id)) join(id);
        });
        return;
    }
    if (!world.homes(id).empty()) return;
    world.homes(id).push_back({field_.group, field_.factory(id), field_.plan.config});
    // Its disk may not know of its removal: then it goes on as it was.
    host::Host& host = world.process(id).host();
    const NodeImage& image = leads->second;
    const host::OpenGroup what{field_.group,
                               field_.factory(id),
                               field_.plan.config,
                               image.group,
                               {image.hard.term, image.log.last()}};
    host.find_group(field_.group, [&host, what](const Result<GroupId>& found) {
        found ? host.open_group(what, [](const Result<void>&) {})
              : host.join_group(what, [](const Result<void>&) {});
    });
    field_.addresses_changed();
}

/// One that was removed is added again under its name: until it has learnt of its removal it goes
/// on as it was, after that it takes a new seat. It may learn late.
void Nemesis::join_again(const std::shared_ptr<Joining>& joining) {
    const NodeId id = joining->id;
    const auto newest = joining_again_.find(id);
    // Else it has been removed once more.
    if (newest == joining_again_.end() || newest->second != joining) return;
    if (!field_.world.exists(id)) return;
    if (joining->is_added && knows_of_its_removal(id) && is_listed(id)) {
        field_.world.homes(id).clear();
        join(id);
    }
    if (is_calm_) return;
    field_.world.loop().call_in(looks_again, [this, joining] { join_again(joining); });
}

void Nemesis::remove(NodeId id, bool returns) {
    auto removal = std::make_shared<Removal>();
    removal->id = id;
    removal->returns = returns;
    try_to_remove(std::move(removal));
}

/// Asks only while the others can do without it; from then on nobody is lost that would be missed
/// once it is gone.
void Nemesis::try_to_remove(std::shared_ptr<Removal> removal) {
    const NodeId id = removal->id;
    const auto again = [this, removal] {
        if (is_calm_ || removal->tries == 0) return end_removal(*removal);
        --removal->tries;
        field_.world.loop().call_in(between_tries, [this, removal] { try_to_remove(removal); });
    };
    if (!may_leave(id)) return again();
    if (!std::exchange(removal->is_asked, true)) leaving_.insert(id);
    ask(RequestKind::remove, encode(id), [this, removal, again](const Result<Bytes>& result) {
        const bool gone = result || result.error().code == ErrorCode::not_member;
        if (!gone) return again();
        leaving_.erase(leaving_.find(removal->id));
        joining_again_.erase(removal->id);
        field_.tracer.node(removal->id, "remove");
        // It may go on for a while, as a member that does not know yet; for good, if it is the one
        // that goes on alone.
        field_.world.loop().call_in(stays_on, [this, removal, was_lost = majority_was_lost_] {
            const NodeId removed = removal->id;
            if (!field_.world.exists(removed) || is_calm_ || majority_was_lost_ != was_lost) return;
            // What was asked for before it was removed may have added it since.
            if (!removal->returns && is_listed(removed)) return remove(removed, false);
            if (!removal->returns) return go_for_good(removed, "it was removed");
            auto joining = std::make_shared<Joining>();
            joining->id = removed;
            joining_again_[removed] = joining;
            try_to_add(joining);
            join_again(joining);
        });
    });
}

/// Nobody asks again, but what was asked may lie in a process that stands still.
void Nemesis::end_removal(const Removal& removal) {
    if (!removal.is_asked) return;
    field_.world.loop().call_in(longest_to_lie,
                                [this, id = removal.id] { leaving_.erase(leaving_.find(id)); });
}

/// All voters but one, and their disks, are gone; the one goes on alone and others join it.
Nemesis::Done Nemesis::lose_majority(const Strike& strike) {
    const NodeImage* best = best_informed();
    if (majority_was_lost_ || best == nullptr || !field_.plan.durable) return {};
    std::vector<NodeId> voters;
    for (const core::Peer& peer : best->members.all()) {
        const auto image = field_.onlooker.images().find(peer.id);
        const bool stays = peer.standing == Standing::voter && field_.world.exists(peer.id) &&
                           image != field_.onlooker.images().end() && image->second.is_up &&
                           image->second.group == best->group && !condemned_.contains(peer.id) &&
                           !image->second.owes && !image->second.was_removed;
        if (stays) voters.push_back(peer.id);
    }
    if (voters.size() < 3) return {};
    majority_was_lost_ = true;
    const NodeId survivor = voters[strike.choice % voters.size()];
    for (const NodeId id : field_.world.nodes()) {
        if (id == survivor) continue;
        go_for_good(id, "a majority is lost");
    }
    stop_process(survivor, strike.choice, strike.choice % 2 == 0);
    return {"all are gone for good but " + word(survivor) + ", which goes on alone",
            [this, survivor] { recover(survivor); }};
}

void Nemesis::go_for_good(NodeId id, const std::string& why) {
    lost_[id] = field_.world.now();
    field_.onlooker.destroyed(id);
    field_.tracer.node(id, "crash", "gone for good: " + why);
    field_.world.destroy(id);
    down_.erase(id);
    condemned_.erase(id);
}

/// Nobody goes by another list, or would after a crash, or has a disk that may be unreadable; nor
/// is a removal of one of them asked for.
bool Nemesis::all_agree_with(const NodeImage& best) const {
    if (best.is_changing || !condemned_.empty()) return false;
    return std::ranges::all_of(
               field_.onlooker.images(),
               [&](const auto& at) {
                   const NodeImage& image = at.second;
                   if (!field_.world.exists(image.id) || !best.members.contains(image.id))
                       return true;
                   const bool is_on_disk = image.disk_snapshot >= image.members_at ||
                                           image.disk_log.last() >= image.members_at;
                   return image.group == best.group && image.members == best.members &&
                          is_on_disk && !image.owes;
               }) &&
           std::ranges::all_of(best.members.all(), [this](const core::Peer& peer) {
               return field_.world.exists(peer.id) && !leaving_.contains(peer.id);
           });
}

/// Half of the voters, at most, and their disks, are gone for good. All others together are a
/// majority of the list without one of the lost, and any majority of before has one among them: so
/// nothing is lost by forcing that one out, and no rule is relaxed. Other changes wait for the end
/// of it: a list that is not settled on all that are left would be another base.
Nemesis::Done Nemesis::lose_half(const Strike& strike) {
    const NodeImage* best = best_informed();
    if (best == nullptr || !field_.plan.durable || !all_agree_with(*best)) return {};
    std::vector<NodeId> voters;
    for (const core::Peer& peer : best->members.all()) {
        if (peer.standing == Standing::voter) voters.push_back(peer.id);
    }
    if (voters.size() < 2) return {};
    const auto first = static_cast<std::ptrdiff_t>(strike.choice % voters.size());
    std::ranges::rotate(voters, voters.begin() + first);
    const auto half = voters.begin() + static_cast<std::ptrdiff_t>(voters.size() / 2);
    auto forcing = std::make_shared<Forcing>();
    forcing->lost.assign(voters.begin(), half);
    forcing->left.assign(half, voters.end());
    forcing->target = forcing->lost.front();
    forcing->loses_power = strike.choice / 16 % 2 == 0;
    std::string text = "gone for good:";
    for (const NodeId id : forcing->lost) {
        go_for_good(id, "half of the voters is lost");
        text += " " + word(id);
    }
    force_out(forcing);
    return {text + "; the other voters force " + word(forcing->target) + " out"};
}

void Nemesis::force_out(const std::shared_ptr<Forcing>& forcing) {
    World& world = field_.world;
    while (!forcing->left.empty() && !world.exists(forcing->left.back())) forcing->left.pop_back();
    is_forcing_ = !forcing->left.empty();
    if (!is_forcing_) {
        for (const NodeId id : forcing->lost) {
            if (is_calm_) return;
            remove(id);
            add_node(Standing::joining);
        }
        return;
    }
    const NodeId id = forcing->left.back();
    world.ask(world.address(id),
              {RequestKind::force_remove, field_.group, seconds(2), encode(forcing->target)},
              [this, forcing, id, asked = world.now()](const Result<Bytes>& result) {
                  if (result) {
                      forcing->left.pop_back();
                      field_.onlooker.forced_out({id, forcing->target, asked});
                      if (std::exchange(forcing->loses_power, false) && !is_calm_) {
                          power_soon(id, 0);
                      }
                  }
                  field_.world.loop().call_in(result ? milliseconds(1) : between_tries,
                                              [this, forcing] { force_out(forcing); });
              });
}

/// Asked again if it went down before that was on its disk: its directory is still one of many,
/// then. After that others may have joined, whom a second time would leave behind.
void Nemesis::recover(NodeId survivor) {
    World& world = field_.world;
    if (!world.exists(survivor)) return;
    world.files(survivor).set_faults({});
    if (world.is_up(survivor)) stop_process(survivor, 0, true);
    if (!world.restart(survivor, false, field_.group)) return;
    down_.erase(survivor);
    field_.recorder.recovers(survivor);
    field_.tracer.node(survivor, "restart", "goes on alone");
    world.process(survivor).host().recover_group(
        {field_.group, field_.factory(survivor), field_.plan.config, {}},
        [this, survivor](const Result<void>& result) {
            if (result) recovering_ = NodeId();
            if (!result) field_.tracer.node(survivor, "stop", to_string(result.error()));
        });
    field_.addresses_changed();
    if (std::exchange(recovering_, survivor) == survivor) return;
    add_node(Standing::joining);
    add_node(Standing::joining);
}

}  // namespace rafted::sim

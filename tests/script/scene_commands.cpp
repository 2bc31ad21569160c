// The commands of a scene. Each does one thing to the world; what follows is told by the steps.
#include <algorithm>
#include <charconv>
#include <chrono>

#include "script/scene.hpp"
#include "sim/words.hpp"

namespace rafted::test {

using sim::kind_of;
using sim::lines_of;
using sim::node_of;
using sim::word_of;
namespace {

using Act = core::ChangeMembers::Act;
using Milliseconds = std::chrono::milliseconds;

std::optional<std::uint64_t> number_of(std::string_view word) {
    if (word.ends_with("ms")) word.remove_suffix(2);
    std::uint64_t value = 0;
    const auto end = word.data() + word.size();
    const auto [at, error] = std::from_chars(word.data(), end, value);
    if (error != std::errc() || at != end) return std::nullopt;
    return value;
}

std::string standing_word(const core::Member& member) {
    return std::string(name_of(member.role())) + " t" + to_string(member.term());
}

std::string log_word(const core::Log& log) {
    std::string out = to_string(log.first()) + ".." + to_string(log.last()) + " of terms";
    for (Index i = log.first(); i <= log.last(); ++i) out += " " + to_string(*log.term_at(i));
    return log.first() > log.last() ? "empty after " + to_string(log.last()) : out;
}

}  // namespace

const std::vector<Scene::Verb>& Scene::verbs() {
    static const std::vector<Verb> all = {
        {"config", &Scene::do_config, "name=value...", 1},
        {"members", &Scene::do_members, "a b c...", 1},
        {"start", &Scene::do_start, "node", 1},
        {"crash", &Scene::do_crash, "node...", 1},
        {"restart", &Scene::do_restart, "node...", 1},
        {"propose", &Scene::do_propose, "node command...", 2},
        {"read", &Scene::do_read, "node", 1},
        {"add", &Scene::do_add, "node newcomer [learner]", 2},
        {"promote", &Scene::do_promote, "node target", 2},
        {"remove", &Scene::do_remove, "node target", 2},
        {"address", &Scene::do_address, "node target address", 3},
        {"change-config", &Scene::do_change_config, "node name=value...", 2},
        {"transfer", &Scene::do_transfer, "node target|nobody", 2},
        {"force-remove", &Scene::do_force_remove, "node target", 2},
        {"requests", &Scene::do_requests, "", 0},
        {"advance", &Scene::do_advance, "time", 1},
        {"run", &Scene::do_run, "time", 1},
        {"tick", &Scene::do_tick, "node", 1},
        {"campaign", &Scene::do_campaign, "node", 1},
        {"quiesce", &Scene::do_quiesce, "node", 1},
        {"unquiesce", &Scene::do_unquiesce, "node", 1},
        {"deliver", &Scene::do_deliver, "a->b|*->b|all|kept [kind]", 1},
        {"drop", &Scene::do_drop, "a->b|*->b|all|kept [kind]", 1},
        {"keep", &Scene::do_keep, "name a->b|*->b|all [kind]", 2},
        {"copy", &Scene::do_copy, "name a->b|*->b|all [kind]", 2},
        {"flying", &Scene::do_flying, "", 0},
        {"stabilize", &Scene::do_stabilize, "", 0},
        {"cut", &Scene::do_cut, "a b | a->b", 1},
        {"isolate", &Scene::do_isolate, "node...", 1},
        {"heal", &Scene::do_heal, "[a b | a->b]", 0},
        {"disk", &Scene::do_disk, "hold|release|one|refuse node", 2},
        {"snapshot", &Scene::do_snapshot, "node", 1},
        {"spoil", &Scene::do_spoil, "node", 1},
        {"wipe", &Scene::do_wipe, "node", 1},
        {"status", &Scene::do_status, "[node...]", 0},
        {"log", &Scene::do_log, "node", 1},
        {"lease", &Scene::do_lease, "node", 1},
        {"config-of", &Scene::do_config_of, "node", 1},
        {"check", &Scene::do_check, "", 0},
    };
    return all;
}

void Scene::set(GroupConfig& config, const Words& pairs) {
    for (const auto& pair : pairs) {
        const auto equals = pair.find('=');
        const auto name = pair.substr(0, equals);
        const auto value =
            equals == std::string::npos ? std::nullopt : number_of(pair.substr(equals + 1));
        if (!value) return complain("no number: " + pair);
        const Milliseconds time(static_cast<std::int64_t>(*value));
        if (name == "election_timeout")
            config.election_timeout = time;
        else if (name == "heartbeat_interval")
            config.heartbeat_interval = time;
        else if (name == "clock_drift_margin")
            config.clock_drift_margin = time;
        else if (name == "leader_transfer_timeout")
            config.leader_transfer_timeout = time;
        else if (name == "max_append_bytes")
            config.max_append_bytes = *value;
        else if (name == "max_inflight_bytes")
            config.max_inflight_bytes = *value;
        else if (name == "log_bytes_kept")
            config.log_bytes_kept = *value;
        else if (name == "max_uncommitted_bytes")
            config.max_uncommitted_bytes = *value;
        else if (name == "max_log_bytes")
            config.max_log_bytes = *value;
        else if (name == "max_command_bytes")
            config.max_command_bytes = *value;
        else if (name == "piece_bytes")
            options_.piece_bytes = *value;
        else if (name == "seed")
            options_.seed = *value;
        else
            complain("no such config: " + name);
    }
}

void Scene::do_config(const Words& words) {
    if (world_) return complain("config comes before members");
    set(options_.config, words);
}

void Scene::do_members(const Words& words) {
    std::vector<NodeId> ids;
    for (const auto& word : words) ids.push_back(node_of(word));
    if (std::ranges::count(ids, NodeId()) > 0) return complain("members are letters");
    world().found(ids);
}

void Scene::do_start(const Words& words) {
    const NodeId id = node_of(words[0]);
    if (!id || world().nodes().contains(id)) return complain("not a new node: " + words[0]);
    world().start_newcomer(id, added_at_[id]);
}

void Scene::do_crash(const Words& words) {
    for (const auto& word : words) {
        if (const auto id = up(word)) world().crash(*id);
    }
}

void Scene::do_restart(const Words& words) {
    for (const auto& word : words) {
        const auto id = node(word);
        if (!id) continue;
        if (world().is_up(*id)) return complain("node " + word + " is up");
        world().restart(*id);
    }
}

void Scene::do_propose(const Words& words) {
    const auto id = up(words[0]);
    for (std::size_t i = 1; id && i < words.size(); ++i) {
        // "x*300" stands for a command of that many bytes.
        const auto star = words[i].find('*');
        const auto count =
            star == std::string::npos ? std::nullopt : number_of(words[i].substr(star + 1));
        const std::string text = words[i].substr(0, star);
        world().propose(*id, count ? text + std::string(*count - text.size(), '.') : words[i]);
    }
}

void Scene::do_read(const Words& words) {
    if (const auto id = up(words[0])) world().read(*id);
}

void Scene::change(const Words& words, Act act) {
    const auto id = up(words[0]);
    const NodeId target = node_of(words[1]);
    if (!id || !target) return complain("change: who?");
    core::Peer peer{target, words[1] + ":1", Standing::joining};
    if (act == Act::set_address) peer.address = words[2];
    if (act == Act::add && words.size() > 2 && words[2] == "learner") {
        peer.standing = Standing::learner;
    }
    const Request& asked = world().request(world().change(*id, act, peer));
    if (act == Act::add && asked.index.value > 0) added_at_[target] = asked.index;
}

void Scene::do_add(const Words& words) { change(words, Act::add); }
void Scene::do_promote(const Words& words) { change(words, Act::promote); }
void Scene::do_remove(const Words& words) { change(words, Act::remove); }
void Scene::do_address(const Words& words) { change(words, Act::set_address); }

void Scene::do_change_config(const Words& words) {
    const auto id = up(words[0]);
    if (!id) return;
    GroupConfig config = world().member(*id).state().config();
    set(config, Words(words.begin() + 1, words.end()));
    world().change_config(*id, config);
}

void Scene::do_transfer(const Words& words) {
    const auto id = up(words[0]);
    const auto target = words[1] == "nobody" ? std::optional<NodeId>() : node_of(words[1]);
    if (id) world().transfer(*id, target);
}

void Scene::do_force_remove(const Words& words) {
    if (const auto id = up(words[0])) world().force_remove(*id, node_of(words[1]));
}

void Scene::do_requests(const Words&) {
    constexpr const char* names[] = {"waits", "accepted", "done", "refused", "outcome unknown"};
    for (const auto& [id, request] : world().requests()) {
        std::string line = "#" + std::to_string(id) + " at " + word_of(request.at) + ": ";
        line += names[static_cast<int>(request.state)];
        if (request.error) line += ", " + std::string(name_of(*request.error));
        say(line);
    }
}

void Scene::do_advance(const Words& words) {
    const auto time = number_of(words[0]);
    if (!time) return complain("no time: " + words[0]);
    world().run_for(Milliseconds(static_cast<std::int64_t>(*time)));
}

void Scene::do_run(const Words& words) {
    world().set_network({true, Milliseconds(1), Milliseconds(1), 0, 0});
    do_advance(words);
    world().set_network({});
}

void Scene::do_tick(const Words& words) {
    if (const auto id = up(words[0])) world().wake(*id);
}

void Scene::do_campaign(const Words& words) {
    if (const auto id = up(words[0])) world().campaign(*id);
}

void Scene::do_quiesce(const Words& words) {
    if (const auto id = up(words[0])) world().step(*id, core::Quiesce{});
}

void Scene::do_unquiesce(const Words& words) {
    if (const auto id = up(words[0])) world().step(*id, core::Unquiesce{});
}

void Scene::do_deliver(const Words& words) {
    for (const auto& message : take(words, false)) world().deliver(message);
}

void Scene::do_drop(const Words& words) {
    for (const auto& message : take(words, false)) say("dropped " + word_of(message));
}

void Scene::do_keep(const Words& words) {
    kept_[words[0]] = take(Words(words.begin() + 1, words.end()), false);
    for (const auto& message : kept_[words[0]]) say("kept back " + word_of(message));
}

void Scene::do_copy(const Words& words) {
    kept_[words[0]] = take(Words(words.begin() + 1, words.end()), true);
    for (const auto& message : kept_[words[0]]) say("copied " + word_of(message));
}

void Scene::do_flying(const Words&) {
    for (const Flying& flight : world().flying()) say(word_of(flight.message));
}

void Scene::do_stabilize(const Words&) { world().deliver_all(); }

void Scene::do_cut(const Words& words) {
    const auto arrow = words[0].find("->");
    if (arrow == std::string::npos && words.size() < 2) return complain("cut a b, or cut a->b");
    const bool one_way = arrow != std::string::npos;
    const NodeId one = node_of(one_way ? words[0].substr(0, arrow) : words[0]);
    const NodeId other = node_of(one_way ? words[0].substr(arrow + 2) : words[1]);
    world().cut(one, other);
    if (!one_way) world().cut(other, one);
}

void Scene::do_isolate(const Words& words) {
    for (const auto& word : words) {
        const auto id = node(word);
        for (const auto& [other, at] : world().nodes()) {
            if (!id || other == *id) continue;
            world().cut(*id, other);
            world().cut(other, *id);
        }
    }
}

void Scene::do_heal(const Words& words) {
    if (words.empty()) return world().heal();
    const auto arrow = words[0].find("->");
    const bool one_way = arrow != std::string::npos;
    if (!one_way && words.size() < 2) return complain("heal, heal a b, or heal a->b");
    const NodeId one = node_of(one_way ? words[0].substr(0, arrow) : words[0]);
    const NodeId other = node_of(one_way ? words[0].substr(arrow + 2) : words[1]);
    world().heal(one, other);
    if (!one_way) world().heal(other, one);
}

void Scene::do_disk(const Words& words) {
    const auto id = up(words[1]);
    if (!id) return;
    if (words[0] == "hold")
        world().hold_disk(*id);
    else if (words[0] == "release")
        world().release_disk(*id);
    else if (words[0] == "one")
        world().release_one_write(*id);
    else if (words[0] == "refuse")
        world().refuse_writes(*id);
    else
        complain("disk hold, release, one or refuse");
}

void Scene::do_snapshot(const Words& words) {
    const auto id = up(words[0]);
    if (id && !world().save_snapshot(*id)) say("nothing new to save");
}

/// Changes a byte of the snapshot that the node is receiving.
void Scene::do_spoil(const Words& words) {
    const auto id = up(words[0]);
    if (!id) return;
    Bytes& partial = world().node(*id).partial;
    if (partial.empty()) return complain(words[0] + " is receiving no snapshot");
    partial.front() ^= std::byte{1};
}

/// The node and its disk are gone; the letter may be used for a new node.
void Scene::do_wipe(const Words& words) {
    if (const auto id = node(words[0])) world().forget(*id);
}

void Scene::do_status(const Words& words) {
    for (const auto& [id, at] : world().nodes()) {
        const std::string name = word_of(id);
        if (!words.empty() && std::ranges::find(words, name) == words.end()) continue;
        if (!at.member) {
            say(name + ": down");
            continue;
        }
        const core::State& state = at.member->state();
        std::string line = name + ": " + standing_word(*at.member);
        if (state.leader && state.leader != id) line += " of " + word_of(state.leader);
        line += "; log " + log_word(state.log);
        line += "; commit " + to_string(state.log.committed());
        line += "; members " + word_of(state.members()) + "; value";
        for (const auto& item : at.value.items()) line += " " + item.substr(0, 12);
        say(line);
    }
}

void Scene::do_log(const Words& words) {
    const auto id = up(words[0]);
    if (!id) return;
    const core::Log& log = world().member(*id).state().log;
    say("snapshot " + to_string(log.snapshot()) + ", committed " + to_string(log.committed()) +
        ", on disk " + to_string(log.stable()));
    for (Index i = log.first(); i <= log.last(); ++i) say(word_of(log.at(i)));
}

void Scene::do_lease(const Words& words) {
    const auto id = up(words[0]);
    if (!id) return;
    const bool valid = world().member(*id).has_lease(world().local_now(world().node(*id)));
    say(words[0] + (valid ? " may answer reads by itself" : " has no lease"));
}

void Scene::do_config_of(const Words& words) {
    const auto id = up(words[0]);
    if (!id) return;
    const GroupConfig& config = world().member(*id).state().config();
    say("heartbeat every " + std::to_string(config.heartbeat_interval.count()) +
        "ms, election after " + std::to_string(config.election_timeout.count()) + "ms");
}

void Scene::do_check(const Words&) {
    const auto& broken = world().history().violations();
    if (broken.empty()) say("all invariants hold");
    for (const auto& text : broken) say("BROKEN " + text);
}

}  // namespace rafted::test

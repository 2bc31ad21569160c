// Strikes against processes and disks.
#include <algorithm>
#include <utility>

#include "sim/nemesis.hpp"

namespace rafted::sim {
namespace {

using Loss = SimFiles::Loss;
using std::chrono::milliseconds;

constexpr Loss loss_of(std::uint64_t choice) {
    switch (choice % 5) {
        case 0: return Loss::everything;
        case 1: return Loss::nothing;
        case 2: return Loss::any_prefix;
        case 3: return Loss::any_write;
        default: return Loss::any_sector;
    }
}

std::string word_of(Loss loss) {
    switch (loss) {
        case Loss::everything: return "all that was not synced is lost";
        case Loss::nothing: return "nothing is lost";
        case Loss::any_prefix: return "the end of what was not synced is lost";
        case Loss::any_write: return "some of the writes that were not synced are lost";
        case Loss::any_sector: return "some sectors of what was not synced are lost";
    }
    return {};
}

bool is_segment(const std::string& path) { return path.ends_with(".log"); }

/// Where something stands, as a rule: zeros make most of a journal, and flipped they hurt nobody.
std::uint64_t written_place(const Bytes& contents, core::Random& chance) {
    constexpr int tries = 32;
    std::uint64_t place = 0;
    for (int i = 0; i < tries; ++i) {
        place = chance.one_to(contents.size()) - 1;
        if (contents[static_cast<std::size_t>(place)] != std::byte{0}) break;
    }
    return place;
}

/// A process that could not start for a passing reason tries again after this.
constexpr milliseconds next_try{300};
constexpr std::chrono::seconds between_moves{10};

}  // namespace

void Nemesis::stop_process(NodeId id, std::uint64_t choice, bool by_power) {
    if (!field_.world.is_up(id)) return;
    ++crashes_;
    if (by_power) field_.world.crash(id, loss_of(choice));
    if (!by_power) field_.world.kill(id);
    field_.onlooker.crashed(id);
    const std::string text = by_power ? "power: " + word_of(loss_of(choice)) : "killed";
    field_.tracer.node(id, "crash", text);
    const auto image = field_.onlooker.images().find(id);
    if (image != field_.onlooker.images().end()) field_.tracer.state(image->second);
    down_.insert(id);
    // Without a disk nothing is left of it.
    if (!field_.plan.durable) lose(id, "it kept nothing on disk");
}

void Nemesis::bring_back(NodeId id, bool at_new_address) {
    World& world = field_.world;
    if (!world.exists(id) || world.is_up(id)) return;
    if (id == recovering_ && field_.recorder.is_to_recover(id)) return recover(id);
    const auto started = world.restart(id, at_new_address);
    if (started) {
        down_.erase(id);
        if (at_new_address) field_.addresses_changed();
        return;
    }
    const bool passes = started.error().code == ErrorCode::disk_failed ||
                        started.error().code == ErrorCode::disk_full;
    field_.tracer.node(id, "stop", "does not start: " + to_string(started.error()));
    if (!passes) {
        field_.onlooker.not_started(id, field_.recorder.was_harmed(id), to_string(started.error()));
    }
    if (!passes || is_calm_) return lose(id, to_string(started.error()));
    world.loop().call_in(next_try, [this, id] { bring_back(id); });
}

/// Two that move without either knowing where the other has gone never find each other, in any
/// group without a third place to ask. So a node moves only while it knows where all are that will
/// look for it in vain: those whose list of members has it.
bool Nemesis::may_move(NodeId id) const {
    const auto nodes = field_.world.nodes();
    const auto& images = field_.onlooker.images();
    // Who has no vote is silent, and would wait elsewhere until somebody tells its address.
    const auto own = images.find(id);
    if (own == images.end() || !own->second.members.is_voter(id)) return false;
    // Nor has one that is no voter any more, and may not know it yet.
    const NodeImage* best = best_informed();
    if (own->second.was_removed || best == nullptr || !best->members.is_voter(id)) return false;
    return down_.empty() && field_.world.now() - last_move_ > between_moves &&
           std::ranges::all_of(nodes, [&](NodeId other) {
               if (!field_.world.is_up(other)) return false;
               const auto image = images.find(other);
               const bool looks =
                   other != id && image != images.end() && image->second.members.contains(id);
               // It will speak to those alone that its own list holds.
               return !looks ||
                      (own->second.members.contains(other) &&
                       field_.world.process(id).address_of(other) == field_.world.address(other));
           });
}

/// Node and disk are gone; if it was a member, another will take its place.
void Nemesis::lose(NodeId id, const std::string& why) {
    const bool was_member = is_member(id);
    go_for_good(id, why);
    if (!was_member || is_calm_) return;
    remove(id);
    add_node(Standing::joining);
}

Nemesis::Done Nemesis::processes(const Strike& strike) {
    const NodeId id = victim(strike.choice);
    if (!id) return {};
    const std::uint64_t choice = strike.choice / 5;
    if (strike.fault == Fault::pause) {
        field_.world.process(id).pause_until(field_.world.now() + strike.lasts);
        field_.tracer.node(id, "pause");
        return {word(id) + " stands still", [this, id] { field_.tracer.node(id, "resume"); }};
    }
    if (strike.fault == Fault::upgrade) return upgrade(strike);
    if (strike.fault == Fault::lose_disk) {
        if (!may_lose(id)) return {};
        if (field_.world.is_up(id)) field_.onlooker.crashed(id);
        lose(id, "its disk is gone");
        return {word(id) + " loses its disk for good"};
    }
    if (!field_.plan.durable && !may_lose(id)) return {};
    if (strike.fault == Fault::crash_in_step || strike.fault == Fault::crash_in_write) {
        // Without disks a crash is a loss, and whether that may be is known only now.
        if (!field_.plan.durable) return {};
        return crash_later(id, strike);
    }
    const bool by_power = strike.fault == Fault::crash;
    const bool moves = strike.fault == Fault::move_address;
    if (moves && !may_move(id)) return {};
    if (moves) last_move_ = field_.world.now();
    stop_process(id, choice, by_power);
    std::string text =
        word(id) + (by_power ? " loses power: " + word_of(loss_of(choice)) : " is killed");
    if (moves) text += " and comes back elsewhere";
    const bool again = strike.fault == Fault::kill && choice / 4 % 3 == 0;
    return {text, [this, id, moves, again, choice] {
                bring_back(id, moves);
                if (again && !is_calm_) power_soon(id, choice / 12);
            }};
}

void Nemesis::power_cut(NodeId id, std::uint64_t choice) {
    if (!field_.world.is_up(id)) return;
    stop_process(id, choice, true);
}

/// The power goes within some milliseconds, as if the machine had killed the process because it was
/// about to stop itself; then it comes back.
void Nemesis::power_soon(NodeId id, std::uint64_t choice) {
    field_.world.loop().call_in(milliseconds(choice % 50), [this, id, choice] {
        if (is_calm_) return;
        power_cut(id, choice / 50);
        field_.world.loop().call_in(next_try, [this, id] { bring_back(id); });
    });
}

/// A machine that has lost power within a write loses it again within one of its next.
void Nemesis::tear_again(NodeId id, std::uint64_t choice) {
    if (is_calm_ || !field_.world.is_up(id)) return;
    tear(id, choice / 4 % 12, [this, id, choice] {
        field_.world.loop().post([this, id, choice] {
            power_cut(id, choice);
            field_.world.loop().call_in(next_try, [this, id] { bring_back(id); });
        });
    });
}

/// The power goes within the change of a file that comes after so many.
void Nemesis::tear(NodeId id, std::uint64_t after, std::function<void()> then) {
    SimFiles& files = field_.world.files(id);
    auto faults = files.faults();
    faults.stop_after = after;
    files.on_power_lost(std::move(then));
    files.set_faults(faults);
}

/// The power goes at the n-th effect or change of a file from now on, wherever that is.
Nemesis::Done Nemesis::crash_later(NodeId id, const Strike& strike) {
    const std::uint64_t choice = strike.choice / 5;
    const std::uint64_t after = choice / 4 % 40;
    const auto cut = [this, id, choice] {
        field_.world.loop().post([this, id, choice] { power_cut(id, choice); });
    };
    std::string text = word(id) + " will lose power ";
    if (strike.fault == Fault::crash_in_step) {
        field_.world.process(id).cut_power_after(after, cut);
        text += "before its " + std::to_string(after + 1) + "th message or write";
    } else if (choice / 1'000 % 3 == 0) {
        // What has gathered meanwhile is written as one, and that is torn.
        field_.world.process(id).hold_disk(true);
        field_.world.loop().call_in(strike.lasts / 2, [this, id, cut] {
            if (is_calm_ || !field_.world.is_up(id)) return;
            tear(id, 0, cut);
            field_.world.process(id).hold_disk(false);
        });
        text += "in a write for which much has gathered";
    } else {
        tear(id, after, cut);
        text += "in its " + std::to_string(after + 1) + "th change of a file";
    }
    const bool again = strike.fault == Fault::crash_in_write && choice / 160 % 2 == 0;
    return {text, [this, id, choice, again] {
                power_cut(id, choice);  // if nothing happened meanwhile
                bring_back(id);
                if (again) tear_again(id, choice / 320);
            }};
}

Nemesis::Done Nemesis::disks(const Strike& strike) {
    const NodeId id = victim(strike.choice);
    if (!id || !field_.plan.durable) return {};
    SimFiles& files = field_.world.files(id);
    auto faults = files.faults();
    const std::uint64_t choice = strike.choice / 11;
    // A process does not trust a disk again that has failed it: it is started anew.
    const auto restart = [this, id, choice] {
        if (!field_.world.exists(id)) return;
        field_.world.files(id).set_faults({});
        stop_process(id, choice, choice % 3 != 0);
        bring_back(id);
    };
    switch (strike.fault) {
        case Fault::flip_bits: return flip_bits(id, strike);
        case Fault::full_disk: return full_disk(id);
        case Fault::hang_disk:
            field_.world.process(id).hold_disk(true);
            return {"writes of " + word(id) + " do not end", [this, id] {
                        if (field_.world.is_up(id)) field_.world.process(id).hold_disk(false);
                    }};
        case Fault::read_error:
            faults.fail_reads_of = choice % 2 == 0 ? "snap" : "node";
            files.set_faults(faults);
            return {"files of " + word(id) + " cannot be read", restart};
        case Fault::write_error:
            faults.fail_write_after = choice % 30;
            files.set_faults(faults);
            return {"a write of " + word(id) + " fails", restart};
        default:
            faults.fail_sync_after = choice % 30;
            files.set_faults(faults);
            return {"a sync of " + word(id) + " fails", restart};
    }
}

Nemesis::Done Nemesis::full_disk(NodeId id) {
    SimFiles& files = field_.world.files(id);
    auto faults = files.faults();
    faults.capacity = files.used_bytes() + 2'000;
    files.set_faults(faults);
    return {"the disk of " + word(id) + " is full", [this, id] {
                if (!field_.world.exists(id)) return;
                auto after = field_.world.files(id).faults();
                after.capacity = SimFiles::Faults{}.capacity;
                field_.world.files(id).set_faults(after);
            }};
}

Nemesis::Done Nemesis::flip_bits(NodeId id, const Strike& strike) {
    if (!may_lose(id)) return {};
    SimFiles& files = field_.world.files(id);
    auto paths = files.paths();
    std::uint64_t choice = strike.choice / 13;
    // Most of what a node has to lose is in its newest segment.
    const auto segment = std::ranges::find_if(paths.rbegin(), paths.rend(), is_segment);
    if (choice % 2 == 0 && segment != paths.rend()) paths = {*segment};
    const std::string& path = paths[choice / 2 % paths.size()];
    const Bytes contents = files.contents(path);
    if (contents.empty()) return {};
    core::Random chance(choice);
    const std::uint64_t bits = chance.one_to(3);
    for (std::uint64_t i = 0; i < bits; ++i) {
        const auto mask = static_cast<std::byte>(1U << (chance.one_to(8) - 1));
        files.flip(path, written_place(contents, chance), mask);
    }
    condemned_.insert(id);
    field_.recorder.harmed(id);
    stop_process(id, choice, choice % 2 == 0);
    return {std::to_string(bits) + " bits of " + path + " of " + word(id) +
                " change, and it is stopped",
            [this, id] { bring_back(id); }};
}

/// Every node in turn, a fifth of a second apart.
Nemesis::Done Nemesis::upgrade(const Strike& strike) {
    if (!field_.plan.durable) return {};
    milliseconds at{};
    for (const NodeId id : up()) {
        at += milliseconds(200);
        field_.world.loop().call_in(at, [this, id, choice = strike.choice] {
            if (is_calm_ || !field_.world.is_up(id)) return;
            stop_process(id, choice, false);
            const std::size_t count = releases().size();
            field_.world.set_release(id, (choice + id.value) % count);
            field_.world.loop().call_in(milliseconds(60), [this, id] { bring_back(id); });
        });
    }
    return {"all nodes restart, one after the other, as release " + releases().back().name};
}

}  // namespace rafted::sim

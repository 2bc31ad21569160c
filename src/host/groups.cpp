// How groups come to a host: opened from disk, created, joined, recovered alone.
#include <algorithm>
#include <utility>

#include "core/go_alone.hpp"
#include "host/host.hpp"

namespace rafted::host {
namespace {

core::Start start_of(const ports::RecoveredGroup& found, const GroupConfig& config) {
    core::Start start;
    start.config = config;
    start.hard_state = found.hard_state;
    start.snapshot = found.snapshot;
    start.entries = found.entries;
    start.is_log_lost = found.is_log_lost;
    for (const core::Peer& peer : found.peers) start.peers.push_back(peer.id);
    start.restarted = true;
    return start;
}

std::unexpected<Error> already_here() {
    return fail(ErrorCode::already_member, "this node has a group of this name");
}

}  // namespace

void Host::find_group(const std::string& name, std::function<void(Result<GroupId>)> done) {
    on_loop([this, name, done = std::move(done)] {
        const Seat* open = find(name);
        const auto found = dormant_.find(name);
        if (open != nullptr && !open->is_removed()) return done(open->record().group);
        if (found != dormant_.end()) return done(found->second.record.group);
        if (open == nullptr && !left_.contains(name)) {
            return done(fail(ErrorCode::no_such_group, "no group of this name was found here"));
        }
        done(fail(ErrorCode::removed, "this node was removed from group '" + name +
                                          "', which may live on without it; join_group brings the "
                                          "node back"));
    });
}

void Host::when_ready(const std::string& name, Done done) {
    on_loop([this, name, done = std::move(done)] {
        Seat* open = find(name);
        if (open != nullptr) return open->when_ready(done);
        done(fail(ErrorCode::no_such_group, "no group of this name is open here"));
    });
}

void Host::open_group(OpenGroup what, Done done) {
    on_loop([this, what = std::move(what), done = std::move(done)]() mutable {
        do_open(std::move(what), done);
    });
}

void Host::create_group(OpenGroup what, Done done) {
    on_loop([this, what = std::move(what), done = std::move(done)]() mutable {
        do_create(std::move(what), std::move(done));
    });
}

void Host::join_group(OpenGroup what, Done done) {
    on_loop([this, what = std::move(what), done = std::move(done)]() mutable {
        do_join(std::move(what), std::move(done));
    });
}

void Host::recover_group(OpenGroup what, Done done) {
    on_loop([this, what = std::move(what), done = std::move(done)]() mutable {
        do_recover(std::move(what), std::move(done));
    });
}

void Host::do_open(OpenGroup what, const Done& done) {
    if (const Seat* open = find(what.name); open != nullptr && !open->is_removed()) {
        return done(fail(ErrorCode::already_member, "the group is open already"));
    }
    auto found = dormant_.extract(what.name);
    if (found.empty()) {
        return done(fail(ErrorCode::no_such_group, "no group of this name was found here"));
    }
    SeatStart start;
    start.record = found.mapped().record;
    start.member = start_of(found.mapped(), what.config);
    start.factory = std::move(what.factory);
    start.from_files = true;
    start.moved = std::move(found.mapped().moved);
    start.peers = std::move(found.mapped().peers);
    seat(std::move(start));
    done({});
}

/// Open here, or on the disk.
bool Host::has_group(const std::string& name) {
    const Seat* open = find(name);
    return dormant_.contains(name) || (open != nullptr && !open->is_removed());
}

void Host::do_create(OpenGroup what, Done done) {
    if (has_group(what.name)) return done(already_here());
    SeatStart start;
    start.record = {next_slot_++, what.name, GroupId(ports_.random() | 1U), false};
    const core::Peer founder{identity_.node, identity_.address, Standing::voter};
    start.member.config = what.config;
    start.member.entries = {core::founding_entry(founder, what.config, ports_.clock.wall())};
    start.factory = std::move(what.factory);
    seat_new(std::move(start), std::move(done));
}

void Host::do_join(OpenGroup what, Done done) {
    // Also if it was removed and its disk does not know: what it promised there must be opened.
    if (has_group(what.name)) return done(already_here());
    SeatStart start;
    start.record = {next_slot_++, what.name, what.group, false};
    start.member.config = what.config;
    start.member.hard_state = promised_to(what);
    start.factory = std::move(what.factory);
    seat_new(std::move(start), std::move(done));
}

/// What it promised before it was removed still binds it, in the same incarnation. Lists of before
/// it was added are in the log, too: by some of them it may have a vote, or have been removed.
/// Until it has seen the one by which it was added it votes for nothing less, and heeds nothing
/// older.
core::HardState Host::promised_to(const OpenGroup& what) {
    const Seat* open = find(what.name);
    const auto left = left_.find(what.name);
    core::HardState promised;
    if (open != nullptr && open->record().group == what.group) {
        promised = open->member().state().hard;
    } else if (open == nullptr && left != left_.end() && left->second.record.group == what.group) {
        promised = left->second.hard_state;
    }
    promised.let_go = std::max(promised.let_go, what.added);
    return promised;
}

void Host::do_recover(OpenGroup what, Done done) {
    if (const Seat* open = find(what.name); open != nullptr && !open->is_removed()) {
        return done(fail(ErrorCode::already_member, "the group is open already"));
    }
    const auto here = dormant_.find(what.name);
    if (here == dormant_.end()) {
        return done(fail(ErrorCode::no_such_group, "no group of this name was found here"));
    }
    if (here->second.is_log_lost) {
        return done(fail(ErrorCode::corrupt,
                         "no whole snapshot is here; recover from another copy, or open the group "
                         "where others can give it one"));
    }
    const auto& entries = here->second.entries;
    const auto bad = std::ranges::find_if_not(entries, &core::Entry::is_whole);
    if (bad != entries.end()) {
        return done(fail(ErrorCode::corrupt, "entry " + to_string(bad->index()) +
                                                 " is damaged here; recover from another copy, or "
                                                 "open the group where others can give it back"));
    }
    auto found = dormant_.extract(here);
    SeatStart start;
    start.record = found.mapped().record;
    // A new incarnation: members of the old one cannot come back unnoticed (D8).
    start.record.group = GroupId(ports_.random() | 1U);
    start.member = start_of(found.mapped(), what.config);
    const core::Peer self{identity_.node, identity_.address, Standing::voter};
    const core::LogPlace end = core::go_alone(start.member, self, ports_.clock.wall());
    ports_.log(LogLevel::warning,
               "group " + what.name + ": goes on alone from entry " + to_string(end.index) +
                   "; entries after the newest snapshot that were never committed are committed " +
                   "now, and what only lost members had is lost");
    start.factory = std::move(what.factory);
    start.from_files = true;
    seat_new(std::move(start), std::move(done));
}

void Host::seat_new(SeatStart start, Done done) {
    ports::GroupWrite write;
    write.slot = start.record.slot;
    write.record = start.record;
    write.hard_state = start.member.hard_state;
    // A recovered group adds one entry to what is there; a founded one begins with it.
    if (!start.member.entries.empty()) write.append = {start.member.entries.back()};
    ports::Batch batch{std::move(write)};
    // A full disk may have refused to know that the seat before this one was left.
    const Seat* before = find(start.record.name);
    if (before != nullptr && before->record().slot != start.record.slot) {
        ports::GroupWrite left;
        left.slot = before->record().slot;
        left.record = before->record();
        batch.push_back(std::move(left));
    }
    auto seated = std::make_shared<SeatStart>(std::move(start));
    ports_.storage.write(std::move(batch), [this, seated, done](Result<void> result) {
        on_loop([this, seated, done, result = std::move(result)] {
            if (!result) return done(std::unexpected(result.error()));
            seat(std::move(*seated)).when_ready(done);
        });
    });
}

Seat& Host::seat(SeatStart start) {
    const ports::Slot slot = start.record.slot;
    start.member.self = identity_.node;
    start.member.seed = ports_.random();
    if (const auto old = by_name_.find(start.record.name); old != by_name_.end()) {
        by_group_.erase(old->second->seat->record().group);
    }
    Place& place = places_[slot];
    place.slot = slot;
    by_name_[start.record.name] = &place;
    by_group_[start.record.group] = &place;
    place.seat = std::make_unique<Seat>(services_, std::move(start),
                                        [this, &place] { changed_.push_back(&place); });
    changed_.push_back(&place);
    return *place.seat;
}

}  // namespace rafted::host

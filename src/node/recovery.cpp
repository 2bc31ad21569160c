// Directories of a group whose majority is lost: compared, and one of them made a group of one.
//   1. Planning only reads. Applying writes one batch: all of it is there afterwards, or nothing.
#include "rafted/recovery.hpp"

#include <algorithm>
#include <filesystem>

#include "core/codec.hpp"
#include "core/go_alone.hpp"
#include "disk/directory.hpp"
#include "disk/disk_storage.hpp"
#include "disk/inspect.hpp"
#include "disk/posix_files.hpp"
#include "node/system.hpp"
#include "rafted/address.hpp"

namespace rafted {
namespace {

struct KnownMembers {
    core::Members list;
    Index at;
};

std::optional<core::Members> list_of(const core::Entry& entry) {
    switch (entry.kind()) {
        case core::EntryKind::founding: {
            auto founding = core::decode_founding(entry.payload());
            if (!founding) return std::nullopt;
            return std::move(founding->members);
        }
        case core::EntryKind::members:
        case core::EntryKind::elected: return core::decode_members(entry.payload());
        default: return std::nullopt;
    }
}

const disk::SnapshotReport* newest_whole(const disk::GroupReport& group) {
    const auto found = std::ranges::find_if(
        group.snapshots, [](const auto& snapshot) { return snapshot.damage.empty(); });
    return found == group.snapshots.end() ? nullptr : &*found;
}

KnownMembers known_members(const disk::GroupReport& group) {
    KnownMembers known;
    if (const auto* snapshot = newest_whole(group)) {
        known = {snapshot->meta.members, snapshot->index};
    }
    for (const disk::EntryReport& entry : group.entry_list) {
        if (entry.entry == core::Entry() || entry.index <= known.at) continue;
        if (auto list = list_of(entry.entry)) known = {std::move(*list), entry.index};
    }
    return known;
}

/// As a start would find it: the log's last entry, unless it goes on after the snapshot.
core::LogPlace end_of(const disk::GroupReport& group) {
    core::LogPlace end;
    if (!group.entry_list.empty() && group.first <= group.last) {
        end = {group.entry_list.back().term, group.last};
    }
    const auto* snapshot = newest_whole(group);
    if (snapshot == nullptr) return end;
    const auto at = std::ranges::find(group.entry_list, snapshot->index, &disk::EntryReport::index);
    const bool is_held = at != group.entry_list.end() && at->term == snapshot->term;
    const bool follows = group.first == snapshot->index + 1 && group.first <= group.last;
    if (is_held || follows) return end;
    return {snapshot->term, snapshot->index};
}

GroupCopy copy_of(const disk::DirectoryReport& found, const disk::GroupReport& group) {
    GroupCopy copy;
    copy.dir = found.dir;
    copy.node = found.node;
    copy.cluster = found.cluster;
    copy.removed = group.record.removed;
    copy.term = group.hard_state.term;
    const core::LogPlace end = end_of(group);
    copy.last_term = end.term;
    copy.last_index = end.index;
    if (const auto* snapshot = newest_whole(group)) copy.snapshot = snapshot->index;
    const KnownMembers known = known_members(group);
    copy.members_at = known.at;
    for (const core::Peer& peer : known.list.all()) {
        copy.members.push_back({peer.id, peer.address, peer.standing, {}, {}, {}});
    }
    for (const disk::DamageReport& damage : found.damages) {
        const bool concerns = !damage.slot || damage.slot == group.record.slot;
        if (damage.loses_nothing || !concerns) continue;
        copy.damage.push_back(damage.file + " at byte " + std::to_string(damage.offset) + ": " +
                              damage.what);
    }
    return copy;
}

void conclude(RecoveryPlan& plan) {
    for (std::size_t i = 0; i < plan.copies.size(); ++i) {
        const GroupCopy& copy = plan.copies[i];
        plan.known_committed = std::max(plan.known_committed, copy.snapshot);
        if (!copy.is_usable()) continue;
        if (!plan.best || copy.reaches_further_than(plan.copies[*plan.best])) plan.best = i;
    }
    if (!plan.best) return;
    std::size_t voters = 0;
    for (const MemberInfo& member : plan.copies[*plan.best].members) {
        if (member.standing != Standing::voter) continue;
        ++voters;
        const bool is_here = std::ranges::any_of(plan.copies, [&](const GroupCopy& copy) {
            return copy.node == member.node && copy.is_usable();
        });
        if (!is_here) plan.missing_voters.push_back(member);
    }
    plan.has_majority = voters > 0 && (voters - plan.missing_voters.size()) * 2 > voters;
}

/// One directory named twice is one.
std::vector<std::string> each_once(const std::vector<std::string>& dirs) {
    std::vector<std::string> all;
    std::vector<std::filesystem::path> seen;
    for (const std::string& dir : dirs) {
        std::error_code none;
        const auto place = std::filesystem::weakly_canonical(dir + "/", none);
        if (std::ranges::find(seen, place) != seen.end()) continue;
        seen.push_back(place);
        all.push_back(dir);
    }
    return all;
}

std::string text_of(const GroupCopy& copy) {
    return copy.dir + " ends at entry " + to_string(copy.last_index) + " of term " +
           to_string(copy.last_term);
}

/// Whether this directory may be gone on with; the text says why not.
Result<GroupCopy> choose(const RecoverOptions& options) {
    std::vector<std::string> dirs{options.dir};
    dirs.insert(dirs.end(), options.others.begin(), options.others.end());
    const auto plans = plan_recovery(dirs);
    if (!plans) return std::unexpected(plans.error());
    for (const RecoveryPlan& plan : *plans) {
        const auto at = std::ranges::find_if(plan.copies, [&](const GroupCopy& copy) {
            return plan.group == options.group && copy.dir == options.dir && !copy.removed;
        });
        if (at == plan.copies.end()) continue;
        const GroupCopy& own = *at;
        if (!own.damage.empty()) {
            std::string text = options.dir + " is damaged, and what is damaged would be lost:";
            for (const std::string& damage : own.damage) text += "\n  " + damage;
            return fail(ErrorCode::corrupt, text + "\nnothing was changed");
        }
        if (!own.is_usable()) {
            return fail(ErrorCode::invalid, options.dir + " holds no entry of the group");
        }
        const GroupCopy& best = plan.copies[*plan.best];
        if (options.even_if_behind || !best.reaches_further_than(own)) return own;
        return fail(ErrorCode::invalid, text_of(best) + ", but " + text_of(own) +
                                            ": go on with the former, or say that what only it "
                                            "has may be lost");
    }
    return fail(ErrorCode::no_such_group,
                options.dir + " holds no group named '" + options.group + "'");
}

Result<std::string> address_for(const RecoverOptions& options, const GroupCopy& copy) {
    if (!options.address.empty()) {
        const auto address = parse_address(options.address);
        if (!address) return std::unexpected(address.error());
        return options.address;
    }
    const auto self = std::ranges::find(copy.members, copy.node, &MemberInfo::node);
    if (self != copy.members.end()) return self->address;
    return fail(ErrorCode::invalid, "the members that " + options.dir +
                                        " knows of do not include its own node; say where it "
                                        "will be found");
}

Result<RecoveredAlone> apply(disk::DiskStorage& storage, const GroupCopy& copy,
                             const RecoverOptions& options) {
    const auto address = address_for(options, copy);
    if (!address) return std::unexpected(address.error());
    auto recovered = storage.recover();
    if (!recovered) return std::unexpected(recovered.error());
    const auto found = std::ranges::find_if(recovered->groups, [&](const auto& group) {
        return group.record.name == options.group && !group.record.removed;
    });
    if (found == recovered->groups.end()) {
        return fail(ErrorCode::no_such_group, options.dir + " has lost the group meanwhile");
    }
    core::Start start;
    start.hard_state = found->hard_state;
    start.snapshot = found->snapshot;
    start.entries = std::move(found->entries);
    if (core::end_of(start) != core::LogPlace{copy.last_term, copy.last_index}) {
        return fail(ErrorCode::in_use, options.dir + " has changed since it was looked at");
    }
    const core::LogPlace end = core::go_alone(start, {recovered->node, *address, Standing::voter},
                                              node::SystemClock().wall());
    const GroupId fresh(disk::random_id());
    ports::GroupWrite write;
    write.slot = found->record.slot;
    write.record = found->record;
    write.record->group = fresh;
    write.hard_state = start.hard_state;
    write.append = {start.entries.back()};
    Result<void> done;
    storage.write({std::move(write)}, [&](Result<void> result) { done = std::move(result); });
    storage.write_pending();
    if (!done) return std::unexpected(done.error());
    return RecoveredAlone{recovered->node, *address, fresh, end.index, copy.snapshot};
}

}  // namespace

Result<std::vector<RecoveryPlan>> plan_recovery(const std::vector<std::string>& dirs) {
    std::vector<RecoveryPlan> plans;
    disk::PosixFiles files;
    disk::InspectOptions options;
    options.entries = true;
    for (const std::string& dir : each_once(dirs)) {
        const auto found = disk::inspect(files, dir, options);
        if (!found) return std::unexpected(found.error());
        if (found->groups.empty() && !found->damages.empty()) {
            return fail(ErrorCode::corrupt, dir + " is damaged, and no group in it can be told: " +
                                                found->damages.front().file + ": " +
                                                found->damages.front().what +
                                                "; leave it out to plan without it");
        }
        for (const disk::GroupReport& group : found->groups) {
            auto plan = std::ranges::find_if(plans, [&](const RecoveryPlan& each) {
                return each.group == group.record.name && each.group_id == group.record.group;
            });
            if (plan == plans.end()) {
                plans.push_back({group.record.name, group.record.group, {}, {}, {}, {}, false});
                plan = plans.end() - 1;
            }
            plan->copies.push_back(copy_of(*found, group));
        }
    }
    for (RecoveryPlan& plan : plans) conclude(plan);
    return plans;
}

Result<RecoveredAlone> recover_directory(const RecoverOptions& options) {
    const auto copy = choose(options);
    if (!copy) return std::unexpected(copy.error());
    disk::PosixFiles files;
    disk::DiskOptions by_hand;
    by_hand.own_thread = false;
    auto storage = disk::DiskStorage::open(files, options.dir, by_hand);
    if (!storage) return std::unexpected(storage.error());
    return apply(**storage, *copy, options);
}

}  // namespace rafted

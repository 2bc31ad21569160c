#include "recovery_words.hpp"

#include <algorithm>
#include <utility>

#include "table.hpp"

namespace rafted::app {
namespace {

using Json = nlohmann::ordered_json;

std::string verdict_of(const GroupCopy& copy) {
    if (copy.removed) return "the node was removed";
    if (!copy.damage.empty()) return "damaged";
    return copy.last_index > Index() ? "whole" : "empty";
}

/// "entries 11 to 14", "entry 11", or nothing if there are none.
std::string range(Index first, Index last) {
    if (first > last) return {};
    if (first == last) return "entry " + to_string(first);
    return "entries " + to_string(first) + " to " + to_string(last);
}

void print_choice(const RecoveryPlan& plan, std::ostream& out) {
    const GroupCopy& best = plan.copies[*plan.best];
    out << "  reaches furthest: " << best.dir << ", to entry " << to_string(best.last_index)
        << " of term " << to_string(best.last_term) << "\n";
    if (plan.has_majority) {
        out << "  a majority of the voters is here: start these nodes instead; "
               "nothing committed is lost\n";
        return;
    }
    const Index known = std::min(plan.known_committed, best.last_index);
    out << "  kept: entries up to " << to_string(best.last_index) << "\n";
    const std::string unsure = range(known + 1, best.last_index);
    if (!unsure.empty()) {
        out << "  becomes committed, whether it was or not: " << unsure
            << " (no snapshot here covers them)\n";
    }
    for (const GroupCopy& copy : plan.copies) {
        if (copy.damage.empty() || !copy.reaches_further_than(best)) continue;
        out << "  damaged, but reaches further: " << copy.dir
            << "; what only it has is lost, too\n";
    }
    out << "  may be lost: what only ";
    if (plan.missing_voters.empty()) {
        out << "other directories have";
    } else {
        out << "members without a whole directory here had:";
        for (const MemberInfo& member : plan.missing_voters) {
            out << "\n    " << to_string(member.node) << "  " << member.address;
        }
    }
    out << "\n";
    out << "  to go on: rafted recover apply " << best.dir << " " << plan.group << " --confirm "
        << plan.group;
    bool is_first = true;
    for (const GroupCopy& copy : plan.copies) {
        if (&copy == &best || copy.dir == best.dir) continue;
        out << (std::exchange(is_first, false) ? " --others " : " ") << copy.dir;
    }
    out << "\n";
}

Json members_json(const std::vector<MemberInfo>& members) {
    Json all = Json::array();
    for (const MemberInfo& member : members) {
        all.push_back({{"node", to_string(member.node)},
                       {"address", member.address},
                       {"standing", name_of(member.standing)}});
    }
    return all;
}

Json json_of_copy(const GroupCopy& copy) {
    return {{"dir", copy.dir},
            {"node", to_string(copy.node)},
            {"cluster", to_string(copy.cluster)},
            {"removed", copy.removed},
            {"term", copy.term.value},
            {"last_term", copy.last_term.value},
            {"last_index", copy.last_index.value},
            {"snapshot", copy.snapshot.value},
            {"members_at", copy.members_at.value},
            {"members", members_json(copy.members)},
            {"damage", copy.damage},
            {"usable", copy.is_usable()}};
}

void print_one(const RecoveryPlan& plan, std::ostream& out) {
    out << "group " << plan.group << "  id " << to_string(plan.group_id) << "\n";
    Table table({"DIR", "NODE", ">TERM", ">LAST TERM", ">LAST INDEX", ">SNAPSHOT", ">MEMBERS",
                 ">LISTED AT", "VERDICT"});
    for (const GroupCopy& copy : plan.copies) {
        table.add({copy.dir, to_string(copy.node), to_string(copy.term), to_string(copy.last_term),
                   to_string(copy.last_index), to_string(copy.snapshot),
                   std::to_string(copy.members.size()), to_string(copy.members_at),
                   verdict_of(copy)});
    }
    table.print(out, "  ");
    for (const GroupCopy& copy : plan.copies) {
        for (const std::string& damage : copy.damage) out << "  damage: " << damage << "\n";
    }
    if (plan.best) {
        const GroupCopy& best = plan.copies[*plan.best];
        out << "  members, by " << best.dir << ":\n";
        for (const MemberInfo& member : best.members) {
            out << "    " << to_string(member.node) << "  " << member.address << "  "
                << name_of(member.standing) << "\n";
        }
        print_choice(plan, out);
    } else {
        out << "  none of these directories can be gone on with\n";
    }
}

}  // namespace

void print_plans(const std::vector<RecoveryPlan>& plans, std::ostream& out) {
    if (plans.empty()) out << "no group is in these directories" << std::endl;
    for (const RecoveryPlan& plan : plans) {
        print_one(plan, out);
        for (const RecoveryPlan& other : plans) {
            if (other.group != plan.group || other.group_id == plan.group_id) continue;
            out << "  " << other.copies.front().dir << " holds another incarnation, "
                << to_string(other.group_id) << ": one of the two has gone on without the other\n";
        }
        out << std::flush;
    }
}

Json json_of_plans(const std::vector<RecoveryPlan>& plans) {
    Json all = Json::array();
    for (const RecoveryPlan& plan : plans) {
        Json json{{"group", plan.group},
                  {"group_id", to_string(plan.group_id)},
                  {"best", plan.best ? Json(plan.copies[*plan.best].dir) : Json()},
                  {"known_committed", plan.known_committed.value},
                  {"has_majority", plan.has_majority},
                  {"missing_voters", members_json(plan.missing_voters)},
                  {"copies", Json::array()}};
        for (const GroupCopy& copy : plan.copies) json["copies"].push_back(json_of_copy(copy));
        all.push_back(std::move(json));
    }
    return all;
}

void print_recovered(const RecoverOptions& options, const RecoveredAlone& done, std::ostream& out) {
    out << "group " << options.group << " goes on in " << options.dir << "\n"
        << "  node " << to_string(done.node) << " at " << done.address << ", alone\n"
        << "  new id " << to_string(done.group_id) << "\n"
        << "  kept: entries up to " << to_string(done.kept_upto) << "\n";
    const std::string unsure = range(done.committed_before + 1, done.kept_upto);
    if (!unsure.empty()) out << "  committed now, whether it was or not: " << unsure << "\n";
    out << "Start the program that calls create_group on it, then others with empty\n"
        << "directories that call join_group." << std::endl;
}

Json json_of_recovered(const RecoveredAlone& done) {
    return {{"node", to_string(done.node)},
            {"address", done.address},
            {"group_id", to_string(done.group_id)},
            {"kept_upto", done.kept_upto.value},
            {"committed_before", done.committed_before.value}};
}

}  // namespace rafted::app

// What nodes answer to handles and tools, and what those ask for.
#include "fuzz/seeds/seeds.hpp"
#include "rafted/caller.hpp"
#include "rafted/codec.hpp"
#include "rafted/group.hpp"
#include "rafted/status.hpp"

namespace rafted::test {
namespace {

constexpr int request_part = 3;

Status leaders_status() {
    Status status;
    status.group = "hits";
    status.group_id = GroupId(7);
    status.from = NodeId(1);
    status.address = "127.0.0.1:7001";
    status.members = {
        {NodeId(1), "127.0.0.1:7001", Standing::voter, Index(9), 0, {}},
        {NodeId(2), "127.0.0.1:7002", Standing::voter, Index(8), 1, std::chrono::milliseconds(20)},
        {NodeId(3), "[::1]:7003", Standing::learner, {}, {}, {}}};
    status.leader = LeaderHint{NodeId(1), "127.0.0.1:7001"};
    status.unresponsive_followers = {NodeId(3)};
    status.current_term = Term(4);
    status.role = Role::leader;
    status.config.clock_drift_margin = std::chrono::milliseconds(300);
    status.alarms = {"the disk is full"};
    return status;
}

void add_request(Seeds& seeds, const std::string& name, RequestKind kind, BytesView body) {
    seeds.add("answer_fuzz", name, request_part + static_cast<int>(kind), body);
}

}  // namespace

void add_answer_seeds(Seeds& seeds) {
    Status follower;
    follower.leader = LeaderHint{NodeId(1), "127.0.0.1:7001"};
    seeds.add("answer_fuzz", "status", 0, encode(leaders_status()));
    seeds.add("answer_fuzz", "status_empty", 0, encode(Status()));
    seeds.add("answer_fuzz", "groups", 1, encode(std::vector{leaders_status(), follower}));
    seeds.add("answer_fuzz", "metrics", 2, encode(Metrics{.turns = 3, .refused_busy = 1}));

    const Bytes node = encode(NodeId(3));
    add_request(seeds, "command", RequestKind::command, node);
    add_request(seeds, "open_session", RequestKind::open_session, {});
    add_request(seeds, "query", RequestKind::query, node);
    add_request(seeds, "add_member", RequestKind::add_member,
                encode(NewMember{NodeId(4), "127.0.0.1:7004", Standing::learner}));
    add_request(seeds, "promote", RequestKind::promote, node);
    add_request(seeds, "remove", RequestKind::remove, node);
    add_request(seeds, "force_remove", RequestKind::force_remove, node);
    add_request(seeds, "transfer_lead", RequestKind::transfer_lead, node);
    add_request(seeds, "set_config", RequestKind::set_config, encode(GroupConfig()));
    GroupConfig bad;
    bad.heartbeat_interval = std::chrono::milliseconds(-1);
    add_request(seeds, "set_bad_config", RequestKind::set_config, encode(bad));
}

}  // namespace rafted::test

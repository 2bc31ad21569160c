#include "support/host_cluster.hpp"

#include <algorithm>
#include <utility>

#include "core/check.hpp"

namespace rafted::test {

HostCluster::HostCluster(const HostClusterOptions& options)
    : options_(options),
      random_(options.seed),
      world_({.seed = options.seed,
              .durable = options.durable,
              .pace = options.pace,
              .weather = {.least_delay = options.most_send / 10,
                          .most_delay = options.most_send,
                          .lost = options.drop * 10,
                          .doubled = options.duplicate * 10},
              .scrub = options.scrub,
              .quiesce_after = options.quiesce_after},
             &lines_) {}

HostCluster::~HostCluster() = default;

void HostCluster::must(bool holds, const std::string& what) const {
    const std::string text = what + " (seed " + std::to_string(options_.seed) + ")";
    CHECK(holds, text.c_str());
}

NodeId HostCluster::start_node() { return world_.start_node(); }

void HostCluster::crash(NodeId id) { world_.crash(id); }

void HostCluster::restart(NodeId id, bool at_new_address) {
    must(!is_up(id) && options_.durable, "only a durable node that is down starts again");
    const auto started = world_.restart(id, at_new_address);
    must(started.has_value(), started ? "" : to_string(started.error()));
}

void HostCluster::restart_without(NodeId id, const std::string& group) {
    must(!is_up(id) && options_.durable, "only a durable node that is down starts again");
    must(world_.restart(id, false, group).has_value(), "the node does not start");
}

void HostCluster::isolate(NodeId id) {
    for (const NodeId other : nodes()) cut(id, other);
}

void HostCluster::create(NodeId id, const std::string& group, Factory factory,
                         const GroupConfig& config) {
    world_.homes(id).push_back({group, factory, config});
    std::optional<Result<void>> done;
    node(id).host().create_group({group, std::move(factory), config, {}},
                                 [&](Result<void> result) { done = std::move(result); });
    must(run_until([&] { return done.has_value(); }), "a group was not created in time");
    must(done->has_value(), "a group was not created");
}

void HostCluster::join(NodeId id, const std::string& group, Factory factory) {
    const Status seen = status(wait_for_leader(group), group);
    const NewMember member{id, address(id), Standing::joining};
    bool added = false;
    while (!added) {
        std::optional<Result<Bytes>> answer;
        caller(group)->call(RequestKind::add_member, encode(member), {},
                            [&](Result<Bytes> result) { answer = std::move(result); });
        must(run_until([&] { return answer.has_value(); }), "add_member was not answered");
        added = answer->has_value() || answer->error().code == ErrorCode::already_member;
        if (!added) run_for(std::chrono::milliseconds(20));
    }
    const Status now = status(wait_for_leader(group), group);
    world_.homes(id).push_back({group, factory, seen.config});
    std::optional<Result<void>> done;
    node(id).host().join_group(
        {group, std::move(factory), seen.config, seen.group_id, {now.current_term, now.last}},
        [&](Result<void> result) { done = std::move(result); });
    must(run_until([&] { return done.has_value(); }), "a node did not join in time");
    must(done->has_value(), "a node did not join");
}

void HostCluster::remove(NodeId id, const std::string& group) {
    std::optional<Result<Bytes>> answer;
    caller(group)->call(RequestKind::remove, encode(id), {},
                        [&](Result<Bytes> result) { answer = std::move(result); });
    must(run_until([&] { return answer.has_value(); }), "a removal was not answered");
    must(answer->has_value(), "a member was not removed");
}

void HostCluster::recover(NodeId id, const std::string& group) {
    const auto& homes = world_.homes(id);
    const auto home = std::ranges::find(homes, group, &sim::Home::group);
    must(!is_up(id) && home != homes.end(), "nothing to recover");
    restart_without(id, group);
    std::optional<Result<void>> done;
    node(id).host().recover_group({group, home->factory, home->config, {}},
                                  [&](Result<void> result) { done = std::move(result); });
    must(run_until([&] { return done.has_value(); }), "a group was not recovered in time");
    must(done->has_value(), "a group was not recovered");
}

Status HostCluster::status(NodeId id, const std::string& group) {
    std::optional<Result<Bytes>> answer;
    node(id).host().request({RequestKind::status, group, {}, {}},
                            [&](Result<Bytes> result) { answer = std::move(result); });
    node(id).turn();
    must(answer && answer->has_value(), "a node does not say how it is");
    return decode<Status>(**answer).value();
}

Metrics HostCluster::metrics(NodeId id) {
    std::optional<Result<Bytes>> answer;
    node(id).host().request({RequestKind::metrics, {}, {}, {}},
                            [&](Result<Bytes> result) { answer = std::move(result); });
    node(id).turn();
    must(answer && answer->has_value(), "a node does not say what it did");
    return decode<Metrics>(**answer).value();
}

NodeId HostCluster::leader(const std::string& group) {
    NodeId found;
    Term term;
    for (const NodeId id : nodes()) {
        const auto& homes = world_.homes(id);
        const bool has = std::ranges::find(homes, group, &sim::Home::group) != homes.end();
        if (!is_up(id) || !has) continue;
        const Status said = status(id, group);
        if (said.role != Role::leader || said.current_term < term) continue;
        found = id;
        term = said.current_term;
    }
    return found;
}

NodeId HostCluster::wait_for_leader(const std::string& group, NodeId other_than) {
    NodeId found;
    const auto end = now() + std::chrono::minutes(2);
    while (!found || found == other_than) {
        must(now() < end, "nobody leads");
        run_for(std::chrono::milliseconds(5));
        found = leader(group);
    }
    return found;
}

void HostCluster::move_lead(const std::string& group, NodeId to) {
    std::optional<Result<Bytes>> answer;
    caller(group)->call(RequestKind::transfer_lead, encode(to), {},
                        [&](Result<Bytes> result) { answer = std::move(result); });
    must(run_until([&] { return answer.has_value(); }), "moving the lead was not answered");
    must(answer->has_value(), "the lead was not moved");
}

Result<Bytes> HostCluster::ask(NodeId id, ports::ClientRequest request) {
    std::optional<Result<Bytes>> answer;
    world_.ask(address(id), std::move(request),
               [&](Result<Bytes> result) { answer = std::move(result); });
    must(run_until([&] { return answer.has_value(); }), "a request was not answered");
    return std::move(*answer);
}

}  // namespace rafted::test

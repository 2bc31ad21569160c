#include "support/host_cluster.hpp"

#include <algorithm>
#include <utility>

#include "core/check.hpp"

namespace rafted::test {

/// Carries a client's requests to a node's door, and answers when the node dies or is too late.
class HostCluster::Channel final : public ports::Channel {
public:
    explicit Channel(HostCluster& cluster) : cluster_(cluster) {}

    void send(const std::string& address, ports::ClientRequest request,
              ports::Reply reply) override {
        const auto number = ++last_;
        waiting_.emplace(number, Waiting{address, std::move(reply)});
        auto& loop = cluster_.world_.loop;
        loop.call_in(request.timeout, [this, number] {
            answer(number, fail(ErrorCode::timeout, "no answer in time"));
        });
        loop.call_in(travel(), [this, number, address, request = std::move(request)] {
            HostNode* node = cluster_.at(address);
            if (node == nullptr) {
                return answer(number, fail(ErrorCode::unreachable, "nobody is at " + address));
            }
            node->host().request(request, [this, number](Result<Bytes> result) {
                cluster_.world_.loop.call_in(travel(), [this, number, result = std::move(result)] {
                    answer(number, result);
                });
            });
        });
    }

    /// Who waits for a node that has died loses the connection.
    void lose(const std::string& address) {
        std::vector<std::uint64_t> lost;
        for (const auto& [number, waiting] : waiting_) {
            if (waiting.address == address) lost.push_back(number);
        }
        for (const auto number : lost) {
            answer(number, fail(ErrorCode::timeout, "the connection was lost"));
        }
    }

private:
    struct Waiting {
        std::string address;
        ports::Reply reply;
    };
    core::Duration travel() { return cluster_.world_.up_to(cluster_.world_.pace.most_send); }
    void answer(std::uint64_t number, Result<Bytes> result) {
        auto waiting = waiting_.extract(number);
        if (!waiting.empty()) waiting.mapped().reply(std::move(result));
    }

    HostCluster& cluster_;
    std::map<std::uint64_t, Waiting> waiting_;
    std::uint64_t last_ = 0;
};

HostCluster::HostCluster(const HostClusterOptions& options)
    : options_(options), channel_(std::make_unique<Channel>(*this)) {
    world_.random = core::Random(options.seed);
    world_.pace = options.pace;
    world_.carry = [this](const std::string& from, const std::string& to,
                          ports::Envelope envelope) { carry(from, to, std::move(envelope)); };
}

HostCluster::~HostCluster() {
    for (const auto& caller : callers_) caller->close();
    while (world_.loop.run_next(world_.loop.now())) {
    }
}

void HostCluster::must(bool holds, const std::string& what) const {
    const std::string text = what + " (seed " + std::to_string(options_.seed) + ")";
    CHECK(holds, text.c_str());
}

std::string HostCluster::fresh_address() { return "node" + std::to_string(++addresses_) + ":1"; }

NodeId HostCluster::start_node() {
    const NodeId id(places_.size() + 1);
    Place& place = places_[id];
    place.disk = std::make_unique<NodeDisk>();
    place.disk->durable = options_.durable;
    place.address = fresh_address();
    boot(id, place);
    return id;
}

/// Opens the groups it had, all but one.
void HostCluster::boot(NodeId id, Place& place, const std::string& but) {
    place.node =
        std::make_unique<HostNode>(world_, HostNode::Start{id, place.address, place.disk.get()});
    for (const Home& home : place.homes) {
        if (home.group == but) continue;
        place.node->host().open_group({home.group, home.factory, home.config, {}},
                                      [](const Result<void>&) {});
    }
}

void HostCluster::crash(NodeId id) {
    Place& place = places_.at(id);
    place.disk->files.crash(MemoryFiles::Loss::any_sector, world_.random.next());
    place.node.reset();
    channel_->lose(place.address);
}

void HostCluster::restart(NodeId id, bool at_new_address) {
    Place& place = places_.at(id);
    must(!place.node && place.disk->durable, "only a durable node that is down starts again");
    if (at_new_address) place.address = fresh_address();
    boot(id, place);
}

std::vector<NodeId> HostCluster::nodes() const {
    std::vector<NodeId> all;
    for (const auto& [id, place] : places_) all.push_back(id);
    return all;
}

void HostCluster::cut(NodeId one, NodeId other) {
    cut_.insert({one, other});
    cut_.insert({other, one});
}

void HostCluster::isolate(NodeId id) {
    for (const auto& [other, place] : places_) cut(id, other);
}

HostNode* HostCluster::at(const std::string& address) {
    for (auto& [id, place] : places_) {
        if (place.node && place.address == address) return place.node.get();
    }
    return nullptr;
}

void HostCluster::carry(const std::string& from, const std::string& to, ports::Envelope envelope) {
    ++carried_;
    const auto happens = [this](unsigned per_mille) {
        return world_.random.one_to(1000) <= per_mille;
    };
    if (happens(options_.drop)) return;
    const auto most = world_.pace.most_send;
    for (int copies = happens(options_.duplicate) ? 2 : 1; copies > 0; --copies) {
        const auto time = std::chrono::microseconds(most / 10) + world_.up_to(most);
        world_.loop.call_in(time, [this, from, to, envelope] {
            HostNode* node = at(to);
            const auto link = std::pair(envelope.message.from, envelope.message.to);
            if (node == nullptr || cut_.contains(link)) return;
            node->arrive(from, envelope);
        });
    }
}

void HostCluster::create(NodeId id, const std::string& group, Factory factory,
                         const GroupConfig& config) {
    Place& place = places_.at(id);
    place.homes.push_back({group, factory, config});
    std::optional<Result<void>> done;
    place.node->host().create_group({group, std::move(factory), config, {}},
                                    [&](Result<void> result) { done = std::move(result); });
    must(run_until([&] { return done.has_value(); }), "a group was not created in time");
    must(done->has_value(), "a group was not created");
}

void HostCluster::join(NodeId id, const std::string& group, Factory factory) {
    Place& place = places_.at(id);
    const Status seen = status(wait_for_leader(group), group);
    const NewMember member{id, place.address, Standing::joining};
    bool added = false;
    while (!added) {
        std::optional<Result<Bytes>> answer;
        caller(group)->call(RequestKind::add_member, encode(member), {},
                            [&](Result<Bytes> result) { answer = std::move(result); });
        must(run_until([&] { return answer.has_value(); }), "add_member was not answered");
        added = answer->has_value() || answer->error().code == ErrorCode::already_member;
        if (!added) run_for(std::chrono::milliseconds(20));
    }
    place.homes.push_back({group, factory, seen.config});
    std::optional<Result<void>> done;
    place.node->host().join_group({group, std::move(factory), seen.config, seen.group_id},
                                  [&](Result<void> result) { done = std::move(result); });
    must(run_until([&] { return done.has_value(); }), "a node did not join in time");
    must(done->has_value(), "a node did not join");
}

void HostCluster::recover(NodeId id, const std::string& group) {
    Place& place = places_.at(id);
    const auto home = std::ranges::find(place.homes, group, &Home::group);
    must(!place.node && home != place.homes.end(), "nothing to recover");
    boot(id, place, group);
    std::optional<Result<void>> done;
    place.node->host().recover_group({group, home->factory, home->config, {}},
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
    for (const auto& [id, place] : places_) {
        const bool has =
            std::ranges::any_of(place.homes, [&](const Home& home) { return home.group == group; });
        if (!place.node || !has) continue;
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

std::shared_ptr<Caller> HostCluster::caller(const std::string& group) {
    client::CallerOptions options;
    options.group = group;
    for (const auto& [id, place] : places_) options.addresses.push_back(place.address);
    options.seed = world_.random.next();
    callers_.push_back(
        std::make_shared<client::GroupCaller>(world_.loop, *channel_, std::move(options)));
    return callers_.back();
}

Result<Bytes> HostCluster::ask(NodeId id, ports::ClientRequest request) {
    std::optional<Result<Bytes>> answer;
    channel_->send(address(id), std::move(request),
                   [&](Result<Bytes> result) { answer = std::move(result); });
    must(run_until([&] { return answer.has_value(); }), "a request was not answered");
    return std::move(*answer);
}

void HostCluster::run_for(core::Duration time) {
    const core::Time until = now() + time;
    while (world_.loop.run_next(until)) {
    }
}

bool HostCluster::run_until(const std::function<bool()>& holds, core::Duration longest) {
    const core::Time until = now() + longest;
    while (!holds()) {
        if (!world_.loop.run_next(until)) return holds();
    }
    return true;
}

}  // namespace rafted::test

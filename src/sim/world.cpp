#include "sim/world.hpp"

#include <utility>

#include "client/caller.hpp"
#include "core/check.hpp"
#include "core/codec.hpp"
#include "sim/client_channel.hpp"

namespace rafted::sim {
namespace {

constexpr std::uint64_t node_stream = 2;
constexpr std::uint64_t loss_stream = 3;
constexpr std::uint64_t caller_stream = 4;
/// One message between nodes of so many travels as bytes, the others as what they are in memory.
constexpr std::uint64_t as_bytes_every = 8;
/// Clients have places in the network, too, beyond any node's number.
constexpr std::uint64_t first_client = 1'000'000;

/// The same message, as the wire brings it: encoded, laid out in one piece, decoded.
core::Message through_wire(const core::Message& message) {
    auto encoded = core::encode(message);
    const auto bytes = std::make_shared<Bytes>(std::move(encoded.head));
    for (const core::Entry& entry : encoded.blocks) {
        bytes->insert(bytes->end(), entry.block().begin(), entry.block().end());
    }
    auto read = core::decode_message(bytes, *bytes);
    CHECK(read && *read == message, "a message is not what its bytes say");
    return std::move(*read);
}

}  // namespace

std::vector<Release> releases() { return {{RAFTED_VERSION, Process::start}}; }

World::World(const WorldOptions& options, Witness* witness)
    : options_(options), witness_(witness), network_(loop_, options.seed) {
    network_.set_weather(options.weather);
}

World::~World() { shut_down(); }

void World::shut_down() {
    for (const auto& caller : callers_) static_cast<client::GroupCaller&>(*caller).close();
    while (loop_.run_next(loop_.now())) {
    }
    callers_.clear();
    places_.clear();
}

std::string World::fresh_address() { return "node" + std::to_string(++addresses_) + ":1"; }

NodeId World::start_node() {
    const NodeId id(++last_node_);
    Place& place = places_[id];
    place.disk = std::make_unique<NodeDisk>();
    place.disk->durable = options_.durable;
    place.address = fresh_address();
    static_cast<void>(boot(id, place, {}));
    return id;
}

Result<void> World::boot(NodeId id, Place& place, const std::string& but) {
    Surroundings surroundings{
        loop_,
        [this, from = place.address](const std::string& to, ports::Envelope envelope) {
            carry(from, to, std::move(envelope));
        },
        [this, id](NodeId node, const std::string& at, const ports::Beat& beat) {
            carry_beat(id, node, at, beat);
        },
        [this, id](NodeId node, const std::string& at) { announce(id, node, at); }, witness_};
    Process::Start start;
    start.id = id;
    start.address = place.address;
    start.disk = place.disk.get();
    start.pace = options_.pace;
    start.random = stream_of(options_.seed, node_stream, id.value, ++place.starts);
    start.max_waiting_requests = options_.max_waiting_requests;
    start.scrub = options_.scrub;
    start.quiesce_after = options_.quiesce_after;
    start.journal = options_.journal;
    auto process = releases_[place.release].start(std::move(surroundings), std::move(start));
    if (!process) return std::unexpected(process.error());
    place.process = std::move(*process);
    for (const Home& home : place.homes) {
        if (home.group == but) continue;
        place.process->host().open_group({home.group, home.factory, home.config, {}},
                                         [this, id, group = home.group](const Result<void>& done) {
                                             if (!done) forget_home(id, group, done.error());
                                         });
    }
    return {};
}

/// It went down before its seat in the group was on disk.
void World::forget_home(NodeId id, const std::string& group, const Error& why) {
    const auto place = places_.find(id);
    if (why.code != ErrorCode::no_such_group || place == places_.end()) return;
    std::erase_if(place->second.homes, [&](const Home& home) { return home.group == group; });
    if (on_homeless) on_homeless(id);
}

void World::down(Place& place) {
    place.process.reset();
    for (const auto& channel : channels_) channel->lose(place.address);
}

void World::crash(NodeId id, SimFiles::Loss loss) {
    Place& place = places_.at(id);
    auto chance = stream_of(options_.seed, loss_stream, id.value, place.starts);
    place.disk->files.crash(loss, chance.next());
    down(place);
}

void World::kill(NodeId id) {
    Place& place = places_.at(id);
    place.disk->files.kill_process();
    down(place);
}

void World::destroy(NodeId id) {
    down(places_.at(id));
    places_.erase(id);
}

Result<void> World::restart(NodeId id, bool at_new_address, const std::string& but) {
    Place& place = places_.at(id);
    if (at_new_address) place.address = fresh_address();
    return boot(id, place, but);
}

std::vector<NodeId> World::nodes() const {
    std::vector<NodeId> all;
    for (const auto& [id, place] : places_) all.push_back(id);
    return all;
}

bool World::is_up(NodeId id) const {
    const auto found = places_.find(id);
    return found != places_.end() && found->second.process != nullptr;
}

Process* World::at(const std::string& address) {
    for (auto& [id, place] : places_) {
        if (place.process && place.address == address) return place.process.get();
    }
    return nullptr;
}

void World::carry(const std::string& from, const std::string& to, ports::Envelope envelope) {
    if (++carried_ % as_bytes_every == 0) envelope.message = through_wire(envelope.message);
    const auto shared = std::make_shared<const ports::Envelope>(std::move(envelope));
    const core::Message& message = shared->message;
    const Network::Fate fate = network_.send(message.from, message.to, [this, from, to, shared] {
        if (Process* process = at(to)) process->arrive(from, *shared);
    });
    if (on_carried) on_carried(message, fate);
}

void World::carry_beat(NodeId from, NodeId to, const std::string& there, const ports::Beat& beat) {
    network_.send(from, to, [this, from, here = address(from), to, there, beat] {
        Process* process = at(there);
        if (process != nullptr && process->id() == to) process->arrive(from, here, beat);
    });
}

void World::announce(NodeId from, NodeId to, const std::string& there) {
    network_.send_once(from, to, [this, from, here = address(from), to, there] {
        Process* process = at(there);
        if (process == nullptr || process->id() != to) return;
        process->hear(from, here);
        network_.send_once(to, from, [this, here, to] {
            if (Process* announced = at(here)) announced->was_heard(to);
        });
    });
}

std::shared_ptr<Caller> World::caller(const std::string& group) {
    const std::uint64_t number = channels_.size();
    channels_.push_back(std::make_unique<ClientChannel>(*this, NodeId(first_client + number)));
    client::CallerOptions options;
    options.group = group;
    for (const auto& [id, place] : places_) options.addresses.push_back(place.address);
    options.seed = stream_of(options_.seed, caller_stream, number).next();
    callers_.push_back(
        std::make_shared<client::GroupCaller>(loop_, *channels_.back(), std::move(options)));
    return callers_.back();
}

void World::ask(const std::string& address, ports::ClientRequest request, ports::Reply reply) {
    channels_.push_back(
        std::make_unique<ClientChannel>(*this, NodeId(first_client + channels_.size())));
    channels_.back()->send(address, std::move(request), std::move(reply));
}

void World::run_for(core::Duration time) {
    const core::Time until = now() + time;
    while (loop_.run_next(until)) {
    }
}

bool World::run_until(const std::function<bool()>& holds, core::Duration longest) {
    const core::Time until = now() + longest;
    while (!holds()) {
        if (!loop_.run_next(until)) return holds();
    }
    return true;
}

}  // namespace rafted::sim

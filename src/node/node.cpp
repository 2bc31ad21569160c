// Puts a node together: directory, network, loop, workers and host, and takes it apart in the
// opposite order. No protocol here.
#include "rafted/node.hpp"

#include <atomic>
#include <mutex>
#include <thread>
#include <utility>

#include "client/caller.hpp"
#include "host/host.hpp"
#include "net/loop.hpp"
#include "net/network.hpp"
#include "node/storage.hpp"
#include "node/system.hpp"
#include "node/thread_workers.hpp"
#include "node/wait.hpp"
#include "rafted/codec.hpp"

namespace rafted {

class Node::Impl : public std::enable_shared_from_this<Node::Impl> {
public:
    using Handle = std::shared_ptr<Caller>;

    static Result<std::shared_ptr<Impl>> open(NodeConfig config);
    ~Impl() { (void)close(); }

    Result<Handle> create(const std::string& name, MachineFactory factory,
                          const GroupConfig& config);
    Result<Handle> join(const std::string& name, MachineFactory factory,
                        const std::vector<std::string>& known, const JoinOptions& options);
    Result<Handle> recover(const std::string& name, MachineFactory factory);
    Result<void> close();
    /// Close, for who lets the node go: by a thread of its own where the caller is the loop, which
    /// cannot wait for its own end.
    static void let_go(std::shared_ptr<Impl> impl);
    Result<Metrics> metrics();
    ClusterId cluster() const { return ClusterId(cluster_.load()); }
    bool in_loop() const { return loop_.in_loop(); }

    NodeId id;
    std::string address;
    std::vector<std::string> notes;

private:
    explicit Impl(NodeConfig config)
        : config_(std::move(config)),
          loop_(config_.spin),
          workers_(config_.value_threads, offer()) {}
    ports::OfferBeside offer() {
        return [this](ports::Beside work) { return loop_.offer(std::move(work)); };
    }
    Result<void> start();
    Result<void> check_cluster(ClusterId found) const;
    Result<void> enter_cluster(ClusterId cluster);
    Handle caller(const std::string& name, std::vector<std::string> known);
    void close_callers();
    Result<void> may_wait() const;
    Result<void> check_frames(const GroupConfig& config) const;
    Result<GroupId> find(const std::string& name);
    Result<void> check_incarnation(const host::OpenGroup& what,
                                   const std::vector<std::string>& known);
    Result<void> resume(const host::OpenGroup& what, const std::vector<std::string>& known,
                        const JoinOptions& options);
    Result<void> become_member(const GroupHandle& group, const JoinOptions& options);
    Result<Status> status_of_leader(const GroupHandle& group, const JoinOptions& options);
    template <class Start>
    Result<void> on_host(std::chrono::milliseconds time, const std::string& what, Start start);
    void log(LogLevel level, const std::string& line) const {
        if (config_.log) config_.log(level, line);
    }

    NodeConfig config_;
    node::SystemClock clock_;
    net::Loop loop_;
    node::NodeStorage storage_;
    node::ThreadWorkers workers_;
    std::unique_ptr<net::Network> network_;
    std::unique_ptr<host::Host> host_;
    std::atomic<std::uint64_t> cluster_ = 0;
    std::mutex closing_;  // one close at a time
    std::atomic<bool> closed_ = false;
    std::mutex handing_out_;
    std::vector<std::weak_ptr<client::GroupCaller>> callers_;  // for the calls that wait at the end
};

namespace {

constexpr auto own_disk_time = std::chrono::seconds(30);

Result<void> check_name(const std::string& name) {
    const bool fits = !name.empty() && name.size() <= 255;
    const bool printable = name.find_first_of(std::string("\0\n\r\t", 4)) == std::string::npos;
    if (fits && printable) return {};
    return fail(ErrorCode::invalid,
                "a group's name has 1 to 255 bytes, without control characters");
}

/// A group's first value is made on the loop, where nothing may throw: so one is made before.
Result<void> try_out(const MachineFactory& factory) {
    try {
        if (factory() != nullptr) return {};
        return fail(ErrorCode::invalid, "the factory of values made none");
    } catch (const std::exception& thrown) {
        return fail(ErrorCode::invalid,
                    std::string("the value's constructor threw: ") + thrown.what());
    } catch (...) {
        return fail(ErrorCode::invalid, "the value's constructor threw");
    }
}

}  // namespace

Result<std::shared_ptr<Node::Impl>> Node::Impl::open(NodeConfig config) {
    if (auto valid = config.validate(); !valid) return std::unexpected(valid.error());
    auto impl = std::shared_ptr<Impl>(new Impl(std::move(config)));
    if (auto started = impl->start(); !started) return std::unexpected(started.error());
    return impl;
}

Result<void> Node::Impl::start() {
    auto storage = node::open_storage(
        config_.dir, [this](const std::string& line) { log(LogLevel::info, line); }, offer());
    if (!storage) return std::unexpected(storage.error());
    storage_ = std::move(*storage);
    auto recovered = storage_.recover();
    if (!recovered) return std::unexpected(recovered.error());
    id = recovered->node;
    notes = recovered->notes;
    for (const std::string& note : notes) log(LogLevel::warning, note);
    if (recovered->cluster) cluster_ = recovered->cluster.value;
    if (auto checked = check_cluster(recovered->cluster); !checked) return checked;
    if (config_.cluster && !recovered->cluster) {
        if (auto set = storage_->set_cluster(*config_.cluster); !set) return set;
        cluster_ = config_.cluster->value;
    }

    auto network = net::Network::open(loop_, config_, {id, cluster()});
    if (!network) return std::unexpected(network.error());
    network_ = std::move(*network);
    address = network_->address();
    host::Ports ports{*storage_,
                      network_->transport(),
                      clock_,
                      workers_,
                      [this] {
                          // Between two rounds it is on its way anyway.
                          if (!loop_.in_loop() && !loop_.is_beside()) loop_.post([] {});
                      },
                      node::system_random,
                      [this](LogLevel level, const std::string& line) { log(level, line); },
                      [this] { return cluster(); }};
    host_ = std::make_unique<host::Host>(
        std::move(ports), host::HostIdentity{id,
                                             address,
                                             config_.max_waiting_requests,
                                             config_.disk_patience,
                                             {config_.scrub_period, config_.scrub_bytes_per_second},
                                             config_.quiesce_after});
    host_->adopt(std::move(recovered->groups));
    network_->start(*host_, *host_);
    loop_.set_turn([this] { return host_->turn(); });
    loop_.start_with_relief();
    return {};
}

/// A node belongs to one cluster for ever.
Result<void> Node::Impl::check_cluster(ClusterId found) const {
    const ClusterId own = config_.cluster ? *config_.cluster : cluster();
    if (!own || !found || own == found) return {};
    return fail(ErrorCode::wrong_cluster,
                "this node belongs to cluster " + to_string(own) + ", not to " + to_string(found));
}

Result<void> Node::Impl::enter_cluster(ClusterId cluster) {
    if (auto checked = check_cluster(cluster); !checked) return checked;
    if (this->cluster()) return {};
    if (auto set = storage_->set_cluster(cluster); !set) return set;
    cluster_ = cluster.value;
    node::Awaited<void> done;
    const bool posted = loop_.post([this, cluster, told = done.callback()] {
        network_->set_cluster(cluster);
        told({});
    });
    if (!posted) return fail(ErrorCode::stopped, "the node is closed");
    return done.wait(own_disk_time, "entering the cluster");
}

template <class Start>
Result<void> Node::Impl::on_host(std::chrono::milliseconds time, const std::string& what,
                                 Start start) {
    if (closed_) return fail(ErrorCode::stopped, "the node is closed");
    node::Awaited<void> done;
    start(done.callback());
    return done.wait(time, what);
}

Node::Impl::Handle Node::Impl::caller(const std::string& name, std::vector<std::string> known) {
    client::CallerOptions options;
    options.group = name;
    options.addresses = {address};
    std::ranges::move(known, std::back_inserter(options.addresses));
    options.first_is_local = true;
    options.max_calls = config_.max_calls_per_handle;
    options.seed = node::system_random();
    options.keep_alive = shared_from_this();
    auto made =
        std::make_shared<client::GroupCaller>(loop_, network_->channel(), std::move(options));
    const std::lock_guard lock(handing_out_);
    std::erase_if(callers_, [](const auto& caller) { return caller.expired(); });
    callers_.push_back(made);
    return made;
}

/// Who waits on the loop for what the loop is to do waits for ever, and all of the node with it.
Result<void> Node::Impl::may_wait() const {
    if (closed_) return fail(ErrorCode::stopped, "the node is closed");
    if (!loop_.in_loop()) return {};
    return fail(ErrorCode::invalid,
                "this waits for the node, and was called by a callback or coroutine on the node's "
                "own thread; call it from another thread");
}

/// Without the loop no timeout would ever end the calls that still wait.
void Node::Impl::close_callers() {
    const std::lock_guard lock(handing_out_);
    for (const auto& weak : callers_) {
        if (const auto caller = weak.lock()) caller->close();
    }
}

/// What does not go into a frame would never arrive, however often it is sent.
Result<void> Node::Impl::check_frames(const GroupConfig& config) const {
    constexpr std::uint64_t beside = 64 << 10;
    const std::uint64_t needed =
        std::max(config.max_command_bytes, config.max_append_bytes) + beside;
    if (config_.local_network || config_.max_frame_bytes >= needed) return {};
    return fail(ErrorCode::invalid,
                "max_frame_bytes of this node is " + std::to_string(config_.max_frame_bytes) +
                    "; for the group's max_command_bytes and max_append_bytes it must be " +
                    std::to_string(needed) + " at least");
}

Result<Node::Impl::Handle> Node::Impl::create(const std::string& name, MachineFactory factory,
                                              const GroupConfig& config) {
    if (auto free = may_wait(); !free) return std::unexpected(free.error());
    if (auto named = check_name(name); !named) return std::unexpected(named.error());
    auto valid = config.validate();
    if (valid) valid = check_frames(config);
    if (valid) valid = try_out(factory);
    if (!valid) return std::unexpected(valid.error());
    const ClusterId cluster = config_.cluster.value_or(ClusterId(node::system_random() | 1U));
    if (!this->cluster()) {
        if (auto entered = enter_cluster(cluster); !entered) {
            return std::unexpected(entered.error());
        }
    }
    const host::OpenGroup what{name, std::move(factory), config, {}};
    const std::string verb = "creating group '" + name + "'";
    const auto found = find(name);
    if (!found && found.error().code != ErrorCode::no_such_group) {
        return std::unexpected(found.error());
    }
    const auto done = on_host(own_disk_time, verb, [&](auto told) {
        found ? host_->open_group(what, told) : host_->create_group(what, told);
    });
    const bool open_already = !done && done.error().code == ErrorCode::already_member;
    if (!done && !open_already) return std::unexpected(done.error());
    return caller(name, {});
}

Result<GroupId> Node::Impl::find(const std::string& name) {
    if (closed_) return fail(ErrorCode::stopped, "the node is closed");
    node::Awaited<GroupId> found;
    host_->find_group(name, found.callback());
    return found.wait(own_disk_time, "looking for group '" + name + "'");
}

/// Whoever can be reached at once must run the same incarnation: another one has gone on without
/// this directory's data, and would never hear this member (D8).
Result<void> Node::Impl::check_incarnation(const host::OpenGroup& what,
                                           const std::vector<std::string>& known) {
    constexpr auto patience = std::chrono::milliseconds(500);
    for (const std::string& other : known) {
        if (other == address) continue;
        node::Awaited<Bytes> answer;
        network_->channel().send(other, {RequestKind::status, what.name, patience, {}},
                                 answer.callback());
        const auto bytes = answer.wait(patience * 2, "asking " + other);
        const auto status = bytes ? decode<Status>(*bytes) : std::unexpected(bytes.error());
        if (!status || status->group_id == what.group) continue;
        return fail(ErrorCode::wrong_cluster, "the directory '" + config_.dir +
                                                  "' holds incarnation " + to_string(what.group) +
                                                  " of group '" + what.name + "', but " + other +
                                                  " runs " + to_string(status->group_id) +
                                                  "; move the directory away to join that one");
    }
    return {};
}

/// Goes on as the member this node was, or waits on if it is joining already.
Result<void> Node::Impl::resume(const host::OpenGroup& what, const std::vector<std::string>& known,
                                const JoinOptions& options) {
    if (auto checked = check_incarnation(what, known); !checked) return checked;
    auto opened = on_host(own_disk_time, "opening group '" + what.name + "'",
                          [&](auto told) { host_->open_group(what, told); });
    if (opened || opened.error().code != ErrorCode::already_member) return opened;
    return on_host(options.timeout, "joining group '" + what.name + "'",
                   [&](auto told) { host_->when_ready(what.name, told); });
}

/// Asks the group's leader to add this node; fine if it was added before.
Result<void> Node::Impl::become_member(const GroupHandle& group, const JoinOptions& options) {
    const Standing standing = options.learner ? Standing::learner : Standing::joining;
    const auto end = std::chrono::steady_clock::now() + options.timeout;
    while (true) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            end - std::chrono::steady_clock::now());
        auto added = group.add_member({id, address, standing}, {left, {}});
        if (added || added.error().code == ErrorCode::already_member) return {};
        const ErrorCode why = added.error().code;
        const bool passes =
            why == ErrorCode::change_in_progress || why == ErrorCode::leader_change_pending;
        constexpr auto pause = std::chrono::milliseconds(20);
        if (!passes || left <= pause) return added;
        std::this_thread::sleep_for(pause);
    }
}

/// From a leader that knows this node to be a member: one that has been outvoted may not.
Result<Status> Node::Impl::status_of_leader(const GroupHandle& group, const JoinOptions& options) {
    const auto end = std::chrono::steady_clock::now() + options.timeout;
    constexpr auto pause = std::chrono::milliseconds(20);
    while (true) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            end - std::chrono::steady_clock::now());
        auto status = group.status({left, {}});
        if (!status) return status;
        const bool lists_it = std::ranges::any_of(
            status->members, [this](const MemberInfo& member) { return member.node == id; });
        if (status->role == Role::leader && lists_it) return status;
        if (left <= pause) {
            return fail(ErrorCode::timeout, "no leader that has added this node answers");
        }
        std::this_thread::sleep_for(pause);
    }
}

Result<Node::Impl::Handle> Node::Impl::join(const std::string& name, MachineFactory factory,
                                            const std::vector<std::string>& known,
                                            const JoinOptions& options) {
    if (auto free = may_wait(); !free) return std::unexpected(free.error());
    auto fine = check_name(name);
    if (fine) fine = try_out(factory);
    if (!fine) return std::unexpected(fine.error());
    host::OpenGroup what{name, std::move(factory), {}, {}};
    if (const auto found = find(name)) {
        what.group = *found;
        if (auto resumed = resume(what, known, options); !resumed) {
            return std::unexpected(resumed.error());
        }
        return caller(name, known);
    }
    if (known.empty()) {
        return fail(ErrorCode::invalid, "joining needs the address of at least one member");
    }

    client::CallerOptions outside;
    outside.group = name;
    outside.addresses = known;
    outside.seed = node::system_random();
    const GroupHandle group(
        std::make_shared<client::GroupCaller>(loop_, network_->channel(), std::move(outside)));
    auto status = group.status({options.timeout, {}});
    if (!status) return std::unexpected(status.error());
    if (auto entered = enter_cluster(status->cluster); !entered) {
        return std::unexpected(entered.error());
    }
    if (auto fits = check_frames(status->config); !fits) return std::unexpected(fits.error());
    if (auto added = become_member(group, options); !added) return std::unexpected(added.error());
    status = status_of_leader(group, options);
    if (!status) return std::unexpected(status.error());
    what.config = status->config;
    what.group = status->group_id;
    what.added = {status->current_term, status->last};
    auto done = on_host(options.timeout, "joining group '" + name + "'",
                        [&](auto told) { host_->join_group(what, told); });
    if (!done) return std::unexpected(done.error());
    return caller(name, known);
}

Result<Node::Impl::Handle> Node::Impl::recover(const std::string& name, MachineFactory factory) {
    auto fine = may_wait();
    if (fine) fine = try_out(factory);
    if (!fine) return std::unexpected(fine.error());
    const host::OpenGroup what{name, std::move(factory), {}, {}};
    auto done = on_host(own_disk_time, "recovering group '" + name + "'",
                        [&](auto told) { host_->recover_group(what, told); });
    if (!done) return std::unexpected(done.error());
    return caller(name, {});
}

Result<Metrics> Node::Impl::metrics() {
    if (auto free = may_wait(); !free) return std::unexpected(free.error());
    node::Awaited<Bytes> answer;
    host_->request({RequestKind::metrics, {}, own_disk_time, {}}, answer.callback());
    auto bytes = answer.wait(own_disk_time, "asking for metrics");
    if (!bytes) return std::unexpected(bytes.error());
    return decode<Metrics>(*bytes);
}

Result<void> Node::Impl::close() {
    const std::lock_guard lock(closing_);
    if (closed_.exchange(true)) return {};
    if (host_) {
        node::Awaited<void> resigned;
        host_->resign(resigned.callback());
        (void)resigned.wait(config_.stop_deadline / 2, "handing the leads over");
        node::Awaited<void> stopped;
        host_->stop(stopped.callback());
        (void)stopped.wait(config_.stop_deadline, "stopping the groups");
    }
    close_callers();
    const auto self = weak_from_this().lock();
    bool ended = loop_.stop(config_.stop_deadline, self);
    if (network_) network_->close();
    ended = workers_.stop(config_.stop_deadline, self) && ended;
    if (storage_) storage_->close();
    if (ended) return {};
    return fail(ErrorCode::timeout,
                "a value or hook is still running; it is left to end by itself");
}

void Node::Impl::let_go(std::shared_ptr<Impl> impl) {
    if (!impl) return;
    if (!impl->in_loop()) return static_cast<void>(impl->close());
    std::thread([impl = std::move(impl)] { (void)impl->close(); }).detach();
}

Node::Node(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Node::~Node() { Impl::let_go(std::move(impl_)); }
Node& Node::operator=(Node&& other) noexcept {
    if (this != &other) Impl::let_go(std::exchange(impl_, std::move(other.impl_)));
    return *this;
}

Result<Node> Node::open(NodeConfig config) {
    auto impl = Impl::open(std::move(config));
    if (!impl) return std::unexpected(impl.error());
    return Node(std::move(*impl));
}

Result<std::shared_ptr<Caller>> Node::create_untyped(const std::string& name,
                                                     MachineFactory factory,
                                                     const GroupConfig& config) {
    return impl_->create(name, std::move(factory), config);
}
Result<std::shared_ptr<Caller>> Node::join_untyped(const std::string& name, MachineFactory factory,
                                                   const std::vector<std::string>& known,
                                                   const JoinOptions& options) {
    JoinOptions bounded = options;
    bounded.timeout = node::bounded(options.timeout);
    return impl_->join(name, std::move(factory), known, bounded);
}
Result<std::shared_ptr<Caller>> Node::recover_untyped(const std::string& name,
                                                      MachineFactory factory) {
    return impl_->recover(name, std::move(factory));
}

NodeId Node::id() const { return impl_->id; }
const std::string& Node::address() const { return impl_->address; }
ClusterId Node::cluster() const { return impl_->cluster(); }
const std::vector<std::string>& Node::notes() const { return impl_->notes; }
Metrics Node::metrics() const { return impl_->metrics().value_or(Metrics{}); }
Result<void> Node::close() {
    if (!impl_->in_loop()) return impl_->close();
    Impl::let_go(impl_);
    return fail(ErrorCode::timeout,
                "called by a callback or coroutine on the node's own thread, which cannot wait for "
                "itself; another thread closes the node");
}

}  // namespace rafted

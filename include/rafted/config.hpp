// Every number a user may set, with its unit, default and limit. GroupConfig is replicated: all
// members of a group use the one that was committed last. NodeConfig is one process's own.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "rafted/ids.hpp"
#include "rafted/local_network.hpp"
#include "rafted/result.hpp"

namespace rafted {

struct GroupConfig {
    using Milliseconds = std::chrono::milliseconds;

    /// A leader sends at least this often. At least 1 ms, below election_timeout.
    Milliseconds heartbeat_interval{200};
    /// T: a follower that hears no leader for a random time in (T, 2T] asks for votes.
    Milliseconds election_timeout{1000};
    /// How far two members' clocks may drift apart during T. A leader's lease ends this much before
    /// its voters would elect another. None: equal to T, which switches leases off and every query
    /// asks a majority.
    std::optional<Milliseconds> clock_drift_margin{};
    /// A requested change of leader is given up after this time and the leader serves on.
    Milliseconds leader_transfer_timeout{1000};

    /// Results kept by caller-chosen command id, oldest dropped first. 1 to 1,000,000.
    std::uint32_t max_retained_command_results = 100;
    /// A session unused for this long (in log time) ends. At least 1 s.
    Milliseconds session_timeout{std::chrono::hours(1)};
    /// Open sessions; the one unused for longest makes room for a new one. At least 1.
    std::uint32_t max_sessions = 10'000;
    /// Results a session keeps that its client has not confirmed; more are forgotten, oldest first.
    std::uint32_t max_results_per_session = 1'024;

    /// A larger command is refused with too_large, give or take what goes with it (up to 48
    /// bytes). At most 64 MiB.
    std::uint64_t max_command_bytes = 1 << 20;
    /// Entries in one append message, in bytes (at least one entry goes).
    std::uint64_t max_append_bytes = 256 << 10;
    /// Bytes sent to one follower and not yet answered.
    std::uint64_t max_inflight_bytes = 4 << 20;
    /// Bytes of appended, not yet committed entries; more commands are refused with busy.
    std::uint64_t max_uncommitted_bytes = 64 << 20;
    /// The log in memory. At half of this a snapshot is due; at all of it commands are busy.
    std::uint64_t max_log_bytes = 256 << 20;
    /// Entries kept below the newest snapshot for followers that lag, in bytes.
    std::uint64_t log_bytes_kept = 4 << 20;

    /// A snapshot is due when the log since the last one exceeds this factor times its size...
    double log_file_expansion_factor = 10.0;
    /// ...and at least this many bytes. 0: the factor alone decides.
    std::uint64_t snapshot_floor_bytes = 4 << 20;
    /// A snapshot travels in pieces of this size, compressed. 1 KiB to 4 MiB.
    std::uint64_t snapshot_chunk_bytes = 256 << 10;
    /// What a leader sends of snapshots in a second, to all followers together; pieces become
    /// smaller if that is what it takes. 0: as fast as they take it; else at least 64 KiB.
    std::uint64_t snapshot_bytes_per_second = 0;

    /// Hook calls that wait; when more do, applying waits for them.
    std::uint32_t max_hook_backlog = 4'096;

    bool operator==(const GroupConfig&) const = default;

    /// Lease off means that the margin is the whole election timeout.
    Milliseconds drift_margin() const { return clock_drift_margin.value_or(election_timeout); }
    bool lease_is_on() const { return drift_margin() < election_timeout; }
    /// Fails with invalid: names the field, its value and the allowed range.
    Result<void> validate() const;
};

enum class LogLevel : std::uint8_t { debug, info, warning, error };
std::string_view name_of(LogLevel level);

struct NodeConfig {
    /// Address to listen on, "host:port" or "[v6]:port"; port 0 takes a free one.
    std::string listen = "127.0.0.1:0";
    /// Address told to others, if it differs from `listen` (port 0: the port taken). Needed where
    /// `listen` is 0.0.0.0 or [::].
    std::string advertise{};
    /// Speak to the other nodes of this network, all in this process, without sockets; `listen` is
    /// then this node's name in it. None: TCP.
    std::shared_ptr<LocalNetwork> local_network{};
    /// Directory of the node's identity, journal and snapshots. Empty: memory only.
    std::string dir{};
    /// Refuse to work with any other cluster. None: the directory's, or the first one met.
    std::optional<ClusterId> cluster{};
    /// Threads that run values, queries and hooks, unless these are quick. 1 to 64.
    unsigned value_threads = 2;
    /// How long the node's loop looks for more to do before it sleeps, as long as that is worth
    /// it: it looks the more rarely the more often it found nothing. To wake a sleeping core takes
    /// some 30 µs, which a call that is alone pays at each hop. 0: sleep at once; at most 10 ms.
    std::chrono::microseconds spin{30};
    /// Client and peer connections accepted at once.
    unsigned max_connections = 10'000;
    /// Requests of one client connection that wait for their answers; more are refused with busy.
    unsigned max_requests_per_connection = 10'000;
    /// Bytes of answers queued towards one client; beyond it the connection is cut.
    std::uint64_t max_client_queue_bytes = 64 << 20;
    /// Requests waiting in the node's mailbox; more are refused with busy.
    std::uint64_t max_waiting_requests = 100'000;
    /// Calls of one handle of this node that wait for their answers; more are refused with busy, on
    /// the asking thread. The fewer may wait, the sooner each is answered under overload.
    std::uint64_t max_calls_per_handle = 100'000;
    /// Largest frame accepted from the wire; must exceed max_command_bytes and max_append_bytes of
    /// every group by 64 KiB (create_group and join_group say so). The same on all nodes.
    std::uint64_t max_frame_bytes = 68 << 20;
    /// Bytes queued towards one peer; beyond it messages are dropped (and sent again later).
    std::uint64_t max_peer_queue_bytes = 64 << 20;
    /// A leader whose disk has ended no write for this share of the group's election_timeout hands
    /// its lead to a member that has everything, and says so. 0.05 to 100.
    double disk_patience = 0.5;
    /// A group led here that has had nothing to do for so long sends no heartbeats any more, until
    /// something happens: its nodes vouch for each other instead, for all such groups at once. It
    /// has no lease then; the next query asks a majority. 0: heartbeats always.
    std::chrono::milliseconds quiesce_after{10'000};
    /// Within this time all that is stored is read back once, in the background, and what has
    /// rotted is made anew. 0: never; else at least 1 s.
    std::chrono::seconds scrub_period{std::chrono::hours(7 * 24)};
    /// Never faster than this, even if a period is then too short. At least 64 KiB.
    std::uint64_t scrub_bytes_per_second = 16 << 20;
    /// How long close() waits for work in hand before it gives up on it.
    std::chrono::milliseconds stop_deadline{5000};
    /// Called with one line at a time, from any thread. None: silence.
    std::function<void(LogLevel, std::string_view)> log{};

    Result<void> validate() const;
};

}  // namespace rafted

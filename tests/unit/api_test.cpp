// Names, limits and small sums of the public headers.
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <set>

#include "rafted/caller.hpp"
#include "rafted/client.hpp"
#include "rafted/config.hpp"
#include "rafted/machine.hpp"
#include "rafted/result.hpp"
#include "rafted/status.hpp"

namespace rafted {
namespace {

using std::chrono::milliseconds;

TEST(Ids, are_printed_as_sixteen_hex_digits) {
    EXPECT_EQ(hex(0), "0000000000000000");
    EXPECT_EQ(hex(0x0123456789abcdef), "0123456789abcdef");
    EXPECT_EQ(to_string(NodeId(255)), "00000000000000ff");
    EXPECT_EQ(to_string(Index(12)), "12");
}

TEST(Result, every_error_has_its_own_name_and_says_whether_it_happened) {
    std::set<std::string_view> names;
    for (int code = 0; code <= static_cast<int>(ErrorCode::disk_full); ++code) {
        names.insert(name_of(static_cast<ErrorCode>(code)));
    }
    EXPECT_EQ(names.size(), static_cast<std::size_t>(ErrorCode::disk_full) + 1);
    EXPECT_FALSE(names.contains("unknown_error"));
    EXPECT_EQ(outcome_of(ErrorCode::not_leader), Outcome::no);
    EXPECT_EQ(outcome_of(ErrorCode::in_use), Outcome::no);
    EXPECT_EQ(outcome_of(ErrorCode::timeout), Outcome::unknown);
    EXPECT_EQ(outcome_of(ErrorCode::forgotten), Outcome::unknown);
    EXPECT_EQ(outcome_of(ErrorCode::value_threw), Outcome::yes);
    EXPECT_EQ(outcome_of(ErrorCode::corrupt), Outcome::place_broken);
    EXPECT_EQ(name_of(Outcome::place_broken), "place_broken");
}

TEST(Result, an_error_is_printed_with_its_message_and_the_leader) {
    EXPECT_EQ(to_string(Error{ErrorCode::busy, "", {}}), "busy");
    EXPECT_EQ(to_string(Error{ErrorCode::busy, "log is full", {}}), "busy: log is full");
    EXPECT_EQ(to_string(Error{ErrorCode::not_leader, "", LeaderHint{NodeId(1), "a:1"}}),
              "not_leader (leader: 0000000000000001 at a:1)");
}

TEST(Status, everything_has_a_name) {
    EXPECT_EQ(name_of(Role::pre_candidate), "pre_candidate");
    EXPECT_EQ(name_of(Standing::learner), "learner");
    EXPECT_EQ(name_of(DiskState::memory_only), "memory_only");
    EXPECT_EQ(name_of(LogLevel::warning), "warning");
    std::set<std::string_view> names;
    for (std::uint8_t kind = 0; kind < request_kind_count; ++kind) {
        names.insert(name_of(static_cast<RequestKind>(kind)));
    }
    EXPECT_EQ(names.size(), request_kind_count);
    EXPECT_FALSE(names.contains("unknown"));
}

TEST(Machine, the_random_numbers_of_an_entry_are_those_of_splitmix64) {
    Context context;
    EXPECT_EQ(context.random(0), 0xe220a8397b1dcdafu);  // its published first outputs for seed 0
    EXPECT_EQ(context.random(1), 0x6e789e6aa1b965f4u);
    context.seed = 1;
    EXPECT_NE(context.random(0), 0xe220a8397b1dcdafu);
}

template <class Config, class Change>
std::string refusal(Change change) {
    Config config;
    change(config);
    const auto valid = config.validate();
    if (valid) return "";
    EXPECT_EQ(valid.error().code, ErrorCode::invalid);
    return valid.error().message;
}

TEST(Config, defaults_are_valid) {
    EXPECT_TRUE(GroupConfig{}.validate());
    EXPECT_TRUE(NodeConfig{}.validate());
    EXPECT_FALSE(GroupConfig{}.lease_is_on());
}

TEST(Config, a_refusal_names_field_value_and_range) {
    EXPECT_EQ(refusal<GroupConfig>([](auto& c) { c.heartbeat_interval = milliseconds(0); }),
              "GroupConfig.heartbeat_interval is 0 ms; it must be from 1 ms to 86400000 ms");
    EXPECT_EQ(refusal<GroupConfig>([](auto& c) { c.max_retained_command_results = 0; }),
              "GroupConfig.max_retained_command_results is 0; it must be from 1 to 1000000");
    EXPECT_EQ(refusal<NodeConfig>([](auto& c) { c.listen = "nowhere"; }),
              "NodeConfig.listen is \"nowhere\"; it must be \"host:port\" or \"[v6]:port\"");
}

TEST(Config, every_group_field_out_of_range_is_refused) {
    using G = GroupConfig;
    const std::vector<std::pair<std::string, std::function<void(G&)>>> cases{
        {"heartbeat_interval", [](G& c) { c.heartbeat_interval = milliseconds(1'000); }},
        {"election_timeout", [](G& c) { c.election_timeout = milliseconds(1); }},
        {"clock_drift_margin", [](G& c) { c.clock_drift_margin = milliseconds(1'001); }},
        {"clock_drift_margin", [](G& c) { c.clock_drift_margin = milliseconds(-1); }},
        {"leader_transfer_timeout", [](G& c) { c.leader_transfer_timeout = milliseconds(0); }},
        {"max_retained_command_results", [](G& c) { c.max_retained_command_results = 1'000'001; }},
        {"session_timeout", [](G& c) { c.session_timeout = milliseconds(999); }},
        {"max_sessions", [](G& c) { c.max_sessions = 0; }},
        {"max_results_per_session", [](G& c) { c.max_results_per_session = 0; }},
        {"max_command_bytes", [](G& c) { c.max_command_bytes = (64 << 20) + 1; }},
        {"max_append_bytes", [](G& c) { c.max_append_bytes = 0; }},
        {"max_inflight_bytes", [](G& c) { c.max_inflight_bytes = 0; }},
        {"max_uncommitted_bytes", [](G& c) { c.max_uncommitted_bytes = 1; }},
        {"max_log_bytes", [](G& c) { c.max_log_bytes = 1; }},
        {"log_bytes_kept", [](G& c) { c.log_bytes_kept = c.max_log_bytes + 1; }},
        {"log_file_expansion_factor", [](G& c) { c.log_file_expansion_factor = 0; }},
        {"log_file_expansion_factor",
         [](G& c) { c.log_file_expansion_factor = std::numeric_limits<double>::quiet_NaN(); }},
        {"snapshot_chunk_bytes", [](G& c) { c.snapshot_chunk_bytes = 1'023; }},
        {"snapshot_chunk_bytes", [](G& c) { c.snapshot_chunk_bytes = (4 << 20) + 1; }},
        {"snapshot_bytes_per_second", [](G& c) { c.snapshot_bytes_per_second = 65'535; }},
        {"max_hook_backlog", [](G& c) { c.max_hook_backlog = 0; }},
    };
    for (const auto& [field, change] : cases) {
        EXPECT_TRUE(refusal<G>(change).starts_with("GroupConfig." + field + " is ")) << field;
    }
}

TEST(Config, addresses_are_host_and_port) {
    for (const char* good : {"127.0.0.1:7001", "[::1]:0", "node-1.example.org:65535"}) {
        EXPECT_EQ(refusal<NodeConfig>([&](auto& c) { c.listen = good; }), "") << good;
    }
    for (const char* bad :
         {"", ":1", "a", "a:", "a:x", "a:65536", "a:1:2", "::1:7", "a b:1", "a:999999"}) {
        EXPECT_NE(refusal<NodeConfig>([&](auto& c) { c.listen = bad; }), "") << bad;
        if (*bad == 0) continue;
        EXPECT_NE(refusal<NodeConfig>([&](auto& c) { c.advertise = bad; }), "") << bad;
    }
    for (const std::string everywhere : {"0.0.0.0:7001", "[::]:7001"}) {
        EXPECT_NE(refusal<NodeConfig>([&](auto& c) { c.listen = everywhere; }), "");
        EXPECT_NE(refusal<NodeConfig>([&](auto& c) { c.advertise = everywhere; }), "");
        EXPECT_EQ(refusal<NodeConfig>([&](auto& c) {
                      c.listen = everywhere;
                      c.advertise = "10.1.2.3:7001";
                  }),
                  "");
    }
}

TEST(Config, every_node_field_out_of_range_is_refused) {
    using N = NodeConfig;
    const std::vector<std::pair<std::string, std::function<void(N&)>>> cases{
        {"cluster", [](N& c) { c.cluster = ClusterId{}; }},
        {"value_threads", [](N& c) { c.value_threads = 65; }},
        {"spin", [](N& c) { c.spin = std::chrono::milliseconds(11); }},
        {"max_connections", [](N& c) { c.max_connections = 0; }},
        {"max_requests_per_connection", [](N& c) { c.max_requests_per_connection = 0; }},
        {"max_calls_per_handle", [](N& c) { c.max_calls_per_handle = 0; }},
        {"max_client_queue_bytes", [](N& c) { c.max_client_queue_bytes = 1; }},
        {"max_waiting_requests", [](N& c) { c.max_waiting_requests = 0; }},
        {"max_frame_bytes", [](N& c) { c.max_frame_bytes = 1; }},
        {"max_peer_queue_bytes", [](N& c) { c.max_peer_queue_bytes = 1; }},
        {"stop_deadline", [](N& c) { c.stop_deadline = milliseconds(-1); }},
    };
    for (const auto& [field, change] : cases) {
        EXPECT_TRUE(refusal<N>(change).starts_with("NodeConfig." + field + " is ")) << field;
    }
}

TEST(Config, every_client_field_out_of_range_is_refused) {
    using C = ClientConfig;
    const std::vector<std::pair<std::string, std::function<void(C&)>>> cases{
        {"addresses", [](C& c) { c.addresses.clear(); }},
        {"addresses", [](C& c) { c.addresses.emplace_back("nowhere"); }},
        {"cluster", [](C& c) { c.cluster = ClusterId{}; }},
        {"spin", [](C& c) { c.spin = std::chrono::milliseconds(11); }},
        {"max_calls_per_handle", [](C& c) { c.max_calls_per_handle = 0; }},
    };
    for (const auto& [field, change] : cases) {
        const auto refused = refusal<C>([&](C& config) {
            config.addresses = {"127.0.0.1:7001"};
            change(config);
        });
        EXPECT_TRUE(refused.starts_with("ClientConfig." + field + " is ")) << field;
    }
}

}  // namespace
}  // namespace rafted

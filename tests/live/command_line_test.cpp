// The binary, as its users meet it: help, mistakes, errors, status and the demo.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "live/local_nodes.hpp"

namespace rafted::test {
namespace {

using Arguments = std::vector<std::string>;

const std::vector<Arguments> all_commands{
    {},
    {"demo"},
    {"demo-node"},
    {"status"},
    {"member"},
    {"member", "add"},
    {"member", "promote"},
    {"member", "remove"},
    {"member", "force-remove"},
    {"leader"},
    {"leader", "move"},
    {"leader", "cancel"},
    {"config"},
    {"config", "get"},
    {"config", "set"},
    {"backup"},
    {"backup", "verify"},
    {"restore"},
    {"recover"},
    {"recover", "plan"},
    {"recover", "apply"},
    {"inspect"},
};

TEST(CommandLine, every_subcommand_explains_itself) {
    for (Arguments arguments : all_commands) {
        arguments.emplace_back("--help");
        const Finished finished = run_rafted(arguments);
        EXPECT_EQ(finished.code, 0) << testing::PrintToString(arguments);
        EXPECT_TRUE(holds(finished.out, "Usage: ")) << finished.out;
        EXPECT_EQ(finished.err, "");
    }
    const Finished version = run_rafted({"--version"});
    EXPECT_EQ(version.code, 0);
    EXPECT_TRUE(version.out.starts_with("rafted ")) << version.out;
}

TEST(CommandLine, what_it_does_not_know_is_a_usage_error) {
    for (Arguments arguments : all_commands) {
        arguments.emplace_back("--bogus");
        const Finished finished = run_rafted(arguments);
        EXPECT_EQ(finished.code, 2) << testing::PrintToString(arguments);
        EXPECT_TRUE(holds(finished.err, "See rafted")) << finished.err;
        EXPECT_EQ(finished.out, "");
    }
    for (const Arguments& arguments :
         {Arguments{"no-such-verb"}, {"no-such-verb", "--help"}, {"member", "no-such-verb"}}) {
        const Finished verb = run_rafted(arguments);
        EXPECT_EQ(verb.code, 2);
        EXPECT_TRUE(holds(verb.err, "'no-such-verb' is no subcommand")) << verb.err;
    }
    EXPECT_EQ(run_rafted({"demo", "--keep", "--no-keep"}).code, 2);
    const Finished key = run_rafted({"config", "set", "127.0.0.1:1", "g", "bogus=1"});
    EXPECT_EQ(key.code, 2);
    EXPECT_TRUE(holds(key.err, "'bogus'") && holds(key.err, "election_timeout_ms")) << key.err;
    const Finished value =
        run_rafted({"config", "set", "127.0.0.1:1", "g", "heartbeat_interval_ms=fast"});
    EXPECT_EQ(value.code, 2);
    EXPECT_TRUE(holds(value.err, "'fast'")) << value.err;
}

TEST(CommandLine, what_is_no_address_or_id_is_a_usage_error) {
    const std::string at = "127.0.0.1:1";
    const std::string id = "00f1e2d3c4b5a697";
    const std::vector<std::pair<Arguments, std::string>> wrong{
        {{"status", "nowhere"}, "nowhere"},
        {{"status", at + ",127.0.0.1"}, "127.0.0.1"},
        {{"status", at, "--cluster", "c1"}, "'c1'"},
        {{"member", "add", at, "g", "7", at}, "'7'"},
        {{"member", "add", at, "g", id, "127.0.0.1:0"}, "127.0.0.1:0"},
        {{"member", "promote", at, "g", "somebody"}, "'somebody'"},
        {{"leader", "move", at, "g", "somebody"}, "'somebody'"},
        {{"restore", "backup", "dir", "--listen", "0.0.0.0:1"}, "0.0.0.0:1"},
        {{"recover", "apply", "dir", "g", "--listen", ":7"}, ":7"},
    };
    for (const auto& [arguments, what] : wrong) {
        const Finished finished = run_rafted(arguments);
        EXPECT_EQ(finished.code, 2) << testing::PrintToString(arguments) << finished.err;
        EXPECT_TRUE(holds(finished.err, what)) << finished.err;
    }
}

TEST(CommandLine, output_that_does_not_get_out_is_a_failure) {
    for (const Arguments& arguments :
         {Arguments{"--version"}, {"status", "--help"}, {"sim", "--seed", "1"}}) {
        LiveStart start{arguments};
        start.through = {"sh", "-c", "exec \"$@\" >/dev/full", "sh"};
        const Finished finished = run_rafted(std::move(start));
        EXPECT_EQ(finished.code, 1) << testing::PrintToString(arguments);
        EXPECT_TRUE(holds(finished.err, "could be written")) << finished.err;
    }
}

TEST(CommandLine, directories_that_are_not_ours_are_refused) {
    const LiveDir dir;
    EXPECT_EQ(run_rafted({"inspect", dir / "absent"}).code, 1);
    std::ofstream(dir / "note.txt") << "somebody else's";
    const Finished foreign = run_rafted({"inspect", dir.path()});
    EXPECT_EQ(foreign.code, 1);
    EXPECT_TRUE(holds(foreign.err, dir.path())) << foreign.err;
    const Finished opened = run_rafted({"demo-node", "--create", "--dir", dir / "note.txt"});
    EXPECT_EQ(opened.code, 1) << "a file is no directory";
    const Finished demo = run_rafted({"demo", "--no-keep", "--dir", dir.path()});
    EXPECT_EQ(demo.code, 1);
    EXPECT_TRUE(holds(demo.err, "not empty")) << demo.err;
}

TEST(CommandLine, an_address_or_directory_in_use_is_told) {
    const LiveDir dir;
    NodeConfig config;
    config.dir = dir / "a";
    auto node = Node::open(config);
    ASSERT_TRUE(node);
    const Finished port = run_rafted({"demo-node", "--create", "--listen", node->address()});
    EXPECT_EQ(port.code, 1);
    EXPECT_TRUE(holds(port.err, "in_use") && holds(port.err, node->address())) << port.err;
    for (const Arguments& arguments : {Arguments{"demo-node", "--create", "--dir", dir / "a"},
                                       Arguments{"inspect", dir / "a"}}) {
        const Finished directory = run_rafted(arguments);
        EXPECT_EQ(directory.code, 1);
        EXPECT_TRUE(holds(directory.err, "in_use") && holds(directory.err, dir / "a"))
            << directory.err;
    }
}

TEST(CommandLine, inspect_tells_damage) {
    const LiveDir dir;
    NodeId node;
    {
        LocalNodes nodes(1, quick_config(), dir.path());
        node = nodes.node(0).id();
        for (int i = 0; i < 20; ++i) ASSERT_TRUE(nodes.at(0).command(Enqueue{"some item"}));
    }
    const Finished whole = run_rafted({"inspect", dir / "local0", "--entries"});
    EXPECT_EQ(whole.code, 0) << whole.err;
    EXPECT_TRUE(holds(whole.out, "no damage") && holds(whole.out, "command")) << whole.out;
    const auto files =
        nlohmann::json::parse(run_rafted({"inspect", dir / "local0", "--json", "--entries"}).out);
    EXPECT_EQ(files["groups"][0]["entry_list"].size(), files["groups"][0]["entries"]);
    const auto& last = files["groups"][0]["entry_list"].back();
    EXPECT_TRUE(last["id"].get<std::string>().starts_with("session ")) << last;
    EXPECT_NE(last["hex"].get<std::string>().find("736f6d65206974656d"), std::string::npos) << last;
    const Finished words = run_rafted({"inspect", dir / "local0", "--entries", "--value", "queue"});
    EXPECT_TRUE(holds(words.out, ": Enqueue{\"some item\"}")) << words.out;
    EXPECT_TRUE(holds(words.out, "members " + to_string(node) + " at 127.0.0.1:")) << words.out;
    const Finished unknown = run_rafted({"inspect", dir / "local0", "--entries", "--value", "x"});
    EXPECT_EQ(unknown.code, 2);
    EXPECT_TRUE(holds(unknown.err, "queue (of rafted demo)")) << unknown.err;
    const std::string journal = files["journal"][0]["file"];
    const std::uint64_t used = files["journal"][0]["used_bytes"];
    std::fstream file(journal, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(used / 2));
    file.write("overwritten here", 16);
    file.close();
    const Finished damaged = run_rafted({"inspect", dir / "local0"});
    EXPECT_EQ(damaged.code, 1);
    EXPECT_TRUE(holds(damaged.out, "damage: " + journal)) << damaged.out << damaged.err;
}

TEST(CommandLine, status_of_a_program_that_embeds_the_library) {
    LocalNodes nodes(3);
    const std::string any = nodes.node(2).address();
    const Finished table = run_rafted({"status", any});
    EXPECT_EQ(table.code, 0) << table.err;
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_TRUE(holds(table.out, to_string(nodes.node(i).id()))) << table.out;
    }
    EXPECT_TRUE(holds(table.out, "led by " + to_string(nodes.node(0).id()))) << table.out;
    const auto json = nlohmann::json::parse(run_rafted({"status", any, "queue", "--json"}).out);
    EXPECT_EQ(json[0]["members"].size(), 3U);
    EXPECT_EQ(json[0]["leader"]["node"], to_string(nodes.node(0).id()));
    EXPECT_EQ(run_rafted({"status", any, "no-such-group"}).code, 1);
    EXPECT_EQ(run_rafted({"status", "127.0.0.1:1"}).code, 1);
    const Finished other = run_rafted({"status", any, "--cluster", "0123456789abcdef"});
    EXPECT_EQ(other.code, 1);
    EXPECT_TRUE(holds(other.err, "wrong_cluster")) << other.err;
}

TEST(CommandLine, status_without_a_leader_says_so) {
    LiveCluster cluster({3, false});
    cluster.kill(0);
    cluster.kill(1);
    ASSERT_TRUE(eventually(std::chrono::seconds(5), [&] {
        const auto said = cluster.status(2);
        return said && said->role != Role::leader && !said->leader;
    }));
    const Finished table = run_rafted({"status", cluster.address(2)});
    EXPECT_EQ(table.code, 0);
    EXPECT_TRUE(holds(table.out, "no leader") && holds(table.out, "unreachable")) << table.out;
}

TEST(CommandLine, members_lead_and_config_are_tended) {
    LocalNodes nodes(3);
    const std::string any = nodes.node(1).address();
    const Finished set = run_rafted({"config", "set", any, "queue", "max_sessions=77"});
    EXPECT_EQ(set.code, 0) << set.err;
    const auto config =
        nlohmann::json::parse(run_rafted({"config", "get", any, "queue", "--json"}).out);
    EXPECT_EQ(config["max_sessions"], 77);
    EXPECT_EQ(run_rafted({"config", "set", any, "queue", "election_timeout_ms=1"}).code, 1);
    const Finished moved = run_rafted({"leader", "move", any, "queue", any});
    EXPECT_EQ(moved.code, 0) << moved.err;
    EXPECT_EQ(nodes.leader(), 1U);
    const Finished kept = run_rafted({"member", "remove", any, "queue", any});
    EXPECT_EQ(kept.code, 1);
    EXPECT_TRUE(holds(kept.err, "cannot_remove_leader")) << kept.err;
    const Finished removed =
        run_rafted({"member", "remove", any, "queue", to_string(nodes.node(2).id())});
    EXPECT_EQ(removed.code, 0) << removed.err;
    EXPECT_EQ(nodes.status(1).members.size(), 2U);
    const Finished added =
        run_rafted({"member", "add", any, "queue", "00000000000000aa", "127.0.0.1:9", "--learner"});
    EXPECT_EQ(added.code, 0) << added.err;
    EXPECT_EQ(nodes.status(1).members.size(), 3U);
}

TEST(CommandLine, the_demo_tells_its_story_and_ends_well) {
    const Finished demo = run_rafted({"demo", "--no-keep", "--json"});
    EXPECT_EQ(demo.code, 0) << demo.err;
    const auto json = nlohmann::json::parse(demo.out);
    EXPECT_TRUE(json["held"]);
    EXPECT_EQ(json["steps"].size(), 9U);
}

}  // namespace
}  // namespace rafted::test

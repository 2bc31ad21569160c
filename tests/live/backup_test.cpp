// Backups of running groups and what becomes of them: through the binary, real processes and the
// real disk.
#include <gtest/gtest.h>

#include <signal.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "disk/backup_dir.hpp"
#include "disk/posix_files.hpp"
#include "live/local_nodes.hpp"
#include "rafted/backup.hpp"

namespace rafted::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using std::chrono::seconds;

constexpr auto free_address = "127.0.0.1:7999";  // only written down, never listened on

Finished restore(const std::string& backup, const std::string& dir) {
    return run_rafted({"restore", backup, dir, "--listen", free_address});
}

/// A node on this directory, with the queue that create_group finds there.
struct Opened {
    explicit Opened(const std::string& dir) {
        NodeConfig config;
        config.dir = dir;
        auto opened = Node::open(std::move(config));
        EXPECT_TRUE(opened) << to_string(opened.error());
        if (!opened) return;
        node.emplace(std::move(*opened));
        auto created = node->create_group<Queue>(app::demo::group_name, quick_config());
        EXPECT_TRUE(created) << to_string(created.error());
        if (created) group.emplace(std::move(*created));
    }
    std::vector<std::string> items() const {
        return group->query(Items{}, {seconds(20), {}}).value_or(std::vector<std::string>{});
    }
    std::optional<Node> node;
    std::optional<Group<Queue>> group;
};

/// Puts 0, 1, 2... into the queue, one after the other, until it goes.
class BackupLoad {
public:
    explicit BackupLoad(Group<Queue> group)
        : thread_([this, group = std::move(group)](const std::stop_token& stop) {
              for (std::size_t i = 0; !stop.stop_requested(); ++i) {
                  if (!group.command(Enqueue{std::to_string(i)}, {seconds(30), {}})) return;
                  acknowledged_ = i + 1;
              }
          }) {}
    std::size_t acknowledged() const { return acknowledged_; }

private:
    std::atomic<std::size_t> acknowledged_ = 0;
    std::jthread thread_;
};

TEST(Backup, under_load_it_is_one_moment_of_the_value_from_any_member) {
    LiveCluster cluster({3, true});
    const LiveDir dir;
    const BackupLoad load(cluster.group());
    ASSERT_TRUE(eventually(seconds(20), [&] { return load.acknowledged() > 50; }));
    for (std::size_t member = 0; member < 3; ++member) {
        const std::string backup = dir / ("backup" + std::to_string(member));
        const std::size_t before = load.acknowledged();
        const Finished made =
            run_rafted({"backup", cluster.address(member), "queue", backup, "--json"});
        const std::size_t after = load.acknowledged() + 1;
        ASSERT_EQ(made.code, 0) << made.err;
        const Json said = Json::parse(made.out);
        EXPECT_EQ(said["group"], "queue");
        EXPECT_EQ(said["from"], to_string(cluster.id(member)));
        EXPECT_EQ(said["members"].size(), 3U);
        EXPECT_EQ(run_rafted({"backup", "verify", backup}).code, 0);

        const std::string node = dir / ("node" + std::to_string(member));
        const Finished restored = restore(backup, node);
        ASSERT_EQ(restored.code, 0) << restored.err;
        const Opened opened(node);
        const auto items = opened.items();
        EXPECT_GE(items.size(), before);
        EXPECT_LE(items.size(), after);
        for (std::size_t i = 0; i < items.size(); ++i) ASSERT_EQ(items[i], std::to_string(i));
    }
}

/// Counts what the leader has run; declared on every member, so snapshots wait for it everywhere.
struct CountingHook : LeaderHooks<Queue> {
    std::atomic<std::size_t> run = 0;
    void on_command_committed(const Enqueue&, std::uint64_t) {
        pause_for(milliseconds(1));
        ++run;
    }
};

TEST(Backup, of_a_follower_waits_for_the_hooks_that_the_leader_has_yet_to_run) {
    const LiveDir dir;
    const auto hooks = std::make_shared<CountingHook>();
    auto leader = Node::open({});
    auto follower = Node::open({});
    ASSERT_TRUE(leader && follower);
    const auto led = leader->create_group<Queue>("queue", quick_config(), hooks);
    ASSERT_TRUE(led) << to_string(led.error());
    const auto followed = follower->join_group<Queue>("queue", {leader->address()}, {},
                                                      std::make_shared<CountingHook>());
    ASSERT_TRUE(followed) << to_string(followed.error());
    constexpr std::size_t count = 200;
    for (std::size_t i = 0; i < count; ++i) ASSERT_TRUE(led->command(Enqueue{"item"}));
    const Finished made = run_rafted({"backup", follower->address(), "queue", dir / "backup"});
    ASSERT_EQ(made.code, 0) << made.err;
    EXPECT_EQ(hooks->run, count) << "what a backup covers will never be replayed";
    EXPECT_TRUE(holds(made.out, to_string(follower->id()))) << made.out;
}

TEST(Backup, a_restored_group_goes_on_and_others_join_it) {
    const LiveDir dir;
    const CommandId id{42, 43};
    std::string old_cluster;
    {
        LocalNodes nodes(3);
        ASSERT_EQ(nodes.at(0).command(Enqueue{"first"}).value(), 0U);
        ASSERT_EQ(nodes.at(0).command(Enqueue{"twin"}, {seconds(5), id}).value(), 1U);
        old_cluster = to_string(nodes.status(0).cluster);
        const Finished made =
            run_rafted({"backup", nodes.node(2).address(), "queue", dir / "backup"});
        ASSERT_EQ(made.code, 0) << made.err;
        EXPECT_TRUE(holds(made.out, "backed up to " + (dir / "backup"))) << made.out;
        ASSERT_EQ(nodes.at(0).command(Enqueue{"after"}).value(), 2U);
    }
    const Finished restored = restore(dir / "backup", dir / "a");
    ASSERT_EQ(restored.code, 0) << restored.err;
    EXPECT_EQ(run_rafted({"inspect", dir / "a"}).code, 0);
    const Opened opened(dir / "a");
    EXPECT_EQ(opened.items(), (std::vector<std::string>{"first", "twin"}));
    EXPECT_EQ(opened.group->command(Enqueue{"twin"}, {seconds(20), id}).value(), 1U);
    EXPECT_EQ(opened.group->command(Enqueue{"third"}).value(), 2U);
    EXPECT_EQ(opened.items().size(), 3U) << "the command sent again was applied again";
    const auto status = opened.group->status();
    ASSERT_TRUE(status);
    EXPECT_NE(to_string(status->cluster), old_cluster);
    EXPECT_EQ(status->members.size(), 1U);
    EXPECT_EQ(status->from, opened.node->id());

    NodeConfig config;
    config.dir = dir / "b";
    auto other = Node::open(config);
    ASSERT_TRUE(other);
    const auto joined = other->join_group<Queue>("queue", {opened.node->address()});
    ASSERT_TRUE(joined) << to_string(joined.error());
    EXPECT_EQ(joined->query(Length{}).value(), 3U);
    EXPECT_EQ(joined->members().value().size(), 2U);
}

TEST(Backup, log_time_goes_on_from_it_though_the_clock_is_behind) {
    const LiveDir dir;
    {
        LocalNodes nodes(1);
        ASSERT_TRUE(nodes.at(0).command(Enqueue{"item"}));
        ASSERT_EQ(run_rafted({"backup", nodes.node(0).address(), "queue", dir / "now"}).code, 0);
    }
    constexpr std::int64_t year_2100 = 4'102'444'800'000;
    {
        disk::PosixFiles files;
        const auto now = disk::BackupReader::open(files, dir / "now");
        ASSERT_TRUE(now);
        auto later = disk::BackupWriter::create(files, dir / "later");
        ASSERT_TRUE(later);
        ASSERT_TRUE(now->read([&](BytesView piece) { return later->write(piece); }));
        disk::BackupManifest manifest = now->manifest();
        manifest.meta.time = core::LogTime(year_2100);
        ASSERT_TRUE(later->finish(manifest));
    }
    ASSERT_EQ(restore(dir / "later", dir / "a").code, 0);
    {
        const Opened opened(dir / "a");
        ASSERT_EQ(opened.group->command(Enqueue{"next"}, {seconds(20), {}}).value(), 1U);
    }
    const Json found = Json::parse(run_rafted({"inspect", dir / "a", "--entries", "--json"}).out);
    const Json& entries = found["groups"][0]["entry_list"];
    ASSERT_GE(entries.size(), 2U);
    for (const Json& entry : entries) EXPECT_GE(entry["log_time_ms"], year_2100);
}

TEST(Backup, the_group_may_get_another_name_and_nothing_is_overwritten) {
    const LiveDir dir;
    {
        LocalNodes nodes(1);
        ASSERT_TRUE(nodes.at(0).command(Enqueue{"item"}));
        ASSERT_EQ(run_rafted({"backup", nodes.node(0).address(), "queue", dir / "backup"}).code, 0);
        const Finished again =
            run_rafted({"backup", nodes.node(0).address(), "queue", dir / "backup"});
        EXPECT_EQ(again.code, 1);
        EXPECT_TRUE(holds(again.err, "is not empty")) << again.err;
    }
    const Finished named = run_rafted({"restore", dir / "backup", dir / "a", "--listen",
                                       free_address, "--group", "other", "--json"});
    ASSERT_EQ(named.code, 0) << named.err;
    EXPECT_EQ(Json::parse(named.out)["group"], "other");
    EXPECT_TRUE(holds(run_rafted({"inspect", dir / "a"}).out, "group other"));
    const Finished twice = restore(dir / "backup", dir / "a");
    EXPECT_EQ(twice.code, 1);
    EXPECT_TRUE(holds(twice.err, "is not empty")) << twice.err;
    fs::create_directory(dir / "b.restoring");
    const Finished left = restore(dir / "backup", dir / "b");
    EXPECT_EQ(left.code, 1);
    EXPECT_TRUE(holds(left.err, "remove it")) << left.err;
    fs::create_directory(dir / "empty");
    fs::create_directory_symlink(dir / "empty", dir / "link");
    const Finished link = restore(dir / "backup", dir / "link");
    EXPECT_EQ(link.code, 1);
    EXPECT_TRUE(holds(link.err, "is a link or a volume")) << link.err;
    EXPECT_FALSE(fs::exists(dir / "link.restoring")) << "what was begun is left behind";
    EXPECT_EQ(restore(dir / "backup", dir / "empty").code, 0);
    const Finished nowhere = run_rafted({"restore", dir / "backup", dir / "c", "--listen", "7001"});
    EXPECT_EQ(nowhere.code, 2);
    EXPECT_FALSE(fs::exists(dir / "c"));
}

TEST(Backup, one_that_was_tampered_with_is_refused) {
    const LiveDir dir;
    {
        LocalNodes nodes(1);
        ASSERT_TRUE(nodes.at(0).command(Enqueue{std::string(2000, 'x')}));
        ASSERT_EQ(run_rafted({"backup", nodes.node(0).address(), "queue", dir / "backup"}).code, 0);
    }
    for (const char* file : {"/value", "/manifest"}) {
        const std::string copy = dir / "copy";
        fs::copy(dir / "backup", copy);
        std::fstream bytes(copy + file, std::ios::in | std::ios::out | std::ios::binary);
        bytes.seekp(30);
        bytes.put('?');
        bytes.close();
        const Finished verified = run_rafted({"backup", "verify", copy});
        EXPECT_EQ(verified.code, 1) << file;
        EXPECT_TRUE(holds(verified.err, "corrupt") && holds(verified.err, file)) << verified.err;
        const Finished restored = restore(copy, dir / "a");
        EXPECT_EQ(restored.code, 1) << file;
        EXPECT_FALSE(fs::exists(dir / "a"));
        fs::remove_all(copy);
    }
    fs::remove(dir / "backup/manifest");
    const Finished unfinished = run_rafted({"backup", "verify", dir / "backup"});
    EXPECT_EQ(unfinished.code, 1);
    EXPECT_TRUE(holds(unfinished.err, "no manifest")) << unfinished.err;
    EXPECT_EQ(run_rafted({"backup", "verify", dir / "absent"}).code, 1);
}

TEST(Backup, mistakes_are_told) {
    const LiveDir dir;
    LocalNodes nodes(1);
    const std::string address = nodes.node(0).address();
    const Finished group = run_rafted({"backup", address, "no-such-group", dir / "backup"});
    EXPECT_EQ(group.code, 1);
    EXPECT_TRUE(holds(group.err, "no_such_group")) << group.err;
    EXPECT_FALSE(fs::exists(dir / "backup/value"));
    const Finished nobody = run_rafted({"backup", "127.0.0.1:1", "queue", dir / "backup"});
    EXPECT_EQ(nobody.code, 1);
    EXPECT_TRUE(holds(nobody.err, "unreachable")) << nobody.err;
    const Finished next = run_rafted({"backup", "127.0.0.1:1," + address, "queue", dir / "backup"});
    EXPECT_EQ(next.code, 0) << "the second address answers: " << next.err;
    EXPECT_EQ(run_rafted({"backup"}).code, 2);
    EXPECT_EQ(run_rafted({"backup", address, "queue"}).code, 2);
    EXPECT_EQ(run_rafted({"backup", "verify"}).code, 2);
    EXPECT_EQ(run_rafted({"restore", dir / "backup", dir / "a"}).code, 2);
}

TEST(Backup, a_request_that_a_node_does_not_know_is_answered) {
    LocalNodes nodes(1);
    const std::string address = nodes.node(0).address();
    auto client = Client::open({{address}, std::nullopt});
    ASSERT_TRUE(client);
    const auto answer =
        client->ask(address, {RequestKind(request_kind_count), "queue", {}}, seconds(5));
    EXPECT_EQ(code_of(answer), "wrong_version");
    EXPECT_TRUE(client->status(address, "queue", seconds(5))) << "the connection is kept";
}

TEST(Backup, without_a_leader_it_is_what_the_member_has) {
    LiveCluster cluster({3, false});
    const LiveDir dir;
    ASSERT_TRUE(cluster.group().command(Enqueue{"a"}));
    ASSERT_TRUE(cluster.await_equal());
    cluster.kill(0);
    cluster.kill(1);
    ASSERT_TRUE(eventually(seconds(5), [&] {
        const auto said = cluster.status(2);
        return said && said->role != Role::leader && !said->leader;
    }));
    const Finished made = run_rafted({"backup", cluster.address(2), "queue", dir / "backup"});
    EXPECT_EQ(made.code, 0) << made.err;
    EXPECT_TRUE(holds(made.err, "no leader")) << made.err;
}

TEST(Backup, a_member_killed_while_it_sends_is_asked_again) {
    LiveCluster cluster({1, true});
    const LiveDir dir;
    const auto group = cluster.group();
    GroupConfig config = group.config().value();
    config.snapshot_chunk_bytes = 1024;
    ASSERT_TRUE(group.set_config(config));
    const std::string item(500'000, 'x');
    for (int i = 0; i < 40; ++i) ASSERT_TRUE(group.command(Enqueue{item}, {seconds(20), {}}));

    Result<BackupInfo> made = fail(ErrorCode::stopped);
    std::vector<std::string> told;
    std::jthread transfer([&] {
        auto client = Client::open({{cluster.address(0)}, std::nullopt});
        BackupOptions options{cluster.address(0), "queue"};
        options.tell = [&](const std::string& text) { told.push_back(text); };
        made = back_up(*client, options, dir / "backup");
    });
    const auto arrived = [&] {
        std::error_code none;
        const auto size = fs::file_size(dir / "backup/value", none);
        return none ? 0U : size;
    };
    ASSERT_TRUE(eventually(seconds(30), [&] { return arrived() > 1'000'000; }));
    cluster.send(0, SIGKILL);
    EXPECT_LT(arrived(), 20'000'000U) << "it was over before the kill";
    EXPECT_FALSE(fs::exists(dir / "backup/manifest"));
    cluster.restart(0);
    transfer.join();
    ASSERT_TRUE(made) << to_string(made.error());
    ASSERT_EQ(told.size(), 1U) << "the kill went unnoticed, or it was begun anew";
    EXPECT_TRUE(holds(told.front(), "asking it again")) << told.front();
    EXPECT_GT(made->bytes, 20'000'000U);
    EXPECT_TRUE(verify_backup(dir / "backup"));
}

}  // namespace
}  // namespace rafted::test

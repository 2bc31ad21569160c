// `rafted recover` on the directories of processes that were killed.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "live/local_nodes.hpp"

namespace rafted::test {
namespace {

using Json = nlohmann::json;
using std::chrono::seconds;

Json plan(const std::vector<std::string>& dirs) {
    std::vector<std::string> arguments{"recover", "plan", "--json"};
    arguments.insert(arguments.end(), dirs.begin(), dirs.end());
    return Json::parse(run_rafted(arguments).out)[0];
}

/// Four members of which two are lost for good, and one of the two that are left lags.
class Recover : public testing::Test {
protected:
    void SetUp() override {
        const auto group = cluster_.group();
        for (int i = 0; i < 20; ++i) ASSERT_TRUE(group.command(Enqueue{"early"}, patient_));
        ASSERT_TRUE(cluster_.await_equal());
        cluster_.kill(3);
        for (int i = 0; i < 10; ++i) ASSERT_TRUE(group.command(Enqueue{"late"}, patient_));
        ASSERT_TRUE(cluster_.await_equal());
        for (std::size_t i = 0; i < 3; ++i) cluster_.kill(i);
        ahead_ = cluster_.dir(2);
        behind_ = cluster_.dir(3);
    }

    /// What a program finds that calls create_group on the directory.
    void expect_items(const std::string& dir, std::size_t count) {
        NodeConfig config;
        config.dir = dir;
        auto node = Node::open(config);
        ASSERT_TRUE(node) << to_string(node.error());
        auto group = node->create_group<Queue>("queue");
        ASSERT_TRUE(group) << to_string(group.error());
        EXPECT_EQ(group->query(Length{}, patient_).value(), count);
        EXPECT_EQ(group->command(Enqueue{"next"}, patient_).value(), count);
        EXPECT_EQ(group->members().value().size(), 1U);

        NodeConfig fresh;
        auto joiner = Node::open(fresh);
        ASSERT_TRUE(joiner);
        auto joined = joiner->join_group<Queue>("queue", {node->address()});
        ASSERT_TRUE(joined) << to_string(joined.error());
        EXPECT_EQ(joined->query(Length{}, patient_).value(), count + 1);

        NodeConfig old;
        old.dir = dir == ahead_ ? behind_ : ahead_;
        auto outsider = Node::open(old);
        ASSERT_TRUE(outsider);
        EXPECT_EQ(code_of(outsider->join_group<Queue>("queue", {node->address()})),
                  "wrong_cluster");
    }

    const CallOptions patient_{seconds(30), {}};
    LiveCluster cluster_{{4, true}};
    std::string ahead_;
    std::string behind_;
};

TEST_F(Recover, the_plan_names_the_furthest_and_apply_goes_on_with_it) {
    const Json before = plan({behind_, ahead_});
    EXPECT_EQ(before["best"], ahead_);
    EXPECT_EQ(before["has_majority"], false);
    EXPECT_EQ(before["missing_voters"].size(), 2U);
    EXPECT_EQ(before["copies"].size(), 2U);
    EXPECT_EQ(before["copies"][1]["members"].size(), 4U);
    EXPECT_LT(before["copies"][0]["last_index"], before["copies"][1]["last_index"]);
    const Finished words = run_rafted({"recover", "plan", behind_, ahead_});
    EXPECT_EQ(words.code, 0) << words.err;
    EXPECT_TRUE(holds(words.out, "reaches furthest: " + ahead_)) << words.out;
    EXPECT_TRUE(holds(words.out, cluster_.address(0)) && holds(words.out, cluster_.address(1)));
    EXPECT_TRUE(holds(words.out, "recover apply " + ahead_)) << words.out;

    EXPECT_EQ(run_rafted({"recover", "apply", ahead_, "queue"}).code, 2);
    EXPECT_EQ(run_rafted({"recover", "apply", ahead_, "queue", "--confirm", "other"}).code, 2);
    const Finished refused = run_rafted(
        {"recover", "apply", behind_, "queue", "--others", ahead_, "--confirm", "queue"});
    EXPECT_EQ(refused.code, 1);
    EXPECT_TRUE(holds(refused.err, ahead_ + " ends at entry")) << refused.err;
    const Finished unknown =
        run_rafted({"recover", "apply", ahead_, "other", "--confirm", "other"});
    EXPECT_EQ(unknown.code, 1);
    EXPECT_TRUE(holds(unknown.err, "no_such_group")) << unknown.err;
    EXPECT_EQ(plan({behind_, ahead_}), before) << "what was refused has changed something";

    const Finished applied = run_rafted(
        {"recover", "apply", ahead_, "queue", "--others", behind_, "--confirm", "queue", "--json"});
    ASSERT_EQ(applied.code, 0) << applied.err;
    const Json said = Json::parse(applied.out);
    EXPECT_EQ(said["kept_upto"], before["copies"][1]["last_index"]);
    EXPECT_EQ(said["address"], cluster_.address(2));
    EXPECT_NE(said["group_id"], before["group_id"]);
    const Finished both = run_rafted({"recover", "plan", behind_, ahead_});
    EXPECT_TRUE(holds(both.out, ahead_ + " holds another incarnation")) << both.out;
    expect_items(ahead_, 30);
}

TEST_F(Recover, one_that_is_behind_is_taken_if_told_so) {
    const Finished applied =
        run_rafted({"recover", "apply", behind_, "queue", "--others", ahead_, "--confirm", "queue",
                    "--even-if-behind", "--listen", "127.0.0.1:7999"});
    ASSERT_EQ(applied.code, 0) << applied.err;
    EXPECT_TRUE(holds(applied.out, "127.0.0.1:7999")) << applied.out;
    expect_items(behind_, 20);
}

TEST_F(Recover, a_majority_is_told_to_start) {
    const Json told = plan({cluster_.dir(0), cluster_.dir(1), ahead_});
    EXPECT_EQ(told["has_majority"], true);
    const Finished words =
        run_rafted({"recover", "plan", cluster_.dir(0), cluster_.dir(1), ahead_});
    EXPECT_TRUE(holds(words.out, "start these nodes instead")) << words.out;
    EXPECT_FALSE(holds(words.out, "recover apply")) << words.out;
}

TEST_F(Recover, damage_is_told_and_not_gone_on_with) {
    const Json files = Json::parse(run_rafted({"inspect", ahead_, "--json"}).out);
    const std::string journal = files["journal"][0]["file"];
    const std::uint64_t used = files["journal"][0]["used_bytes"];
    std::fstream file(journal, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(used / 2));
    file.write("overwritten here", 16);
    file.close();
    const Json told = plan({behind_, ahead_});
    EXPECT_EQ(told["best"], behind_);
    EXPECT_FALSE(told["copies"][1]["damage"].empty());
    const Finished refused =
        run_rafted({"recover", "apply", ahead_, "queue", "--confirm", "queue"});
    EXPECT_EQ(refused.code, 1);
    EXPECT_TRUE(holds(refused.err, "corrupt") && holds(refused.err, journal)) << refused.err;
}

TEST_F(Recover, a_directory_in_use_is_refused) {
    NodeConfig config;
    config.dir = ahead_;
    const auto node = Node::open(config);
    ASSERT_TRUE(node);
    const Finished planned = run_rafted({"recover", "plan", behind_, ahead_});
    EXPECT_EQ(planned.code, 1);
    EXPECT_TRUE(holds(planned.err, "in_use")) << planned.err;
    const Finished applied =
        run_rafted({"recover", "apply", ahead_, "queue", "--confirm", "queue"});
    EXPECT_EQ(applied.code, 1);
    EXPECT_TRUE(holds(applied.err, "in_use")) << applied.err;
}

}  // namespace
}  // namespace rafted::test

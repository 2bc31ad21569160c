// A scene: a story about a few members, told in a text file and played on cores alone. Lines with
// "#" are prose, with "> " commands, and what stands indented below a command is what must be
// seen: each step that a member takes, and under it every effect it asks for, in order.
//   1. Playing the same file twice gives the same text.
//   2. A command that makes no sense ends the scene with a line that says what is wrong.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/core_cluster.hpp"

namespace rafted::test {

using Words = std::vector<std::string>;

class Scene {
public:
    Scene();
    /// The whole file as it should be: prose and commands kept, what is seen written anew.
    std::string play(std::string_view file);
    /// What went wrong in the playing itself: unknown commands, broken invariants.
    const std::vector<std::string>& errors() const { return errors_; }

private:
    using Doing = void (Scene::*)(const Words&);
    struct Verb {
        std::string_view name;
        Doing act;
        std::string_view usage;
        std::size_t least_words;
    };
    static const std::vector<Verb>& verbs();

    void command(std::string_view line);
    void say(const std::string& line);
    void complain(const std::string& text);
    void see(const StepSeen& seen);
    CoreCluster& world();
    std::optional<NodeId> node(const std::string& word);
    std::optional<NodeId> up(const std::string& word);
    void set(GroupConfig& config, const Words& pairs);

    // Groups and nodes.
    void do_config(const Words& words);
    void do_members(const Words& words);
    void do_start(const Words& words);
    void do_crash(const Words& words);
    void do_restart(const Words& words);
    // Requests.
    void do_propose(const Words& words);
    void do_read(const Words& words);
    void do_add(const Words& words);
    void do_promote(const Words& words);
    void do_remove(const Words& words);
    void do_address(const Words& words);
    void do_change_config(const Words& words);
    void do_transfer(const Words& words);
    void do_force_remove(const Words& words);
    void do_requests(const Words& words);
    // Time.
    void do_advance(const Words& words);
    void do_run(const Words& words);
    void do_tick(const Words& words);
    void do_campaign(const Words& words);
    void do_quiesce(const Words& words);
    void do_unquiesce(const Words& words);
    // Messages.
    void do_deliver(const Words& words);
    void do_drop(const Words& words);
    void do_keep(const Words& words);
    void do_copy(const Words& words);
    void do_flying(const Words& words);
    void do_stabilize(const Words& words);
    void do_cut(const Words& words);
    void do_isolate(const Words& words);
    void do_heal(const Words& words);
    // Disks.
    void do_disk(const Words& words);
    void do_snapshot(const Words& words);
    void do_spoil(const Words& words);
    void do_wipe(const Words& words);
    // Looking.
    void do_status(const Words& words);
    void do_log(const Words& words);
    void do_lease(const Words& words);
    void do_config_of(const Words& words);
    void do_check(const Words& words);

    /// Takes the messages that match "a->b", "*->b", "all" or a kept name, and maybe a kind.
    std::vector<core::Message> take(const Words& words, bool leave);
    void change(const Words& words, core::ChangeMembers::Act act);

    ClusterOptions options_;
    std::unique_ptr<CoreCluster> world_;
    std::map<std::string, std::vector<core::Message>> kept_;
    std::map<NodeId, Index> added_at_;
    core::Time told_time_{};
    bool quiet_ = false;
    std::string out_;
    std::vector<std::string> errors_;
};

}  // namespace rafted::test

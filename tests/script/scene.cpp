// Playing a scene: reading the file, telling what is seen. The commands are scene_commands.cpp.
#include "script/scene.hpp"

#include <algorithm>
#include <sstream>
#include <utility>
#include <variant>

#include "sim/words.hpp"

namespace rafted::test {

using sim::kind_of;
using sim::lines_of;
using sim::node_of;
using sim::word_of;
namespace {

Words split(std::string_view line) {
    std::istringstream in{std::string(line)};
    Words words;
    for (std::string word; in >> word;) words.push_back(word);
    return words;
}

/// What happened to a member, as the head of what it does about it; empty for its own affairs.
struct InputWords {
    std::string name;

    std::string asked(core::RequestId id, const std::string& what) const {
        return name + " is asked #" + std::to_string(id) + ": " + what;
    }
    std::string operator()(const core::Received& in) const { return word_of(in.message); }
    std::string operator()(const core::Propose& in) const {
        const auto text = text_of(in.payload);
        return asked(in.request,
                     "propose " + (text.size() <= 24 ? std::string(text)
                                                     : std::to_string(text.size()) + "B"));
    }
    std::string operator()(const core::Read& in) const { return asked(in.request, "read"); }
    std::string operator()(const core::ChangeMembers& in) const {
        constexpr const char* acts[] = {"add ", "promote ", "remove ", "set address of "};
        return asked(in.request, acts[static_cast<int>(in.act)] + word_of(in.peer.id));
    }
    std::string operator()(const core::ChangeConfig& in) const {
        return asked(in.request, "change config");
    }
    std::string operator()(const core::TransferLead& in) const {
        return asked(in.request, "hand over to " + (in.target ? word_of(*in.target) : "nobody"));
    }
    std::string operator()(const core::ForceRemove& in) const {
        return asked(in.request, "forget " + word_of(in.target));
    }
    std::string operator()(const core::Persisted& in) const {
        const bool snapshot = in.snapshot.has_value();
        return name + "'s disk is done" + (snapshot ? ", snapshot in place" : "");
    }
    std::string operator()(const core::WriteRefused&) const {
        return name + "'s disk had no space, and has some now";
    }
    std::string operator()(const core::SnapshotBroken&) const {
        return name + "'s received snapshot does not verify";
    }
    std::string operator()(const core::SnapshotSaved& in) const {
        return name + " has saved snapshot " + word_of(in.meta.index, in.meta.term);
    }
    std::string operator()(const core::HooksRan& in) const {
        return name + "'s hooks ran up to " + to_string(in.upto);
    }
    std::string operator()(const core::Quiesce&) const { return name + " has nothing to do"; }
    std::string operator()(const core::Unquiesce&) const {
        return name + " has nobody any more who vouches for the others";
    }
    std::string operator()(const core::TimePassed&) const { return name + " wakes"; }
};

}  // namespace

Scene::Scene() {
    options_.config.heartbeat_interval = std::chrono::milliseconds(100);
    options_.config.election_timeout = std::chrono::milliseconds(1000);
}

std::string Scene::play(std::string_view file) {
    std::istringstream in{std::string(file)};
    for (std::string line; std::getline(in, line);) {
        const bool is_seen = line.starts_with("  ");
        if (is_seen) continue;
        out_ += line + "\n";
        if (line.starts_with("> ")) command(std::string_view(line).substr(2));
    }
    if (world_) {
        for (const auto& violation : world_->history().violations()) complain(violation);
    }
    return std::exchange(out_, {});
}

void Scene::command(std::string_view line) {
    Words words = split(line);
    quiet_ = !words.empty() && words.front() == "quietly";
    if (quiet_) words.erase(words.begin());
    if (words.empty()) return complain("a command is missing");
    const auto verb = std::ranges::find(verbs(), words.front(), &Verb::name);
    if (verb == verbs().end()) return complain("no such command: " + words.front());
    words.erase(words.begin());
    if (words.size() < verb->least_words) {
        return complain("usage: " + std::string(verb->name) + " " + std::string(verb->usage));
    }
    (this->*verb->act)(words);
    quiet_ = false;
}

void Scene::say(const std::string& line) {
    if (!quiet_) out_ += "  " + line + "\n";
}

void Scene::complain(const std::string& text) {
    errors_.push_back(text);
    out_ += "  WRONG: " + text + "\n";
}

void Scene::see(const StepSeen& seen) {
    const auto lines = lines_of(seen.effects);
    const bool is_own = std::holds_alternative<core::TimePassed>(seen.input) ||
                        std::holds_alternative<core::Persisted>(seen.input);
    if (is_own && lines.empty()) return;
    if (!quiet_ && world().now() != told_time_) {
        told_time_ = world().now();
        say("at " + word_of(told_time_));
    }
    const std::string head = std::visit(InputWords{word_of(seen.node)}, seen.input);
    say(head + (lines.empty() ? "  (nothing)" : ""));
    for (const auto& line : lines) say("  " + line);
}

CoreCluster& Scene::world() {
    if (!world_) {
        world_ = std::make_unique<CoreCluster>(options_);
        world_->on_step = [this](const StepSeen& seen) { see(seen); };
        world_->on_lost = [this](const core::Message& lost) { say("lost " + word_of(lost)); };
    }
    return *world_;
}

std::optional<NodeId> Scene::node(const std::string& word) {
    const NodeId id = node_of(word);
    if (id && world().nodes().contains(id)) return id;
    complain("no such node: " + word);
    return std::nullopt;
}

std::optional<NodeId> Scene::up(const std::string& word) {
    const auto id = node(word);
    if (!id || world().is_up(*id)) return id;
    complain("node " + word + " is down");
    return std::nullopt;
}

std::vector<core::Message> Scene::take(const Words& words, bool leave) {
    if (const auto at = kept_.find(words[0]); at != kept_.end()) return at->second;
    const std::string& route = words[0];
    const auto arrow = route.find("->");
    const std::string from = arrow == std::string::npos ? "*" : route.substr(0, arrow);
    const std::string to = arrow == std::string::npos ? "*" : route.substr(arrow + 2);
    if (arrow == std::string::npos && route != "all") {
        complain("neither a route nor a kept name: " + route);
        return {};
    }
    const std::string kind = words.size() > 1 ? words[1] : "";
    std::vector<core::Message> taken;
    std::erase_if(world().flying(), [&](const Flying& flight) {
        const core::Message& message = flight.message;
        const bool fits = (from == "*" || from == word_of(message.from)) &&
                          (to == "*" || to == word_of(message.to)) &&
                          (kind.empty() || kind == kind_of(message));
        if (fits) taken.push_back(message);
        return fits && !leave;
    });
    return taken;
}

}  // namespace rafted::test

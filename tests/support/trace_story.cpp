#include "support/trace_story.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "support/trace_line.hpp"

namespace rafted::test {
namespace {

using Time = std::uint64_t;
constexpr Time ms = 1'000;
constexpr Time heartbeat_every = 40 * ms;
constexpr Time call_every = 33 * ms;

std::string name(std::uint64_t node) { return "n" + std::to_string(node); }

struct Message {
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    std::string what;
    std::string text;
    std::uint64_t term = 0;
    std::uint64_t index = 0;  ///< Last entry sent, or known to be there.
    std::uint64_t commit = 0;
    bool yes = true;
};

struct Node {
    std::string role = "follower";
    std::uint64_t term = 0;
    std::uint64_t vote = 0;
    std::uint64_t commit = 0;
    std::uint64_t last = 0;
    std::uint64_t snapshot = 0;
    bool up = false;
    bool asleep = false;
    std::string members = "1 2 3 4 5";
    std::set<std::uint64_t> votes;
    std::map<std::uint64_t, std::uint64_t> match;
    std::string written;  ///< Its last line of state, without the time.
};

struct Call {
    std::uint64_t client = 0;
    std::uint64_t op = 0;
    std::uint64_t index = 0;
};

class Story {
public:
    explicit Story(const TraceStoryOptions& options)
        : random_(options.seed), end_(options.duration_ms * ms) {
        out_ = Line("run")
                   .number("format", 1)
                   .number("seed", options.seed)
                   .number("nodes", 5)
                   .raw("faults", R"(["drop 2 %","cuts","crashes","duplicates","disk"])")
                   .text("command", "rafted sim --seed " + std::to_string(options.seed))
                   .done();
    }

    std::string tell() {
        for (std::uint64_t id = 1; id <= 5; ++id) starts(0, id, "start");
        at(150 * ms, [this] { stands(2); });
        troubles();
        ending();
        for (Time time = 300 * ms; time + 300 * ms < end_; time += call_every) {
            at(time, [this] { calls(); });
        }
        for (Time time = heartbeat_every; time < end_; time += heartbeat_every) {
            at(time, [this] { heartbeats(); });
        }
        while (!ended_) {
            const auto first = queue_.begin();
            now_ = first->first.first;
            const std::function<void()> event = std::move(first->second);
            queue_.erase(first);
            event();
        }
        return std::move(out_);
    }

private:
    void at(Time time, std::function<void()> event) {
        queue_.emplace(std::pair(time, sequence_++), std::move(event));
    }

    std::uint64_t chance(std::uint64_t below) {
        random_ = random_ * 6364136223846793005ULL + 1442695040888963407ULL;
        return (random_ >> 33U) % below;
    }

    void troubles() {
        cut(1'000 * ms, 1'800 * ms, {2, 4});
        fault(1'300 * ms, 3'300 * ms, "12 % of messages are duplicated");
        at(1'300 * ms, [this] { duplicates_ = true; });
        at(3'300 * ms, [this] { duplicates_ = false; });
        at(1'500 * ms, [this] { stops(5, "crash", "between write and sync: 2 entries lost"); });
        starts(2'100 * ms, 5, "restart");
        at(2'200 * ms, [this] { sleeps(2, true); });
        at(2'420 * ms, [this] { stands(3); });
        at(2'700 * ms, [this] { sleeps(2, false); });
        at(3'000 * ms, [this] { joins(6); });
        at(3'400 * ms, [this] {
            node_event(4, "disk", "a bit of segment 3 flips");
            line(Line(now_, "fault").text("text", "bit flip on n4's journal").raw("nodes", "[4]"));
        });
        fault(3'600 * ms, 4'200 * ms, "n1 is isolated", "[1]");
        for (std::uint64_t other = 2; other <= 6; ++other) {
            at(3'600 * ms, [this, other] { cuts_.insert({1, other}); });
            at(4'200 * ms, [this, other] { cuts_.erase({1, other}); });
        }
        at(3'800 * ms, [this] { asks(1); });
        at(4'000 * ms, [this] { asks(1); });
    }

    /// n3 leads, cut off; a power cut takes three nodes, whose term and vote were not durable:
    /// they elect n4 in the same term.
    void ending() {
        const Time begin = end_ - 400 * ms;
        fault(begin, end_, "n2 and n3 are cut off from n1, n4 and n5", "[2,3]");
        at(begin, [this] {
            for (const std::uint64_t id : {1U, 4U, 5U}) cuts_.insert({{2, id}, {3, id}});
        });
        for (const std::uint64_t id : {1U, 4U, 5U}) {
            at(begin + 60 * ms, [this, id] { stops(id, "crash", "power cut"); });
            starts(begin + 90 * ms, id, "restart");
            at(begin + 90 * ms, [this, id] { forgets(id); });
        }
        for (const Time wait : {130 * ms, 220 * ms}) {
            at(begin + wait, [this] {
                if (nodes_[4].role != "leader") stands(4);
            });
        }
        at(end_, [this] {
            ended_ = true;
            line(Line(now_, "end")
                     .text("result", "violation")
                     .text("text", "election safety: two leaders in one term"));
        });
    }

    void line(const Line& made) { out_ += made.done(); }

    void fault(Time from, Time until, const std::string& text, const std::string& nodes = "") {
        at(from, [this, until, text, nodes] {
            Line made(now_, "fault");
            made.text("text", text).number("until", until);
            if (!nodes.empty()) made.raw("nodes", nodes);
            line(made);
        });
    }

    void cut(Time from, Time until, std::pair<std::uint64_t, std::uint64_t> pair) {
        const auto [a, b] = pair;
        fault(from, until, name(a) + " and " + name(b) + " cannot reach each other",
              "[" + std::to_string(a) + "," + std::to_string(b) + "]");
        at(from, [this, pair] { cuts_.insert(pair); });
        at(until, [this, pair] { cuts_.erase(pair); });
    }

    bool is_cut(std::uint64_t a, std::uint64_t b) const {
        return cuts_.contains({a, b}) || cuts_.contains({b, a});
    }

    void node_event(std::uint64_t id, std::string_view event, std::string_view text) {
        line(Line(now_, "node").number("node", id).text("event", event).text("text", text));
    }

    void starts(Time time, std::uint64_t id, const std::string& event) {
        at(time, [this, id, event] {
            node_event(id, event, event == "restart" ? "reads its journal" : "");
            nodes_[id].up = true;
            nodes_[id].role = "follower";
            state(id);
        });
    }

    void stops(std::uint64_t id, std::string_view event, std::string_view text) {
        node_event(id, event, text);
        nodes_[id].up = false;
        nodes_[id].role = "down";
        nodes_[id].last -= std::min<std::uint64_t>(2, nodes_[id].last - nodes_[id].commit);
        state(id);
    }

    void sleeps(std::uint64_t id, bool asleep) {
        node_event(id, asleep ? "pause" : "resume", "");
        nodes_[id].asleep = asleep;
    }

    void joins(std::uint64_t id) {
        node_event(id, "join", "asks n3 to be a learner");
        nodes_[id].up = true;
        nodes_[id].role = "learner";
        nodes_[id].term = nodes_[3].term;
        for (auto& [other, node] : nodes_) node.members = "1 2 3 4 5 +6";
        state(id);
        Message message{.from = 3, .to = id, .what = "snapshot", .text = {}, .term = {}};
        message.index = nodes_[3].commit;
        message.text = "of " + std::to_string(message.index) + ", bytes 0+4096 last";
        message.term = nodes_[3].term;
        message.commit = message.index;
        send(message);
    }

    void state(std::uint64_t id) {
        Node& node = nodes_[id];
        Line made(now_, "state");
        made.number("node", id).text("role", node.role).number("term", node.term);
        made.number("commit", node.commit).number("applied", node.commit);
        made.number("last", node.last).number("snapshot", node.snapshot);
        made.raw("lease", node.role == "leader" && !node.asleep ? "true" : "false");
        made.number("vote", node.vote).text("members", node.members);
        const std::string text = made.done();
        const std::string content = text.substr(text.find(','));
        if (content == node.written) return;
        node.written = content;
        out_ += text;
    }

    void input(std::uint64_t id, std::string_view what, std::string_view effects) {
        line(Line(now_, "step").number("node", id).text("input", what).text("effects", effects));
    }

    void send(const Message& message, std::optional<std::uint64_t> copy_of = {}) {
        const std::uint64_t id = ++messages_;
        Line made(now_, "send");
        made.number("id", id).number("from", message.from).number("to", message.to);
        made.text("what", message.what).text("text", message.text);
        if (copy_of) made.number("copy_of", *copy_of);
        const Node& receiver = nodes_[message.to];
        const char* lost = is_cut(message.from, message.to) ? "cut"
                           : !receiver.up                   ? "down"
                           : chance(50) == 0                ? "dropped"
                                                            : nullptr;
        if (lost != nullptr) {
            line(made.text("lost", lost));
            return;
        }
        const Time arrives = now_ + 900 + chance(4'000);
        line(made.number("arrives", arrives));
        at(arrives, [this, id, message] { arrives_at(id, message); });
        if (duplicates_ && !copy_of && chance(8) == 0) send(message, id);
    }

    void arrives_at(std::uint64_t id, const Message& message) {
        Node& node = nodes_[message.to];
        if (!node.up) return;
        if (node.asleep) {
            at(now_ + 20 * ms, [this, id, message] { arrives_at(id, message); });
            return;
        }
        line(Line(now_, "arrive").number("id", id).number("to", message.to));
        if (message.term > node.term && message.what != "pre_vote") {
            node.term = message.term;
            node.vote = 0;
            if (node.role != "learner") node.role = "follower";
        }
        if (message.what == "vote" || message.what == "pre_vote")
            return takes_vote_request(message);
        if (message.what.ends_with("vote_reply")) return takes_vote(message);
        if (message.what == "append_reply") return takes_reply(message);
        takes_entries(message);
    }

    void takes_vote_request(const Message& message) {
        Node& node = nodes_[message.to];
        const bool pre = message.what == "pre_vote";
        const bool yes = message.index >= node.commit && (pre || node.vote == 0);
        if (yes && !pre) node.vote = message.from;
        Message reply{.from = message.to,
                      .to = message.from,
                      .what = message.what + "_reply",
                      .text = yes ? "yes" : "no",
                      .term = node.term};
        reply.yes = yes;
        input(message.to,
              message.what + " of " + name(message.from) + " for term " +
                  std::to_string(message.term),
              std::string(yes ? "grants" : "refuses") + (pre ? "" : ", writes its vote"));
        state(message.to);
        send(reply);
    }

    void takes_vote(const Message& message) {
        Node& node = nodes_[message.to];
        input(message.to, message.what + " of " + name(message.from) + ": " + message.text,
              "counts it");
        if (message.yes && (node.role == "candidate" || node.role == "pre_candidate")) {
            node.votes.insert(message.from);
        }
        if (node.votes.size() < 2) return;
        if (node.role == "pre_candidate") return runs(message.to);
        if (node.role == "candidate") leads(message.to);
    }

    void takes_reply(const Message& message) {
        Node& node = nodes_[message.to];
        if (node.role != "leader") return;
        std::uint64_t& match = node.match[message.from];
        match = std::max(match, message.index);
        std::vector<std::uint64_t> all{node.last};
        for (std::uint64_t id = 1; id <= 5; ++id) {
            if (id != message.to) all.push_back(node.match[id]);
        }
        std::ranges::sort(all, std::greater{});
        const std::uint64_t before = node.commit;
        node.commit = std::max(before, all[2]);
        input(message.to,
              "append_reply of " + name(message.from) + ": match " + std::to_string(message.index),
              node.commit > before ? "commit " + std::to_string(node.commit) : "");
        state(message.to);
        answers(message.to);
    }

    void takes_entries(const Message& message) {
        Node& node = nodes_[message.to];
        const bool old = message.term < node.term;
        if (!old) {
            if (node.role != "learner") node.role = "follower";
            if (message.what == "snapshot") node.snapshot = message.index;
            node.last = std::max(node.last, message.index);
            node.commit = std::max(node.commit, std::min(message.commit, node.last));
        }
        Message reply{.from = message.to,
                      .to = message.from,
                      .what = "append_reply",
                      .text = old ? "refused, term " + std::to_string(node.term)
                                  : "match " + std::to_string(node.last),
                      .term = node.term};
        reply.index = old ? 0 : node.last;
        input(message.to, message.what + " of " + name(message.from) + ": " + message.text,
              old ? "refuses: the term is over" : "writes upto " + std::to_string(node.last));
        state(message.to);
        send(reply);
    }

    void ask_all(std::uint64_t id, const std::string& what, std::uint64_t term) {
        for (std::uint64_t other = 1; other <= 5; ++other) {
            if (other == id) continue;
            Message message{.from = id, .to = other, .what = what, .text = {}, .term = term};
            message.text = "for term " + std::to_string(term) + ", log ends " +
                           std::to_string(nodes_[id].last);
            message.index = nodes_[id].last;
            send(message);
        }
    }

    void asks(std::uint64_t id) {
        Node& node = nodes_[id];
        node.role = "pre_candidate";
        node.votes.clear();
        input(id, "time: nobody leads", "asks whether it would win");
        state(id);
        ask_all(id, "pre_vote", node.term + 1);
    }

    void stands(std::uint64_t id) { asks(id); }

    void runs(std::uint64_t id) {
        Node& node = nodes_[id];
        node.role = "candidate";
        ++node.term;
        node.vote = id;
        node.votes.clear();
        input(id, "pre-votes of a majority", "stands in term " + std::to_string(node.term));
        state(id);
        ask_all(id, "vote", node.term);
    }

    void forgets(std::uint64_t id) {
        nodes_[id].term -= 1;
        nodes_[id].vote = 0;
        state(id);
    }

    /// The check of election safety.
    void looks_for_another(std::uint64_t id) {
        for (const auto& [other, node] : nodes_) {
            if (other == id || node.role != "leader" || node.term != nodes_[id].term) continue;
            const auto& [low, high] = std::minmax(other, id);
            line(Line(now_, "violation")
                     .text("check", "election safety")
                     .text("text", name(low) + " and " + name(high) + " both lead term " +
                                       std::to_string(node.term))
                     .raw("nodes", "[" + std::to_string(low) + "," + std::to_string(high) + "]"));
        }
    }

    void leads(std::uint64_t id) {
        Node& node = nodes_[id];
        node.role = "leader";
        node.votes.clear();
        node.match.clear();
        ++node.last;
        state(id);
        looks_for_another(id);
        replicates(id);
    }

    void replicates(std::uint64_t id) {
        const Node& node = nodes_[id];
        for (const auto& [other, receiver] : nodes_) {
            if (other == id) continue;
            Message message{.from = id, .to = other, .what = "append", .text = {}, .term = {}};
            const std::uint64_t match = nodes_[id].match[other];
            message.text = match == node.last
                               ? "heartbeat"
                               : std::to_string(match + 1) + ".." + std::to_string(node.last);
            message.text +=
                " of term " + std::to_string(node.term) + ", commit " + std::to_string(node.commit);
            message.term = node.term;
            message.index = node.last;
            message.commit = node.commit;
            send(message);
        }
    }

    std::uint64_t leader() const {
        std::uint64_t found = 0;
        for (const auto& [id, node] : nodes_) {
            const bool better = found == 0 || node.term > nodes_.at(found).term;
            if (node.role == "leader" && !node.asleep && better) found = id;
        }
        return found;
    }

    void heartbeats() {
        for (const auto& [id, node] : nodes_) {
            if (node.role != "leader" || node.asleep) continue;
            input(id, "time: heartbeat", "append to all");
            replicates(id);
        }
    }

    void calls() {
        const std::uint64_t op = ++ops_;
        const std::uint64_t client = 1 + op % 2;
        const std::string text = "put k" + std::to_string(op % 9) + " " + std::to_string(op);
        line(Line(now_, "call").number("client", client).number("op", op).text("text", text));
        const std::uint64_t id = leader();
        if (id == 0 || chance(40) == 0) {
            at(now_ + 9 * ms, [this, client, op, id] {
                line(Line(now_, "answer")
                         .number("client", client)
                         .number("op", op)
                         .text("outcome", id == 0 ? "refused" : "unknown")
                         .text("text", id == 0 ? "not_leader" : "timeout"));
            });
            return;
        }
        Node& node = nodes_[id];
        ++node.last;
        waiting_.push_back({client, op, node.last});
        input(id, "propose " + text, "append " + std::to_string(node.last));
        state(id);
        replicates(id);
    }

    void answers(std::uint64_t id) {
        std::erase_if(waiting_, [this, id](const Call& call) {
            if (call.index > nodes_[id].commit) return false;
            line(Line(now_, "answer")
                     .number("client", call.client)
                     .number("op", call.op)
                     .text("outcome", "ok")
                     .text("text", "at " + std::to_string(call.index)));
            return true;
        });
    }

    std::uint64_t random_;
    Time end_;
    Time now_ = 0;
    std::uint64_t sequence_ = 0;
    std::uint64_t messages_ = 0;
    std::uint64_t ops_ = 0;
    bool duplicates_ = false;
    bool ended_ = false;
    std::set<std::pair<std::uint64_t, std::uint64_t>> cuts_;
    std::map<std::pair<Time, std::uint64_t>, std::function<void()>> queue_;
    std::map<std::uint64_t, Node> nodes_;
    std::vector<Call> waiting_;
    std::string out_;
};

}  // namespace

std::string trace_story(const TraceStoryOptions& options) { return Story(options).tell(); }

}  // namespace rafted::test

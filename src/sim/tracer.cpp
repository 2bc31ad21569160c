#include "sim/tracer.hpp"

#include <nlohmann/json.hpp>
#include <variant>

#include "sim/words.hpp"

namespace rafted::sim {
namespace {

using Json = nlohmann::ordered_json;

Json line(std::int64_t at, std::string_view kind) { return {{"t", at}, {"kind", kind}}; }

/// A workload may call its operations whatever it likes, in any bytes.
std::string text_of(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string numbers_of(const core::Members& members) {
    std::string out;
    for (const core::Peer& peer : members.all()) {
        out += (out.empty() ? "" : " ");
        out += (peer.standing == Standing::voter ? "" : "+") + std::to_string(peer.id.value);
    }
    return out;
}

Json numbers_of(const std::vector<NodeId>& nodes) {
    Json numbers = Json::array();
    for (const NodeId node : nodes) numbers.push_back(node.value);
    return numbers;
}

std::string joined(const std::vector<std::string>& parts) {
    std::string out;
    for (const std::string& part : parts) out += (out.empty() ? "" : "; ") + part;
    return out;
}

/// The kinds by which the page filters.
std::string_view kind_name(const core::Message& message) {
    constexpr std::string_view names[] = {
        "append",  "reply", "vote", "vote_reply", "snapshot", "snapshot_reply", "take_over",
        "removed", "moved", "owed", "owed_reply", "quiesce",  "quiesce_reply"};
    const auto* append = std::get_if<core::AppendRequest>(&message.body);
    if (append != nullptr && append->entries.empty()) return "heartbeat";
    static_assert(std::size(names) == std::variant_size_v<decltype(message.body)>);
    return names[message.body.index()];
}

std::string_view name_of(Outcome outcome) {
    if (outcome == Outcome::ok) return "ok";
    return outcome == Outcome::no ? "refused" : "unknown";
}

}  // namespace

void Tracer::mix(std::initializer_list<std::uint64_t> numbers) {
    std::uint64_t hash = hash_ ^ static_cast<std::uint64_t>((now_ - start_).count());
    for (const std::uint64_t number : numbers) {
        hash = (hash ^ number) * 0xff51afd7ed558ccdU;
        hash ^= hash >> 32U;
    }
    hash_ = hash;
}

std::int64_t Tracer::micros(core::Time time) const {
    return std::chrono::duration_cast<std::chrono::microseconds>(time - start_).count();
}

void Tracer::head(const Head& head) {
    mix({1, head.seed, head.nodes});
    if (!sink_) return;
    const Json json{{"kind", "run"},       {"format", 1},           {"seed", head.seed},
                    {"nodes", head.nodes}, {"faults", head.faults}, {"command", head.command}};
    sink_(text_of(json));
}

void Tracer::step(NodeId node, std::span<const core::Input> inputs, const core::Effects& effects) {
    mix({2, node.value, inputs.size(), effects.send_now.size() + effects.send_after_write.size(),
         effects.append.size(), effects.committed.size()});
    if (!sink_) return;
    std::vector<std::string> words;
    for (const core::Input& input : inputs) words.push_back(word_of(input, Names::numbers));
    // Woken for a time, without anything else to take.
    if (inputs.empty()) words.push_back(word_of(core::TimePassed{}, Names::numbers));
    Json json = line(micros(now_), "step");
    json["node"] = node.value;
    json["input"] = joined(words);
    json["effects"] = joined(lines_of(effects, Names::numbers));
    sink_(text_of(json));
}

void Tracer::state(const NodeImage& node) {
    mix({3, node.id.value, node.hard.term.value, node.hard.vote.value,
         static_cast<std::uint64_t>(node.role), node.commit.value, node.log.last().value});
    if (!sink_) return;
    Json json;
    const core::Peer* self = node.members.find(node.id);
    const bool learns = self != nullptr && self->standing != Standing::voter;
    const bool plain = node.role == Role::follower && learns;
    json["role"] = !node.is_up ? "down"
                   : plain     ? "learner"
                               : std::string(rafted::name_of(node.role));
    json["term"] = node.hard.term.value;
    json["commit"] = node.commit.value;
    json["applied"] = node.applied.value;
    json["last"] = node.log.last().value;
    json["snapshot"] = node.snapshot.value;
    json["lease"] = node.has_lease;
    json["vote"] = node.hard.vote.value;
    json["members"] = numbers_of(node.members);
    std::string text = json.dump();
    if (last_state_[node.id] == text) return;
    Json whole = line(micros(now_), "state");
    whole["node"] = node.id.value;
    whole.update(json);
    last_state_[node.id] = std::move(text);
    sink_(text_of(whole));
}

void Tracer::carried(const core::Message& message, const Network::Fate& fate) {
    mix({4, message.from.value, message.to.value, message.body.index(), message.term.value,
         static_cast<std::uint64_t>(micros(fate.first)), fate.lost.size()});
    if (!sink_) return;
    const auto send = [&](core::Time arrives, std::optional<std::uint64_t> copy_of) {
        Json json = line(micros(now_), "send");
        json["id"] = ++last_message_;
        json["from"] = message.from.value;
        json["to"] = message.to.value;
        json["what"] = kind_name(message);
        json["text"] = words_without_ends(message, Names::numbers);
        if (!fate.lost.empty()) {
            json["lost"] = fate.lost;
        } else {
            json["arrives"] = micros(arrives);
        }
        if (copy_of) json["copy_of"] = *copy_of;
        sink_(text_of(json));
        return last_message_;
    };
    const std::uint64_t first = send(fate.first, {});
    if (fate.second) send(*fate.second, first);
}

void Tracer::node(NodeId node, std::string_view event, std::string_view text) {
    mix({7, node.value, event.size()});
    if (!sink_) return;
    Json json = line(micros(now_), "node");
    json["node"] = node.value;
    json["event"] = event;
    json["text"] = text;
    sink_(text_of(json));
}

void Tracer::fault(std::string_view text, std::optional<core::Time> until,
                   const std::vector<NodeId>& nodes) {
    mix({8, text.size()});
    if (!sink_) return;
    Json json = line(micros(now_), "fault");
    json["text"] = text;
    if (until) json["until"] = micros(*until);
    if (!nodes.empty()) json["nodes"] = numbers_of(nodes);
    sink_(text_of(json));
}

void Tracer::called(const Called& call, std::string_view text) {
    mix({9, call.operation, call.client});
    if (!sink_) return;
    Json json = line(micros(now_), "call");
    json["client"] = call.client;
    json["op"] = call.operation;
    json["text"] = text;
    sink_(text_of(json));
}

void Tracer::replied(const Replied& reply, unsigned client, std::string_view text) {
    mix({10, reply.operation, static_cast<std::uint64_t>(reply.outcome), reply.result});
    if (!sink_) return;
    Json json = line(micros(now_), "answer");
    json["client"] = client;
    json["op"] = reply.operation;
    json["outcome"] = name_of(reply.outcome);
    json["text"] = text;
    sink_(text_of(json));
}

void Tracer::violation(const Violation& violation) {
    mix({11});
    if (!sink_) return;
    Json json = line(micros(now_), "violation");
    json["check"] = violation.check;
    json["text"] = violation.text;
    json["nodes"] = numbers_of(violation.nodes);
    sink_(text_of(json));
}

void Tracer::end(bool ok, std::string_view text) {
    if (!sink_) return;
    Json json = line(micros(now_), "end");
    json["result"] = ok ? "ok" : "violation";
    json["text"] = text;
    sink_(text_of(json));
    // What the shutting down brings about is no part of the run.
    sink_ = nullptr;
}

}  // namespace rafted::sim

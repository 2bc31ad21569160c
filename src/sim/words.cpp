#include "sim/words.hpp"

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

#include "core/codec.hpp"

namespace rafted::sim {

using core::Entry;
using core::Message;

namespace {

bool is_printable(char c) { return c >= ' ' && c <= '~'; }

std::string term_word(Term term) { return "t" + to_string(term); }

std::string round_word(const core::Stamp& stamp) {
    return "; round " + std::to_string(stamp.round);
}

std::string list_of(const std::vector<Entry>& entries, Names names) {
    std::string out;
    for (const Entry& entry : entries) out += (out.empty() ? "" : ", ") + word_of(entry, names);
    return out;
}

struct BodyWords {
    const Message& message;
    Names names = Names::letters;

    std::string operator()(const core::AppendRequest& body) const {
        std::string out = body.entries.empty() ? "heartbeat " : "append ";
        out += term_word(message.term) + " after " + word_of(body.prev_index, body.prev_term);
        if (!body.entries.empty()) out += ": " + list_of(body.entries, names);
        return out + "; commit " + to_string(body.commit) + round_word(body.stamp);
    }
    std::string operator()(const core::AppendReply& body) const {
        const std::string term = term_word(message.term);
        const std::string round = round_word(body.stamp);
        if (body.accepted) return "stored " + to_string(body.index) + " " + term + round;
        return "refused " + to_string(body.refused_prev) + " " + term + ", may agree at " +
               word_of(body.index, body.index_term) + round;
    }
    std::string operator()(const core::VoteRequest& body) const {
        return std::string(body.pre ? "pre-vote? " : "vote? ") + term_word(message.term) +
               ", log ends " + word_of(body.last_index, body.last_term) +
               (body.handed_over ? ", handed over" : "");
    }
    std::string operator()(const core::VoteReply& body) const {
        return std::string(body.pre ? "pre-vote " : "vote ") + (body.granted ? "yes " : "no ") +
               term_word(message.term);
    }
    std::string operator()(const core::SnapshotPiece& body) const {
        return "snapshot " + term_word(message.term) + " of " +
               word_of(body.meta.index, body.meta.term) + ", bytes " + std::to_string(body.offset) +
               "+" + std::to_string(body.data.size()) + (body.last ? " last" : "") +
               round_word(body.stamp);
    }
    std::string operator()(const core::SnapshotReply& body) const {
        return "snapshot-next " + term_word(message.term) + " of " + to_string(body.index) +
               ", from byte " + std::to_string(body.next_offset) + round_word(body.stamp);
    }
    std::string operator()(const core::TimeoutNow&) const {
        return "take-over " + term_word(message.term);
    }
    std::string operator()(const core::RemovedNotice& body) const {
        return "removed " + term_word(message.term) + " by " + to_string(body.list.index) + "/" +
               to_string(body.list.term);
    }
    std::string operator()(const core::MovedNotice& body) const {
        return "moved " + term_word(message.term) + ": " + word_of(body.member, names) + " is at " +
               body.address;
    }
    std::string operator()(const core::OwedRequest& body) const {
        std::string out = "owed-request " + term_word(message.term) + ":";
        if (body.has_nothing) out += " all";
        for (const core::LogPlace& place : body.places) {
            out += " " + to_string(place.index) + "/" + to_string(place.term);
        }
        return out;
    }
    std::string operator()(const core::OwedReply& body) const {
        std::string out = "owed-reply " + term_word(message.term) + ":";
        if (!body.entries.empty()) out += " " + list_of(body.entries, names);
        if (!body.lacking.empty()) out += " lacking";
        for (const Index index : body.lacking) out += " " + to_string(index);
        return out;
    }
    std::string operator()(const core::QuiesceRequest& body) const {
        return "quiesce? " + term_word(message.term) + " at " +
               word_of(body.end.index, body.end.term) + round_word(body.stamp);
    }
    std::string operator()(const core::QuiesceReply& body) const {
        return "quiesce yes " + term_word(message.term) + round_word(body.stamp);
    }
};

std::string role_words(const core::RoleChange& change, Names names) {
    const std::string term = " in " + term_word(change.term);
    if (change.role == Role::leader) return "leads" + term;
    if (change.role == Role::removed) return "knows that it was removed";
    if (change.role == Role::pre_candidate) return "asks whether it would win" + term;
    if (change.role == Role::candidate) return "stands for election" + term;
    return (change.leader ? "follows " + word_of(change.leader, names) : "follows nobody") + term;
}

std::string hard_state_words(const core::HardState& state, Names names) {
    std::string out = term_word(state.term);
    out += state.vote ? " vote " + word_of(state.vote, names) : " no vote";
    for (const NodeId id : state.forced_out) out += " without " + word_of(id, names);
    if (state.let_go != core::LogPlace()) {
        out += " let go of " + to_string(state.let_go.index) + "/" + to_string(state.let_go.term);
    }
    return out;
}

std::string write_words(const core::Effects& effects, Names names) {
    std::string out;
    const auto add = [&out](const std::string& part) { out += (out.empty() ? "" : "; ") + part; };
    if (effects.hard_state) add(hard_state_words(*effects.hard_state, names));
    if (effects.let_go_log) add("let go of the log");
    if (effects.truncate_from) add("cut from " + to_string(*effects.truncate_from));
    if (!effects.append.empty()) add(list_of(effects.append, names));
    if (!effects.repair.empty()) add("mend " + list_of(effects.repair, names));
    for (const core::SnapshotPiece& piece : effects.snapshot_to_save) {
        add("snapshot " + to_string(piece.meta.index) + " bytes " + std::to_string(piece.offset) +
            "+" + std::to_string(piece.data.size()) + (piece.last ? " last" : ""));
    }
    return out;
}

std::string answer_words(const core::Answer& answer, Names names) {
    const std::string request = "#" + std::to_string(answer.request);
    if (!answer.error) return "answers " + request + ": done";
    std::string out = "answers " + request + ": " + std::string(name_of(*answer.error));
    if (answer.leader) out += ", leader " + word_of(answer.leader, names);
    return out;
}

struct InputWords {
    Names names;

    std::string operator()(const core::Received& input) const {
        return word_of(input.message, names);
    }
    std::string operator()(const core::Propose& input) const {
        return (input.kind == core::EntryKind::open_session ? "open session" : "propose") +
               request(input.request);
    }
    std::string operator()(const core::Read& input) const {
        return "read" + request(input.request);
    }
    std::string operator()(const core::ChangeMembers& input) const {
        constexpr std::string_view acts[] = {"add ", "promote ", "remove ", "set address of "};
        return std::string(acts[static_cast<std::size_t>(input.act)]) +
               word_of(input.peer.id, names) + request(input.request);
    }
    std::string operator()(const core::ChangeConfig& input) const {
        return "change config" + request(input.request);
    }
    std::string operator()(const core::TransferLead& input) const {
        return (input.target ? "hand the lead to " + word_of(*input.target, names)
                             : "keep the lead") +
               request(input.request);
    }
    std::string operator()(const core::ForceRemove& input) const {
        return "force out " + word_of(input.target, names) + request(input.request);
    }
    std::string operator()(const core::Persisted& input) const {
        return "written up to " + word_of(input.last, input.last_term);
    }
    std::string operator()(const core::WriteRefused&) const { return "write refused"; }
    std::string operator()(const core::SnapshotBroken& input) const {
        return "snapshot " + to_string(input.meta.index) + " does not verify";
    }
    std::string operator()(const core::SnapshotSaved& input) const {
        return "snapshot " + to_string(input.meta.index) + " saved";
    }
    std::string operator()(const core::HooksRan& input) const {
        return "hooks ran up to " + to_string(input.upto);
    }
    std::string operator()(const core::Quiesce&) const { return "nothing to do"; }
    std::string operator()(const core::Unquiesce&) const { return "nobody vouches any more"; }
    std::string operator()(const core::TimePassed&) const { return "time passes"; }

private:
    static std::string request(core::RequestId id) { return " #" + std::to_string(id); }
};

}  // namespace

std::string word_of(const core::Input& input, Names names) {
    return std::visit(InputWords{names}, input);
}

std::string word_of(NodeId id, Names names) {
    if (!id) return "-";
    if (id.value <= 26 && names == Names::letters)
        return {static_cast<char>('a' + static_cast<int>(id.value) - 1)};
    return "n" + std::to_string(id.value);
}

NodeId node_of(std::string_view word) {
    if (word.size() != 1 || word[0] < 'a' || word[0] > 'z') return {};
    return NodeId(static_cast<std::uint64_t>(word[0] - 'a') + 1);
}

std::string word_of(Index index, Term term) { return to_string(index) + "/" + to_string(term); }

std::string word_of(core::Time time) {
    if (time == core::never) return "never";
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch());
    const auto fraction = std::to_string(1000 + us.count() % 1000).substr(1);
    return std::to_string(us.count() / 1000) + (fraction == "000" ? "" : "." + fraction) + "ms";
}

std::string word_of(const core::Members& members, Names names) {
    std::string out;
    for (const core::Peer& peer : members.all()) {
        out += (out.empty() ? "" : " ") + word_of(peer.id, names);
        if (peer.standing != Standing::voter)
            out += "(" + std::string(name_of(peer.standing)) + ")";
    }
    return out.empty() ? "nobody" : out;
}

std::string word_of(const Entry& entry, Names names) {
    const std::string place = word_of(entry.index(), entry.term());
    switch (entry.kind()) {
        case core::EntryKind::founding: return place + " founding";
        case core::EntryKind::elected:
            return place + " elected(" + word_of(*core::decode_members(entry.payload()), names) +
                   ")";
        case core::EntryKind::members:
            return place + " members(" + word_of(*core::decode_members(entry.payload()), names) +
                   ")";
        case core::EntryKind::config: return place + " config";
        case core::EntryKind::open_session: return place + " session";
        case core::EntryKind::command: break;
    }
    const auto text = text_of(entry.payload());
    const bool is_short = text.size() <= 24 && std::ranges::all_of(text, is_printable);
    return place + " " + (is_short ? std::string(text) : std::to_string(text.size()) + "B");
}

std::string kind_of(const Message& message) {
    const std::string words = std::visit(BodyWords{message}, message.body);
    return words.substr(0, words.find(' '));
}

std::string words_without_ends(const Message& message, Names names) {
    return std::visit(BodyWords{message, names}, message.body);
}

std::string word_of(const Message& message, Names names) {
    return word_of(message.from, names) + "->" + word_of(message.to, names) + " " +
           words_without_ends(message, names);
}

std::vector<std::string> lines_of(const core::Effects& effects, Names names) {
    std::vector<std::string> out;
    for (const Message& message : effects.send_now)
        out.push_back("sends " + word_of(message, names));
    if (effects.has_write()) out.push_back("writes " + write_words(effects, names));
    for (const Message& message : effects.send_after_write) {
        out.push_back("then sends " + word_of(message, names));
    }
    if (effects.compact_below) {
        out.push_back("lets go of what is below " + to_string(*effects.compact_below));
    }
    if (effects.load_snapshot) {
        const auto& meta = *effects.load_snapshot;
        out.push_back("becomes snapshot " + word_of(meta.index, meta.term));
    }
    if (!effects.committed.empty()) out.push_back("applies " + list_of(effects.committed, names));
    for (const core::Accepted& accepted : effects.accepted) {
        out.push_back("accepts #" + std::to_string(accepted.request) + " at " +
                      word_of(accepted.index, accepted.term));
    }
    for (const core::ReadReady& read : effects.reads_ready) {
        out.push_back("serves read #" + std::to_string(read.request) + " at " +
                      to_string(read.index));
    }
    for (const core::Answer& answer : effects.answers) out.push_back(answer_words(answer, names));
    if (effects.role_changed) out.push_back(role_words(*effects.role_changed, names));
    if (effects.members_changed)
        out.push_back("members " + word_of(*effects.members_changed, names));
    return out;
}

}  // namespace rafted::sim

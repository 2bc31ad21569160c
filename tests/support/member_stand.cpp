#include "support/member_stand.hpp"

#include <utility>

#include "core/codec.hpp"

namespace rafted::test {

using core::Effects;
using core::Entry;
using core::Message;

namespace {

core::Start start_of(const StandSetup& setup) {
    core::Start start;
    start.self = a;
    start.seed = 42;
    start.config = setup.config;
    start.hard_state = setup.hard;
    start.restarted = setup.restarted;
    if (setup.voters.empty()) return start;
    start.entries.push_back(founding_of(setup.voters, setup.config));
    for (const Term term : setup.terms) {
        const Index index = start.entries.back().index() + 1;
        start.entries.push_back(command_at(index, term, "e" + to_string(index)));
        start.hard_state.term = std::max(start.hard_state.term, term);
    }
    return start;
}

}  // namespace

Entry founding_of(const std::vector<NodeId>& voters, const GroupConfig& config) {
    std::vector<core::Peer> peers;
    for (const NodeId id : voters) peers.push_back({id, to_string(id), Standing::voter});
    const Bytes payload = core::encode(core::Founding{core::Members(peers), config});
    return Entry::make({Term(), Index(1), core::EntryKind::founding, {}}, payload);
}

Entry command_at(Index index, Term term, std::string_view text) {
    return Entry::make({term, index, core::EntryKind::command, {}}, view_of(text));
}

std::vector<Entry> commands(Index first, Term term, std::size_t count) {
    std::vector<Entry> out;
    for (Index i = first; i < first + count; ++i) {
        out.push_back(command_at(i, term, "e" + to_string(i)));
    }
    return out;
}

core::AppendRequest append_after(Index prev, Term prev_term, std::vector<Entry> entries,
                                 Index commit) {
    return {prev, prev_term, commit, Index(), {1, core::Time()}, std::move(entries)};
}

MemberStand::MemberStand(const StandSetup& setup) : member_(start_of(setup), core::Time()) {
    member_.check();
    give(core::TimePassed{});
    forget();
}

void MemberStand::give(const core::Input& input) {
    const core::Member before = member_;
    const Effects effects = member_.step(now_, input);
    member_.check();
    member_.check_step(before);
    wake_at_ = effects.wake_at;
    effects_.push_back(effects);
    perform(effects);
    drain();
}

void MemberStand::perform(const Effects& effects) {
    said_.insert(said_.end(), effects.send_now.begin(), effects.send_now.end());
    writes_.push_back(effects);
}

void MemberStand::drain() {
    while (!writes_.empty() && !(held_ && writes_.front().has_write())) {
        const Effects done = std::move(writes_.front());
        writes_.pop_front();
        said_.insert(said_.end(), done.send_after_write.begin(), done.send_after_write.end());
        if (done.when_durable) give(*done.when_durable);
    }
}

void MemberStand::release_disk() {
    held_ = false;
    drain();
}

void MemberStand::receive(NodeId from, Term term, core::Body body) {
    give(core::Received{{from, a, term, std::move(body)}});
}

void MemberStand::pass(std::chrono::milliseconds time) {
    const core::Time end = now_ + time;
    while (wake_at_ <= end) {
        now_ = std::max(now_, wake_at_);
        give(core::TimePassed{});
    }
    now_ = end;
}

void MemberStand::time_out() {
    now_ = std::max(now_, state().election_at);
    give(core::TimePassed{});
}

void MemberStand::win(const std::vector<NodeId>& voters) {
    time_out();
    const Term term = member_.term() + 1;
    for (const NodeId id : voters) receive(id, term, core::VoteReply{true, true});
    for (const NodeId id : voters) receive(id, term, core::VoteReply{true, false});
    forget();
}

core::RequestId MemberStand::propose(std::string_view command) {
    give(core::Propose{++last_request_, core::EntryKind::command, copy_of(view_of(command)), {}});
    return last_request_;
}

core::RequestId MemberStand::read() {
    give(core::Read{++last_request_});
    return last_request_;
}

core::RequestId MemberStand::change(core::ChangeMembers::Act act, const core::Peer& peer) {
    give(core::ChangeMembers{++last_request_, act, peer});
    return last_request_;
}

void MemberStand::acknowledge(NodeId from) {
    const core::Progress& progress = leader().followers.at(from);
    const core::Stamp stamp{leader().round, now_};
    const Index index =
        progress.mode == core::Progress::Mode::replicate ? progress.next - 1 : log().last();
    receive(from, member_.term(), core::AppendReply{true, index, Term(), Index(), stamp});
}

void MemberStand::forget() {
    said_.clear();
    effects_.clear();
}

std::vector<Index> MemberStand::applied() const {
    std::vector<Index> out;
    for (const Effects& effects : effects_) {
        for (const Entry& entry : effects.committed) out.push_back(entry.index());
    }
    return out;
}

std::optional<core::Answer> MemberStand::answer(core::RequestId request) const {
    for (const Effects& effects : effects_) {
        for (const auto& answer : effects.answers) {
            if (answer.request == request) return answer;
        }
    }
    return std::nullopt;
}

std::optional<core::ReadReady> MemberStand::ready(core::RequestId request) const {
    for (const Effects& effects : effects_) {
        for (const auto& ready : effects.reads_ready) {
            if (ready.request == request) return ready;
        }
    }
    return std::nullopt;
}

std::optional<core::Accepted> MemberStand::accepted(core::RequestId request) const {
    for (const Effects& effects : effects_) {
        for (const auto& accepted : effects.accepted) {
            if (accepted.request == request) return accepted;
        }
    }
    return std::nullopt;
}

}  // namespace rafted::test

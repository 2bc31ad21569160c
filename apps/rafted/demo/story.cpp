#include "demo/story.hpp"

#include <algorithm>

namespace rafted::app::demo {

std::string Story::name(int number) const { return "node " + std::to_string(number); }

Result<void> Story::tell() {
    using Step = Result<void> (Story::*)();
    for (const Step step :
         {&Story::one_becomes_three, &Story::commands_and_queries, &Story::leader_dies,
          &Story::killed_returns, &Story::fourth_joins, &Story::lead_moves, &Story::member_leaves,
          &Story::majority_is_lost, &Story::everything_is_there}) {
        if (auto told = (this->*step)(); !told) return told;
    }
    return {};
}

Result<Status> Story::leader_status() { return cluster_.status(leading_.number); }

Result<std::size_t> Story::voters() {
    const auto status = leader_status();
    if (!status) return std::unexpected(status.error());
    return static_cast<std::size_t>(
        std::ranges::count(status->members, Standing::voter, &MemberInfo::standing));
}

Result<void> Story::await_writes(std::size_t more) {
    const std::size_t enough = writer_->count() + more;
    return cluster_.wait_until("the writer got no answers", patience,
                               [&] { return writer_->count() >= enough; });
}

Result<void> Story::one_becomes_three() {
    telling_.step("A group of one becomes three");
    const auto start = Clock::now();
    const auto first = cluster_.add(DemoCluster::Start::create);
    if (!first) return std::unexpected(first.error());
    telling_.say(name(*first) + " (process " + std::to_string(cluster_.node(1).process->pid()) +
                 ", " + cluster_.node(1).address +
                 ") made the group alone and leads it: " + text_of_ms(ms_since(start)));
    for (int i = 0; i < 2; ++i) {
        const auto begun = Clock::now();
        const auto joined = cluster_.add(DemoCluster::Start::join);
        if (!joined) return std::unexpected(joined.error());
        telling_.say(
            name(*joined) + " (process " + std::to_string(cluster_.node(*joined).process->pid()) +
            ", " + cluster_.node(*joined).address +
            ") joined, caught up and was promoted to voter: " + text_of_ms(ms_since(begun)));
    }
    const auto leading = cluster_.await_leader(Term(), patience);
    if (!leading) return std::unexpected(leading.error());
    leading_ = *leading;
    telling_.measured("three voters after " + text_of_ms(ms_since(start)));
    const auto count = voters();
    return telling_.check(count && *count == 3, "three members vote, on three disks");
}

Result<void> Story::commands_and_queries() {
    telling_.step("Commands and queries, each with its own type of answer");
    const auto queue = cluster_.group();
    if (!queue) return std::unexpected(queue.error());
    const auto start = Clock::now();
    for (const char* item : {"bread", "milk", "eggs"}) {
        const auto before = queue->command(Enqueue{item});
        if (!before) return std::unexpected(before.error());
        telling_.say("Enqueue{\"" + std::string(item) +
                     "\"} answers the length before it: " + std::to_string(*before));
        if (*before != expected_.size()) return telling_.check(false, "Enqueue counts");
        expected_.emplace_back(item);
    }
    const auto length = queue->query(Length{});
    if (!length) return std::unexpected(length.error());
    const auto taken = queue->command(Dequeue{});
    if (!taken) return std::unexpected(taken.error());
    const auto left = queue->query(Length{});
    if (!left) return std::unexpected(left.error());
    telling_.say("Length{} answers " + std::to_string(*length) + ", Dequeue{} answers " +
                 (taken->has_value() ? '"' + **taken + '"' : "none") + ", Length{} answers " +
                 std::to_string(*left));
    const double mean = ms_since(start) / 6;
    telling_.measured("6 calls, " + text_of_ms(mean) + " each");
    telling_.say("six calls took " + text_of_ms(mean) +
                 " each; a command is on a majority's disks when it is answered");
    expected_.erase(expected_.begin());
    return telling_.check(*length == 3 && *taken == "bread" && *left == 2,
                          "first in, first out, and the lengths are right");
}

Result<void> Story::leader_dies() {
    telling_.step("The leader is killed while a client keeps writing");
    auto queue = cluster_.group();
    if (!queue) return std::unexpected(queue.error());
    writer_ = std::make_unique<Writer>(std::move(*queue));
    const auto start = Clock::now();
    if (auto written = await_writes(300); !written) return written;
    const double rate = 1000.0 * static_cast<double>(writer_->count()) / ms_since(start);
    telling_.say(
        "one client writes one order after the other: " + std::to_string(writer_->count()) +
        " so far, " + std::to_string(static_cast<int>(rate)) + " per second");
    killed_ = leading_.number;
    const auto moment = Clock::now();
    cluster_.kill(killed_);
    telling_.say("SIGKILL to " + name(killed_) + ", the leader of term " +
                 to_string(leading_.term));
    const auto next = cluster_.await_leader(leading_.term, patience);
    if (!next) return std::unexpected(next.error());
    telling_.say(name(next->number) + " was elected in term " + to_string(next->term) + " after " +
                 text_of_ms(ms_since(moment)));
    leading_ = *next;
    if (auto written = await_writes(300); !written) return written;
    const double silence = writer_->longest_pause(moment);
    telling_.say("nobody answered for " + text_of_ms(silence) + "; then the client went on: " +
                 std::to_string(writer_->count()) + " orders acknowledged by now");
    telling_.measured("no answer for " + text_of_ms(silence));
    telling_.measured(std::to_string(static_cast<int>(rate)) + " commands/s before");
    return telling_.check(leading_.number != killed_ && writer_->doubts().empty(),
                          "another member leads, and no command of the client failed");
}

Result<void> Story::killed_returns() {
    telling_.step("The killed node restarts, catches up and votes");
    const auto before = leader_status();
    if (!before) return std::unexpected(before.error());
    const auto start = Clock::now();
    const NodeId id = cluster_.node(killed_).id;
    if (auto restarted = cluster_.restart(killed_); !restarted) return restarted;
    telling_.say(name(killed_) + " is back from its own directory as the same member " +
                 to_string(cluster_.node(killed_).id) + ": " + text_of_ms(ms_since(start)));
    Index applied;
    auto caught_up = cluster_.wait_until("it did not catch up", patience, [&] {
        const auto own = cluster_.status(killed_);
        const auto leader = leader_status();
        if (!own || !leader || own->applied < before->commit) return false;
        applied = own->applied;
        return own->applied + 50 >= leader->commit;
    });
    if (!caught_up) return caught_up;
    telling_.say("it has caught up at entry " + to_string(applied) +
                 " while the client went on: " + text_of_ms(ms_since(start)));
    telling_.measured("caught up after " + text_of_ms(ms_since(start)));
    const auto count = voters();
    return telling_.check(count && *count == 3 && cluster_.node(killed_).id == id,
                          "same identity, three voters, and it follows the leader");
}

Result<void> Story::fourth_joins() {
    telling_.step("A fourth node joins as a learner and is promoted");
    const auto start = Clock::now();
    const auto fourth = cluster_.add(DemoCluster::Start::join_as_learner);
    if (!fourth) return std::unexpected(fourth.error());
    const NodeId id = cluster_.node(*fourth).id;
    const double in = ms_since(start);
    const auto as_learner = voters();
    telling_.say(name(*fourth) + " has everything and counts for nothing yet: " + text_of_ms(in));
    if (auto checked = telling_.check(as_learner && *as_learner == 3, "still three voters");
        !checked) {
        return checked;
    }
    const auto queue = cluster_.group();
    if (!queue) return std::unexpected(queue.error());
    const auto asked = Clock::now();
    auto promoted = cluster_.change([&] { return queue->promote_member(id); });
    if (!promoted) return promoted;
    auto votes = cluster_.wait_until("it was not promoted", patience, [&] {
        const auto count = voters();
        return count && *count == 4;
    });
    if (!votes) return votes;
    telling_.say("promoted: it votes after " + text_of_ms(ms_since(asked)));
    telling_.measured("learner after " + text_of_ms(in));
    telling_.measured("voter " + text_of_ms(ms_since(asked)) + " later");
    return telling_.check(writer_->doubts().empty(), "four voters, and the client noticed nothing");
}

Result<void> Story::lead_moves() {
    telling_.step("The lead is moved to the node that had been killed");
    const auto queue = cluster_.group();
    if (!queue) return std::unexpected(queue.error());
    const auto start = Clock::now();
    const NodeId target = cluster_.node(killed_).id;
    auto moved = cluster_.change([&] { return queue->move_lead(target); });
    if (!moved) return moved;
    const double took = ms_since(start);
    const auto next = cluster_.await_leader(leading_.term, patience);
    if (!next) return std::unexpected(next.error());
    leading_ = *next;
    if (auto written = await_writes(100); !written) return written;
    const double silence = writer_->longest_pause(start);
    telling_.say(name(leading_.number) + " leads in term " + to_string(leading_.term) + " after " +
                 text_of_ms(took) + "; the client waited at most " + text_of_ms(silence));
    telling_.measured("moved in " + text_of_ms(took));
    telling_.measured("longest wait " + text_of_ms(silence));
    return telling_.check(leading_.number == killed_ && writer_->doubts().empty(),
                          "the lead is where it was sent: others voted for it");
}

Result<void> Story::member_leaves() {
    telling_.step("A member is removed");
    int leaver = 0;
    for (const int number : cluster_.running()) {
        if (number != leading_.number && leaver == 0) leaver = number;
    }
    const auto queue = cluster_.group();
    if (!queue) return std::unexpected(queue.error());
    const auto start = Clock::now();
    const NodeId id = cluster_.node(leaver).id;
    auto removed = cluster_.change([&] { return queue->remove_member(id); });
    if (!removed) return removed;
    const double took = ms_since(start);
    auto knows = cluster_.wait_until(name(leaver) + " was not told", patience, [&] {
        const auto own = cluster_.status(leaver);
        return own && own->role == Role::removed;
    });
    if (!knows) return knows;
    telling_.say(name(leaver) + " is out, by the word of the majority: " + text_of_ms(took) +
                 "; it was told and asks for no votes");
    cluster_.node(leaver).is_member = false;
    if (auto ended = cluster_.stop(leaver); !ended) return ended;
    if (auto written = await_writes(100); !written) return written;
    telling_.measured("removed in " + text_of_ms(took));
    const auto count = voters();
    return telling_.check(count && *count == 3 && writer_->doubts().empty(),
                          "three voters are left, and its process ended cleanly");
}

}  // namespace rafted::app::demo

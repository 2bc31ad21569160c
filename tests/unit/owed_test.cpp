// Entries whose bytes a disk has damaged: fetched from whoever has them, acknowledged by nobody
// meanwhile, and never taken for anything else ("Protocol-aware recovery", FAST 2018, table 1).
#include <gtest/gtest.h>

#include "core/codec.hpp"
#include "core/rules.hpp"
#include "support/core_cluster.hpp"
#include "support/member_stand.hpp"

namespace rafted::test {
namespace {

using core::AppendReply;
using core::AppendRequest;
using core::Entry;
using core::OwedReply;
using core::OwedRequest;
using core::VoteReply;
using core::VoteRequest;
using std::chrono::milliseconds;
using std::chrono::seconds;

Entry outline_of(const Entry& entry) {
    return Entry::outline({entry.term(), entry.index(), entry.kind(),
                           static_cast<std::uint32_t>(entry.size()), entry.checksum()});
}

/// Three members that hold four commands, all applied, and are down: entries first..first + 3.
struct Base {
    Base() : cluster({.seed = 5}) {
        cluster.set_network({true, milliseconds(1), milliseconds(5), 0, 0});
        cluster.found({a, b, c});
        cluster.run_for(seconds(5));
        first = cluster.member(cluster.leader()).state().log.last() + 1;
        for (const char* text : {"one", "two", "three", "four"}) {
            cluster.propose(cluster.leader(), text);
        }
        cluster.run_for(seconds(2));
        items = cluster.node(a).value.items();
        for (const NodeId id : {a, b, c}) cluster.crash(id);
    }
    void damage(NodeId id, Index index) {
        auto& entries = cluster.node(id).disk.entries;
        auto& entry = *std::ranges::find(entries, index, &Entry::index);
        entry = outline_of(entry);
    }
    CoreCluster cluster;
    Index first;
    std::vector<std::string> items;
};

// Three members, four entries, damaged or not: 4,096 patterns. With one good copy of each entry,
// wherever they are, all come back; else nobody leads, and all say what is lost.
TEST(Owed, AllPatternsOfDamage) {
    const Base whole;
    unsigned recovered = 0;
    unsigned refused = 0;
    for (unsigned pattern = 0; pattern < 4096; ++pattern) {
        Base base = whole;
        std::vector<Index> lost;
        for (unsigned entry = 0; entry < 4; ++entry) {
            const Index index = base.first + entry;
            const unsigned damaged = pattern >> (3 * entry) & 7U;
            if (damaged & 1U) base.damage(a, index);
            if (damaged & 2U) base.damage(b, index);
            if (damaged & 4U) base.damage(c, index);
            if (damaged == 7U) lost.push_back(index);
        }
        for (const NodeId id : {a, b, c}) base.cluster.restart(id);
        base.cluster.run_for(seconds(12));
        const NodeId leader = base.cluster.leader();
        if (lost.empty()) {
            ASSERT_TRUE(leader) << pattern;
            const auto last = base.cluster.member(leader).state().log.last();
            ASSERT_GE(last, base.first + 4) << pattern;
            for (const NodeId id : {a, b, c}) {
                ASSERT_EQ(base.cluster.node(id).value.items(), base.items) << pattern;
                ASSERT_FALSE(base.cluster.member(id).state().log.owes()) << pattern;
                for (const Entry& entry : base.cluster.node(id).disk.entries) {
                    ASSERT_TRUE(entry.is_whole()) << pattern;
                }
            }
            ASSERT_TRUE(base.cluster.history().violations().empty()) << pattern;
            ++recovered;
            continue;
        }
        ASSERT_FALSE(leader) << pattern;
        for (const NodeId id : {a, b, c}) {
            ASSERT_EQ(core::owed::lost(base.cluster.member(id).state()), lost) << pattern;
        }
        ++refused;
    }
    EXPECT_EQ(recovered, 2401U);
    EXPECT_EQ(refused, 1695U);
}

/// Entry 1 founds the group, entries 2.. are commands of term 1, and these are damaged.
core::Start start_with(std::vector<Entry> entries, std::initializer_list<std::uint64_t> damaged) {
    for (const std::uint64_t index : damaged) {
        Entry& entry = entries.at(static_cast<std::size_t>(index - 1));
        entry = outline_of(entry);
    }
    core::Start start;
    start.self = a;
    start.seed = 9;
    start.hard_state.term = Term(1);
    start.entries = std::move(entries);
    start.restarted = true;
    return start;
}
std::vector<Entry> some_entries() {
    return {founding_of({a, b, c}), command_at(Index(2), Term(1), "x"),
            command_at(Index(3), Term(1), "y"), command_at(Index(4), Term(1), "z")};
}

template <class T>
const T* said(const core::Effects& effects, NodeId to) {
    for (const auto& message : effects.send_after_write) {
        if (message.to == to && std::holds_alternative<T>(message.body)) {
            return &std::get<T>(message.body);
        }
    }
    return nullptr;
}

const core::Time at_first{};
const core::Time later = at_first + seconds(3);

TEST(Owed, NothingFromTheFirstOneOnIsAcknowledged) {
    core::Member member(start_with(some_entries(), {3}), at_first);
    EXPECT_EQ(member.state().log.whole_upto(), Index(2));
    const AppendRequest heartbeat{Index(4), Term(1), Index(4), {}, {1, later}, {}};
    auto effects = member.step(later, core::Received{{b, a, Term(2), heartbeat}});
    const auto* refusal = said<AppendReply>(effects, b);
    ASSERT_TRUE(refusal);
    EXPECT_FALSE(refusal->accepted);
    EXPECT_EQ(refusal->index, Index(2));
    EXPECT_EQ(member.state().log.committed(), Index(0));

    // The leader comes back to it: the entry is taken, and counts once it is on disk.
    const auto whole = some_entries();
    const AppendRequest append{Index(2), Term(1), Index(4), {}, {2, later}, {whole[2], whole[3]}};
    effects = member.step(later, core::Received{{b, a, Term(2), append}});
    ASSERT_EQ(effects.repair, std::vector<Entry>{whole[2]});
    ASSERT_TRUE(effects.when_durable);
    EXPECT_EQ(said<AppendReply>(effects, b)->index, Index(2));
    EXPECT_EQ(member.state().log.committed(), Index(2));
    effects = member.step(later, core::Input(*effects.when_durable));
    EXPECT_FALSE(member.state().log.owes());
    effects = member.step(later, core::Received{{b, a, Term(2), append}});
    EXPECT_TRUE(said<AppendReply>(effects, b)->accepted);
    EXPECT_EQ(said<AppendReply>(effects, b)->index, Index(4));
    EXPECT_EQ(member.state().log.committed(), Index(4));
}

TEST(Owed, WhoOwesVotesByItsWholeLogButDoesNotStand) {
    core::Member member(start_with(some_entries(), {4}), at_first);
    const auto ask = [&](Index last, Term term) {
        const auto effects =
            member.step(later, core::Received{{b, a, term, VoteRequest{last, Term(1)}}});
        const auto* reply = said<VoteReply>(effects, b);
        return reply != nullptr && reply->granted;
    };
    EXPECT_FALSE(ask(Index(3), Term(2))) << "what it has acknowledged might be lost";
    EXPECT_TRUE(ask(Index(4), Term(3)));
    for (core::Time now = later; now < later + seconds(20); now += milliseconds(100)) {
        (void)member.step(now, core::TimePassed{});
        ASSERT_FALSE(member.role() == Role::candidate || member.leads());
    }
}

TEST(Owed, OnlyTheVeryEntryIsTaken) {
    core::Member member(start_with(some_entries(), {3}), at_first);
    const auto give = [&](const Entry& entry) {
        return member.step(later, core::Received{{b, a, Term(1), OwedReply{{}, {entry}}}});
    };
    EXPECT_TRUE(give(command_at(Index(3), Term(1), "not y")).repair.empty());
    EXPECT_TRUE(give(command_at(Index(3), Term(2), "y")).repair.empty());
    EXPECT_TRUE(give(command_at(Index(2), Term(1), "x")).repair.empty());
    EXPECT_TRUE(give(command_at(Index(9), Term(1), "y")).repair.empty());
    EXPECT_EQ(give(some_entries()[2]).repair, std::vector<Entry>{some_entries()[2]});
}

TEST(Owed, AskedAgainUntilItIsThereAndWrittenAgainIfRefused) {
    core::Member member(start_with(some_entries(), {2, 4}), at_first);
    auto effects = member.step(later, core::TimePassed{});
    for (const NodeId id : {b, c}) {
        const auto* request = said<OwedRequest>(effects, id);
        ASSERT_TRUE(request);
        EXPECT_EQ(request->places,
                  (std::vector<core::LogPlace>{{Term(1), Index(2)}, {Term(1), Index(4)}}));
    }
    EXPECT_LE(effects.wake_at, later + seconds(1));
    const auto whole = some_entries();
    effects =
        member.step(later, core::Received{{b, a, Term(1), OwedReply{{Index(4)}, {whole[1]}}}});
    EXPECT_EQ(said<OwedRequest>(effects, b)->places,
              (std::vector<core::LogPlace>{{Term(1), Index(4)}}));
    EXPECT_EQ(effects.repair, std::vector<Entry>{whole[1]});
    effects = member.step(later, core::WriteRefused{});
    EXPECT_EQ(effects.repair, std::vector<Entry>{whole[1]});
    EXPECT_EQ(effects.when_durable->repaired, std::vector<Index>{Index(2)});
    (void)member.step(later, core::Input(*effects.when_durable));
    EXPECT_EQ(member.state().log.whole_upto(), Index(3));
    EXPECT_TRUE(core::owed::lost(member.state()).empty());
    (void)member.step(later, core::Received{{c, a, Term(1), OwedReply{{Index(4)}, {}}}});
    EXPECT_EQ(core::owed::lost(member.state()), std::vector<Index>{Index(4)});
}

TEST(Owed, ALaterLeadersEntriesReplaceWhatIsMissing) {
    core::Member member(start_with(some_entries(), {4}), at_first);
    const AppendRequest append{Index(3), Term(1),    Index(0),
                               {},       {1, later}, {command_at(Index(4), Term(2), "other")}};
    const auto effects = member.step(later, core::Received{{b, a, Term(2), append}});
    EXPECT_FALSE(member.state().log.owes());
    EXPECT_TRUE(effects.repair.empty());
    EXPECT_EQ(effects.truncate_from, Index(4));
    EXPECT_EQ(said<AppendReply>(effects, b)->index, Index(4));
}

TEST(Owed, AMemberListThatComesBackIsInForce) {
    auto entries = some_entries();
    entries[2] = Entry::make(
        {Term(1), Index(3), core::EntryKind::members, {}},
        core::encode(core::Members({{a, "a", Standing::voter}, {b, "b", Standing::voter}})));
    const Entry list = entries[2];
    core::Member member(start_with(entries, {3}), at_first);
    EXPECT_TRUE(member.state().members().contains(c)) << "the list before";
    EXPECT_TRUE(core::owed::lists_are_missing(member.state()));
    const auto effects = member.step(later, core::Received{{b, a, Term(1), OwedReply{{}, {list}}}});
    EXPECT_FALSE(member.state().members().contains(c));
    EXPECT_EQ(member.state().membership.current_index(), Index(3));
    ASSERT_TRUE(effects.members_changed);
    EXPECT_FALSE(effects.members_changed->contains(c));
}

TEST(Owed, LogTimeIsThatOfTheNewestEntryAlsoIfItWasMissing) {
    auto entries = some_entries();
    entries[3] = Entry::make({Term(1), Index(4), core::EntryKind::command, core::LogTime(700)},
                             view_of("z"));
    const Entry newest = entries[3];
    core::Member member(start_with(entries, {4}), at_first);
    EXPECT_EQ(member.state().log_time, core::LogTime(0));
    (void)member.step(later, core::Received{{b, a, Term(1), OwedReply{{}, {newest}}}});
    EXPECT_EQ(member.state().log_time, core::LogTime(700));
}

TEST(Owed, ALeaderThatHasCompactedItSendsItsSnapshot) {
    Base base;
    base.damage(b, base.first + 1);
    base.cluster.restart(a);
    base.cluster.restart(c);
    base.cluster.run_for(seconds(5));
    base.cluster.propose(base.cluster.leader(), "five");
    base.cluster.run_for(seconds(1));
    for (const NodeId id : {a, c}) ASSERT_TRUE(base.cluster.save_snapshot(id));
    base.cluster.restart(b);
    base.cluster.run_for(seconds(8));
    EXPECT_FALSE(base.cluster.member(b).state().log.owes());
    EXPECT_EQ(base.cluster.node(b).value.digest(), base.cluster.node(a).value.digest());
}

// Seed 5497805: what followed was cut from a log that is not there any more, and refused for ever.
TEST(Owed, AFullDiskThatRefusesToLetAnOldLogGoIsAskedAgain) {
    core::Start start;
    start.self = a;
    start.hard_state = {Term(3), b, {}, {Term(3), Index(20)}};
    start.is_log_lost = start.restarted = true;
    start.peers = {a, b, c};
    core::Time now{};
    core::Member member(start, now);
    core::SnapshotPiece piece;
    piece.meta = {Index(12), Term(2), {}, core::Members({{b, "", {}}, {a, "", {}}}), {}};
    piece.last = true;
    const auto send_snapshot = [&] {
        now += seconds(1);
        return member.step(now, core::Received{{b, a, Term(3), piece}});
    };
    EXPECT_TRUE(send_snapshot().let_go_log);
    const auto refused = member.step(now, core::WriteRefused{});
    EXPECT_FALSE(refused.truncate_from) << "the old log is still there";
    EXPECT_FALSE(refused.let_go_log) << "there is nothing in its place";
    const auto again = send_snapshot();
    EXPECT_TRUE(again.let_go_log);
    EXPECT_FALSE(again.truncate_from);
    EXPECT_EQ(again.snapshot_to_save.size(), 1U);
}

TEST(Owed, WhoHasLostItsLogLearnsThatItWasRemoved) {
    CoreCluster cluster({.seed = 5});
    cluster.set_network({true, milliseconds(1), milliseconds(5), 0, 0});
    cluster.found({a, b, c});
    cluster.run_for(seconds(5));
    const NodeId leads = cluster.leader();
    const NodeId gone = leads == c ? b : c;
    const auto start = [&] {
        core::Start lost;
        lost.self = gone;
        lost.hard_state = cluster.member(gone).state().hard;
        lost.is_log_lost = lost.restarted = true;
        lost.peers = {a, b, c};
        return lost;
    }();
    cluster.crash(gone);
    cluster.run_for(seconds(5));
    cluster.change(leads, core::ChangeMembers::Act::remove, {gone, {}, Standing::voter});
    cluster.run_for(seconds(1));
    core::Member leader = cluster.member(leads);
    core::Member member(start, cluster.now());
    for (const bool is_sent_a_snapshot : {false, true}) {
        SCOPED_TRACE(is_sent_a_snapshot);
        core::Member asking = member;
        core::Time now = cluster.now();
        if (is_sent_a_snapshot) {
            core::SnapshotPiece piece;
            piece.meta.index = Index(2);
            piece.meta.term = Term(1);
            piece.meta.members = leader.state().members();
            (void)asking.step(now, core::Received{{leads, gone, leader.term(), piece}});
            ASSERT_TRUE(asking.state().incoming);
            now += seconds(10);
        }
        const auto asked = asking.step(now, core::TimePassed{});
        const auto* request = said<OwedRequest>(asked, leads);
        ASSERT_TRUE(request);
        const auto told = leader.step(now, core::Received{{gone, leads, asking.term(), *request}});
        const auto* notice = said<core::RemovedNotice>(told, gone);
        ASSERT_TRUE(notice);
        (void)asking.step(now, core::Received{{leads, gone, leader.term(), *notice}});
        EXPECT_EQ(asking.role(), Role::removed);
    }
}

}  // namespace
}  // namespace rafted::test

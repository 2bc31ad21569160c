// core/progress.hpp and core/contact: what a leader knows of its followers, and what it concludes
// from who has answered and when.
#include <gtest/gtest.h>

#include "core/rules.hpp"
#include "support/member_stand.hpp"

namespace rafted::test {
namespace {

using core::AppendReply;
using core::AppendRequest;
using core::Progress;
using Mode = core::Progress::Mode;
using std::chrono::milliseconds;

Mode mode_of(const MemberStand& stand, NodeId id) { return stand.leader().followers.at(id).mode; }

/// An answer to the newest round, or to an older one.
AppendReply accepted(const MemberStand& stand, Index index, std::uint64_t rounds_ago = 0) {
    return {true, index, Term(), Index(), {stand.leader().round - rounds_ago, stand.now()}};
}

TEST(Progress, AProbeSendsOneMessageUntilItIsAnswered) {
    MemberStand stand;
    stand.win();
    EXPECT_EQ(mode_of(stand, b), Mode::probe);
    stand.propose("x");
    stand.propose("y");
    EXPECT_EQ(stand.newest<AppendRequest>(b), nullptr);
    stand.receive(b, Term(1), accepted(stand, Index(2)));
    EXPECT_EQ(mode_of(stand, b), Mode::replicate);
    ASSERT_NE(stand.newest<AppendRequest>(b), nullptr);
    EXPECT_EQ(stand.newest<AppendRequest>(b)->entries.size(), 2U);
}

TEST(Progress, AProbeThatGotLostIsSentAgainWithTheHeartbeat) {
    MemberStand stand;
    stand.win();
    stand.forget();
    stand.pass(milliseconds(200));
    ASSERT_NE(stand.newest<AppendRequest>(b), nullptr);
    EXPECT_EQ(stand.newest<AppendRequest>(b)->entries.size(), 1U);
}

/// A leader that has let its whole log go for a snapshot, and sends that to c.
class SnapshotStand : public MemberStand {
public:
    SnapshotStand() : MemberStand(setup()) {
        win();
        acknowledge(b);
        first = save();
        pass(milliseconds(200));
    }
    /// Commits an entry and saves a snapshot of it.
    core::SnapshotMeta save() {
        propose("x");
        acknowledge(b);
        const Index last = log().applied();
        const core::SnapshotMeta meta{last, *log().term_at(last), log().at(last).time(),
                                      state().members(), state().config()};
        give(core::SnapshotSaved{meta});
        return meta;
    }
    const core::SnapshotPiece& piece() const { return *newest<core::SnapshotPiece>(c); }
    /// c has everything up to here of the snapshot that it was sent last.
    void has_upto(std::uint64_t offset) {
        receive(c, Term(1), core::SnapshotReply{piece().meta.index, offset, piece().stamp});
    }
    static StandSetup setup() {
        StandSetup setup;
        setup.config.log_bytes_kept = 0;
        return setup;
    }
    core::SnapshotMeta first;
};

TEST(Progress, ASnapshotThatHasBegunIsBroughtToItsEnd) {
    SnapshotStand stand;
    EXPECT_EQ(stand.piece().meta, stand.first);
    stand.has_upto(40);
    EXPECT_EQ(stand.piece().offset, 40U);
    stand.save();
    stand.forget();
    stand.pass(milliseconds(1'100));
    EXPECT_EQ(stand.piece().meta, stand.first) << "the piece got lost, and goes once more";
    EXPECT_EQ(stand.piece().offset, 40U);
    stand.forget();
    stand.receive(c, Term(1), accepted(stand, stand.first.index));
    EXPECT_EQ(mode_of(stand, c), Mode::replicate) << "the log has been kept from there on";
    EXPECT_EQ(stand.newest<AppendRequest>(c)->prev_index, stand.first.index);
}

TEST(Progress, ASnapshotOfWhichNothingHasArrivedGivesWayToANewerOne) {
    SnapshotStand stand;
    const auto second = stand.save();
    stand.pass(milliseconds(1'100));
    EXPECT_EQ(stand.piece().meta, second);
}

/// The next piece that a follower wants, by what it answers.
std::uint64_t wanted_after(MemberStand& stand, const core::SnapshotPiece& piece) {
    stand.forget();
    stand.receive(b, Term(1), piece);
    return stand.newest<core::SnapshotReply>(b)->next_offset;
}

TEST(Progress, AFollowerGoesOnWithTheSameBytesAndBeginsAnewWithOthers) {
    MemberStand stand;
    core::SnapshotPiece piece;
    piece.meta.index = Index(9);
    piece.meta.term = Term(1);
    piece.meta.members = stand.state().members();
    piece.checksum = 1;
    piece.data = copy_of(view_of("first"));
    EXPECT_EQ(wanted_after(stand, piece), 5U);
    piece.offset = 5;
    piece.checksum = 2;
    EXPECT_EQ(wanted_after(stand, piece), 0U) << "the same entry, in another member's bytes";
    piece.offset = 0;
    EXPECT_EQ(wanted_after(stand, piece), 5U);
    piece.offset = 5;
    EXPECT_EQ(wanted_after(stand, piece), 10U);
}

TEST(Progress, WhatCannotBeReadAnyMoreGivesWayToTheNewest) {
    SnapshotStand stand;
    stand.has_upto(40);
    stand.give(core::SnapshotBroken{stand.first});
    stand.pass(milliseconds(1'100));
    EXPECT_EQ(stand.piece().offset, 40U) << "there is no newer one";
    const auto second = stand.save();
    stand.give(core::SnapshotBroken{stand.first});
    EXPECT_EQ(stand.piece().meta, second);
    EXPECT_EQ(stand.piece().offset, 0U);
}

TEST(Progress, NoLogIsKeptForWhoIsSilent) {
    SnapshotStand stand;
    stand.has_upto(40);
    for (int i = 0; i < 30; ++i) {
        stand.pass(milliseconds(100));
        stand.acknowledge(b);
    }
    stand.propose("y");
    const auto second = stand.save();
    EXPECT_EQ(stand.log().first(), second.index);
}

TEST(Progress, ReplicationDoesNotWaitForAnswers) {
    MemberStand stand;
    stand.win();
    stand.acknowledge(b);
    stand.forget();
    for (int i = 0; i < 5; ++i) stand.propose("x");
    std::size_t appends = 0;
    for (const auto& message : stand.said()) {
        const auto* request = std::get_if<AppendRequest>(&message.body);
        if (message.to == b && request != nullptr) appends += request->entries.size();
    }
    EXPECT_EQ(appends, 5U);
}

TEST(Progress, TheWindowIsBoundedInBytes) {
    GroupConfig config;
    config.max_inflight_bytes = 1000;
    config.max_append_bytes = 300;
    MemberStand stand({.config = config});
    stand.win();
    stand.acknowledge(b);
    for (int i = 0; i < 50; ++i) stand.propose(std::string(60, 'x'));
    const Progress& progress = stand.leader().followers.at(b);
    const auto under_way = [&] {
        return stand.log().bytes_between(progress.match, progress.next - 1);
    };
    EXPECT_GE(under_way(), 1000U);
    EXPECT_LT(under_way(), 1300U);
    while (progress.match < stand.log().last()) {
        stand.receive(b, Term(1), accepted(stand, progress.match + 1));
        EXPECT_LT(under_way(), 1300U);
    }
}

/// A leader of three with 200 committed entries of a kilobyte that c lacks, and who is asked once.
struct FarBehind {
    FarBehind() {
        GroupConfig config;
        config.max_inflight_bytes = 100'000;
        config.max_append_bytes = 10'000;
        stand.emplace(StandSetup{.config = config});
        stand->win();
        stand->acknowledge(b);
        for (int i = 0; i < 200; ++i) {
            stand->propose(std::string(1'000, 'x'));
            stand->acknowledge(b);
        }
        EXPECT_EQ(stand->log().committed(), stand->log().last());
    }
    const Progress& c_is() const { return stand->leader().followers.at(c); }
    std::uint64_t under_way() const {
        return stand->log().bytes_between(c_is().match, c_is().next - 1);
    }
    /// c takes the place that was asked for and all up to there, as long after it was sent.
    void answer_after(milliseconds time) {
        const AppendReply agreed = accepted(*stand, Index(1));
        stand->pass(time);
        stand->receive(c, Term(1), agreed);
    }
    std::optional<MemberStand> stand;
};

TEST(Progress, WhoLacksMuchThatIsCommittedGetsWhatItsDiskTakesInAtATime) {
    FarBehind near;
    near.answer_after(milliseconds(0));
    EXPECT_GE(near.under_way(), 10'000U) << "one append at least";
    EXPECT_LT(near.under_way(), 20'000U);

    FarBehind far;
    far.answer_after(milliseconds(50));
    EXPECT_GE(far.under_way(), 100'000U) << "256 MiB a second for 50 ms is more than the window";

    while (near.c_is().match + 50 < near.stand->log().last()) {
        near.stand->receive(c, Term(1), accepted(*near.stand, near.c_is().match + 5));
    }
    EXPECT_GE(near.under_way() + 20'000,
              near.stand->log().bytes_between(near.c_is().match, near.stand->log().last()))
        << "who lacks less than a window gets all of it";
}

TEST(Progress, AnAnswerThatClaimsMoreThanTheLogHasIsIgnored) {
    MemberStand stand;
    stand.win();
    stand.receive(b, Term(1), accepted(stand, Index(99)));
    EXPECT_EQ(stand.leader().followers.at(b).match, Index(0));
    EXPECT_EQ(stand.log().committed(), Index(0));
}

TEST(Progress, AnAnswerFromARoundThatWasNeverSentIsIgnored) {
    MemberStand stand;
    stand.win();
    stand.receive(b, Term(1), AppendReply{true, Index(2), {}, {}, {77, stand.now()}});
    stand.receive(b, Term(1), AppendReply{true, Index(2), {}, {}, {0, stand.now()}});
    EXPECT_FALSE(stand.leader().followers.at(b).answered);
    EXPECT_EQ(stand.log().committed(), Index(0));
}

TEST(Progress, AnswersOfStrangersAreIgnored) {
    MemberStand stand;
    stand.win();
    stand.receive(e, Term(1), accepted(stand, Index(2)));
    stand.receive(e, Term(9), AppendReply{});
    EXPECT_EQ(stand.member().role(), Role::leader);
    EXPECT_EQ(stand.log().committed(), Index(0));
}

TEST(Contact, TimeCountsFromTheSendingOfWhatAMajorityAnswered) {
    MemberStand stand({.voters = {a, b, c, d, e}});
    stand.win({b, c});
    const auto elected_at = stand.now();
    const auto heard = [&] {
        return core::contact::majority_heard(stand.state(), stand.leader(), stand.now());
    };
    EXPECT_EQ(heard(), elected_at);
    stand.pass(milliseconds(200));
    const core::Stamp stamp{stand.leader().round, stand.now()};
    const auto sent_at = stand.now();
    stand.pass(milliseconds(150));
    stand.receive(b, Term(1), AppendReply{true, Index(2), {}, {}, stamp});
    EXPECT_EQ(heard(), elected_at);
    stand.receive(c, Term(1), AppendReply{true, Index(2), {}, {}, stamp});
    EXPECT_EQ(heard(), sent_at);
}

TEST(Contact, ARefusalIsAnAnswerToo) {
    MemberStand stand({.terms = {Term(1), Term(1)}});
    stand.win();
    const core::Stamp stamp{stand.leader().round, stand.now()};
    stand.receive(b, stand.member().term(), AppendReply{false, Index(1), Term(0), Index(3), stamp});
    EXPECT_TRUE(stand.leader().followers.at(b).answered);
    EXPECT_EQ(core::contact::majority_round(stand.state(), stand.leader()), stamp.round);
}

TEST(Contact, UnresponsiveAfterTwoElectionTimeoutsAndBeforeTheFirstAnswer) {
    MemberStand stand;
    stand.win();
    EXPECT_EQ(stand.member().unresponsive(stand.now()), (std::vector{b, c}));
    stand.acknowledge(b);
    EXPECT_EQ(stand.member().unresponsive(stand.now()), std::vector{c});
    EXPECT_EQ(stand.member().unresponsive(stand.now() + milliseconds(1999)), std::vector{c});
    EXPECT_EQ(stand.member().unresponsive(stand.now() + milliseconds(2000)), (std::vector{b, c}));
}

TEST(Contact, TheLeaseEndsByTheMarginBeforeTheElectionTimeout) {
    GroupConfig config;
    config.clock_drift_margin = milliseconds(250);
    MemberStand stand({.config = config});
    stand.win();
    EXPECT_FALSE(stand.member().has_lease(stand.now()));
    const auto sent_at = stand.now();
    stand.acknowledge(b);
    EXPECT_TRUE(stand.member().has_lease(sent_at + milliseconds(749)));
    EXPECT_FALSE(stand.member().has_lease(sent_at + milliseconds(750)));
}

TEST(Contact, WithoutAMarginLeasesAreOff) {
    MemberStand stand;
    stand.win();
    stand.acknowledge(b);
    stand.acknowledge(c);
    EXPECT_FALSE(stand.member().has_lease(stand.now()));
}

TEST(Contact, AChangeOfTheElectionTimeoutOpensNoGap) {
    GroupConfig config;
    config.clock_drift_margin = milliseconds(250);
    MemberStand stand({.config = config});
    stand.win();
    stand.acknowledge(b);
    GroupConfig longer = config;
    longer.election_timeout = milliseconds(3000);
    stand.give(core::ChangeConfig{50, longer});
    // Until the followers are known to have it, the shorter one counts for the lease.
    EXPECT_FALSE(stand.member().has_lease(stand.now() + milliseconds(750)));
    // And the longer one counts for refusing votes from the moment it is stored, also for what was
    // heard before.
    core::State state = stand.state();
    state.heard_at = stand.now();
    EXPECT_EQ(state.refuses_votes_until(), stand.now() + milliseconds(3000));
}

}  // namespace
}  // namespace rafted::test

// core/log.hpp: pointers, truncation, bytes, what is given out to be written, compaction, restore.
#include <gtest/gtest.h>

#include <limits>

#include "core/log.hpp"
#include "support/member_stand.hpp"

namespace rafted::test {
namespace {

using core::Entry;
using core::Log;

/// Entries 1, 2... of these terms, all on disk.
Log log_of(const std::vector<std::uint64_t>& terms) {
    std::vector<Entry> entries;
    for (std::uint64_t i = 0; i < terms.size(); ++i) {
        entries.push_back(command_at(Index(i + 1), Term(terms[i]), "x"));
    }
    return {Index(), Term(), std::move(entries)};
}

std::vector<Entry> committed_of(Log& log) {
    std::vector<Entry> committed;
    log.take_committed(committed);
    return committed;
}

/// The log's chain of pointers, as one row.
std::vector<std::uint64_t> row(const Log& log) {
    return {log.first().value,     log.snapshot().value, log.applied().value,
            log.committed().value, log.stable().value,   log.last().value};
}
using Row = std::vector<std::uint64_t>;

TEST(Log, AnEmptyLogBeginsAtOne) {
    const Log log;
    EXPECT_EQ(row(log), (Row{1, 0, 0, 0, 0, 0}));
    EXPECT_EQ(log.term_at(Index(0)), Term(0));
    EXPECT_FALSE(log.term_at(Index(1)));
    EXPECT_EQ(log.bytes(), 0U);
}

TEST(Log, WhatIsRecoveredIsStableAndNotCommitted) {
    EXPECT_EQ(row(log_of({1, 1, 2})), (Row{1, 0, 0, 0, 3, 3}));
}

TEST(Log, RecoveryWithASnapshotInsideTheLog) {
    const Log log(Index(3), Term(2), commands(Index(2), Term(2), 4));
    // The oldest kept entry only tells its term.
    EXPECT_EQ(row(log), (Row{3, 3, 3, 3, 5, 5}));
    EXPECT_EQ(log.term_at(Index(2)), Term(2));
    EXPECT_FALSE(log.term_at(Index(1)));
}

TEST(Log, RecoveryWithALogThatEndsBeforeTheSnapshot) {
    const Log log(Index(9), Term(3), commands(Index(2), Term(2), 4));
    EXPECT_EQ(row(log), (Row{10, 9, 9, 9, 9, 9}));
    EXPECT_EQ(log.term_at(Index(9)), Term(3));
}

TEST(Log, AppendedEntriesAreGivenOutToBeWrittenOnce) {
    Log log = log_of({1});
    log.append(command_at(Index(2), Term(1), "y"));
    auto unwritten = log.take_unwritten();
    EXPECT_FALSE(unwritten.truncate_from);
    ASSERT_EQ(unwritten.append.size(), 1U);
    EXPECT_TRUE(log.take_unwritten().append.empty());
    EXPECT_EQ(log.stable(), Index(1));
    log.stable_to(Index(2), Term(1));
    EXPECT_EQ(log.stable(), Index(2));
}

TEST(Log, TruncationIsTakenBackFromTheDiskToo) {
    Log log = log_of({1, 1, 1});
    log.truncate_from(Index(2));
    log.append(command_at(Index(2), Term(2), "y"));
    EXPECT_EQ(log.stable(), Index(1));
    const auto unwritten = log.take_unwritten();
    EXPECT_EQ(unwritten.truncate_from, Index(2));
    EXPECT_EQ(unwritten.append.size(), 1U);
}

TEST(Log, TruncatingWhatWasNeverWrittenTellsTheDiskNothing) {
    Log log = log_of({1});
    log.append(command_at(Index(2), Term(1), "y"));
    log.truncate_from(Index(2));
    const auto unwritten = log.take_unwritten();
    EXPECT_FALSE(unwritten.truncate_from);
    EXPECT_TRUE(unwritten.append.empty());
}

TEST(Log, ALateWriteOfATruncatedEntryMakesNothingStable) {
    Log log = log_of({1});
    log.append(command_at(Index(2), Term(1), "old"));
    (void)log.take_unwritten();
    log.truncate_from(Index(2));
    log.append(command_at(Index(2), Term(2), "new"));
    (void)log.take_unwritten();
    log.stable_to(Index(2), Term(1));
    EXPECT_EQ(log.stable(), Index(1));
    log.stable_to(Index(2), Term(2));
    EXPECT_EQ(log.stable(), Index(2));
}

TEST(Log, WhatWasRefusedIsGivenOutAgain) {
    Log log = log_of({1});
    log.append(command_at(Index(2), Term(1), "y"));
    log.append(command_at(Index(3), Term(1), "z"));
    (void)log.take_unwritten();
    log.stable_to(Index(2), Term(1));
    log.unwrite();
    const auto again = log.take_unwritten();
    EXPECT_EQ(again.truncate_from, Index(3));
    ASSERT_EQ(again.append.size(), 1U);
    EXPECT_EQ(again.append.front().index(), Index(3));
}

TEST(Log, CommittedEntriesAreHandedOutOnceInOrder) {
    Log log = log_of({1, 1, 1});
    log.commit_to(Index(2));
    EXPECT_EQ(committed_of(log).size(), 2U);
    log.commit_to(Index(1));
    EXPECT_EQ(log.committed(), Index(2));
    log.commit_to(Index(3));
    const auto last = committed_of(log);
    ASSERT_EQ(last.size(), 1U);
    EXPECT_EQ(last.front().index(), Index(3));
    EXPECT_EQ(log.applied(), Index(3));
}

TEST(LogDeath, BrokenCallsStopTheProcess) {
    Log log = log_of({1, 1});
    log.commit_to(Index(1));
    EXPECT_DEATH(log.truncate_from(Index(1)), "committed entry would be truncated");
    EXPECT_DEATH(log.commit_to(Index(3)), "not here would be committed");
    EXPECT_DEATH(log.append(command_at(Index(5), Term(1), "gap")), "does not follow");
    EXPECT_DEATH((void)log.at(Index(9)), "does not hold");
}

// Every (from, limit) against a slow and obvious cut.
TEST(Log, SlicesHoldAtLeastOneEntryAndNoMoreThanTheBytes) {
    std::vector<Entry> entries;
    for (std::uint64_t i = 1; i <= 8; ++i) {
        entries.push_back(command_at(Index(i), Term(1), std::string(i * 7 % 5 * 10, 'x')));
    }
    const Log log(Index(), Term(), entries);
    for (std::uint64_t from = 1; from <= 9; ++from) {
        for (std::uint64_t limit = 0; limit <= log.bytes() + 1; limit += 13) {
            std::vector<Entry> expected;
            std::uint64_t sum = 0;
            for (std::uint64_t i = from; i <= 8; ++i) {
                sum += entries[i - 1].size();
                if (sum > limit && !expected.empty()) break;
                expected.push_back(entries[i - 1]);
            }
            EXPECT_EQ(log.slice(Index(from), limit), expected) << from << " " << limit;
        }
        for (std::uint64_t upto = from; upto <= 8; ++upto) {
            std::uint64_t sum = 0;
            for (std::uint64_t i = from; i <= upto; ++i) sum += entries[i - 1].size();
            EXPECT_EQ(log.bytes_between(Index(from - 1), Index(upto)), sum);
        }
    }
}

TEST(Log, WhereTwoLogsMayAgree) {
    const Log log = log_of({1, 1, 3, 3, 5});
    const std::uint64_t expected[6][7] = {
        // term 0  1  2  3  4  5  6     from
        {0, 0, 0, 0, 0, 0, 0},  // 0
        {0, 1, 1, 1, 1, 1, 1},  // 1
        {0, 2, 2, 2, 2, 2, 2},  // 2
        {0, 2, 2, 3, 3, 3, 3},  // 3
        {0, 2, 2, 4, 4, 4, 4},  // 4
        {0, 2, 2, 4, 4, 5, 5},  // 5
    };
    for (std::uint64_t from = 0; from < 6; ++from) {
        for (std::uint64_t term = 0; term < 7; ++term) {
            EXPECT_EQ(log.newest_with_term_upto(Index(from), Term(term)).value,
                      expected[from][term])
                << from << " " << term;
        }
    }
    EXPECT_EQ(log.newest_with_term_upto(Index(99), Term(9)), Index(5));
}

TEST(Log, CompactionKeepsWhatLaggardsNeed) {
    Log log = log_of({1, 1, 1, 2, 2});
    log.commit_to(Index(4));
    (void)committed_of(log);
    log.compact(Index(4), Term(2), Index(3));
    EXPECT_EQ(row(log), (Row{3, 4, 4, 4, 5, 5}));
    EXPECT_EQ(log.term_at(Index(2)), Term(1));
    EXPECT_FALSE(log.term_at(Index(1)));
    // An older snapshot changes nothing.
    log.compact(Index(3), Term(1), Index(4));
    EXPECT_EQ(row(log), (Row{3, 4, 4, 4, 5, 5}));
}

TEST(Log, CompactionKeepsWhatTheDiskHasNotTaken) {
    Log log = log_of({1});
    log.append(command_at(Index(2), Term(1), "y"));
    log.append(command_at(Index(3), Term(1), "z"));
    (void)log.take_unwritten();
    log.commit_to(Index(3));
    (void)committed_of(log);
    log.compact(Index(3), Term(1), Index(4));
    EXPECT_EQ(log.first(), Index(2));
    log.check();
}

TEST(Log, BytesAreRightAfterCompaction) {
    Log log = log_of({1, 1, 1, 1});
    const std::uint64_t one = log.at(Index(1)).size();
    log.commit_to(Index(3));
    (void)committed_of(log);
    log.compact(Index(3), Term(1), Index(3));
    EXPECT_EQ(log.bytes(), 2 * one);
    EXPECT_EQ(log.bytes_between(Index(3), Index(4)), one);
    EXPECT_EQ(log.slice(Index(3), std::numeric_limits<std::uint64_t>::max() / 2).size(), 2U);
}

TEST(Log, HowMuchToKeep) {
    const Log log = log_of({1, 1, 1, 1, 1, 1});
    const std::uint64_t one = log.at(Index(1)).size();
    EXPECT_EQ(log.index_keeping(100 * one, Index(6)), Index(0));
    for (std::uint64_t keep = 0; keep < 5; ++keep) {
        const Index index = log.index_keeping(keep * one, Index(6));
        EXPECT_EQ(index.value, 5 - keep);
        EXPECT_GT(log.bytes_between(index, Index(6)), keep * one - (keep > 0 ? 1 : 0));
    }
}

TEST(Log, ASnapshotThatTheLogHoldsKeepsWhatFollows) {
    Log log = log_of({1, 1, 2, 2});
    log.restore(Index(3), Term(2));
    EXPECT_EQ(row(log), (Row{4, 3, 3, 3, 4, 4}));
}

TEST(Log, ASnapshotThatTheLogDoesNotHoldReplacesIt) {
    for (const auto& terms : {std::vector<std::uint64_t>{1, 1, 1, 1}, {1}, {}}) {
        Log log = log_of(terms);
        log.restore(Index(3), Term(2));
        EXPECT_EQ(row(log), (Row{4, 3, 3, 3, 3, 3}));
        EXPECT_EQ(log.last_term(), Term(2));
        log.append(command_at(Index(4), Term(2), "on"));
        log.check();
    }
}

}  // namespace
}  // namespace rafted::test

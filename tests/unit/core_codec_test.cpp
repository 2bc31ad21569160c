// core/codec.hpp and core/entry.hpp: round trips of everything that travels or is stored, and
// refusal of everything that was cut short, lengthened or changed.
#include <gtest/gtest.h>

#include "core/codec.hpp"
#include "support/member_stand.hpp"

namespace rafted::test {
namespace {

using core::Body;
using core::Entry;
using core::Message;

core::Members some_members() {
    return core::Members({{a, "one:1", Standing::voter},
                          {b, "", Standing::joining},
                          {c, "[::1]:7", Standing::learner}});
}

core::SnapshotMeta some_meta() {
    GroupConfig config;
    config.clock_drift_margin = std::chrono::milliseconds(300);
    config.log_file_expansion_factor = 2.5;
    return {Index(77), Term(5), core::LogTime(123456), some_members(), config};
}

/// One message of each kind, with every field set.
std::vector<Message> some_messages() {
    const core::Stamp stamp{9, core::Time(core::Duration(-17))};
    const std::vector<Body> bodies = {
        core::AppendRequest{Index(3), Term(2), Index(1), Index(1), stamp, {}},
        core::AppendRequest{Index(3), Term(2), Index(1), Index(1), stamp,
                            commands(Index(4), Term(2), 3)},
        core::AppendReply{true, Index(8), Term(), Index(), stamp},
        core::AppendReply{false, Index(8), Term(2), Index(12), stamp},
        core::VoteRequest{Index(3), Term(2), true, false},
        core::VoteRequest{Index(3), Term(2), false, true},
        core::VoteReply{true, false},
        core::VoteReply{false, true},
        core::SnapshotPiece{some_meta(), 4096, copy_of(view_of("bytes")), true, stamp, 0xabcdef},
        core::SnapshotReply{Index(77), 8192, stamp},
        core::TimeoutNow{},
        core::RemovedNotice{{Term(3), Index(12)}},
        core::MovedNotice{NodeId(3), "10.0.0.3:7001"},
        core::QuiesceRequest{{Term(6), Index(12)}, Index(11), stamp},
        core::QuiesceReply{stamp},
    };
    std::vector<Message> messages;
    for (const Body& body : bodies) messages.push_back({a, b, Term(6), body});
    return messages;
}

std::shared_ptr<const Bytes> flat(const Message& message) {
    const auto encoded = core::encode(message);
    Bytes bytes = encoded.head;
    for (const Entry& block : encoded.blocks) {
        bytes.insert(bytes.end(), block.block().begin(), block.block().end());
    }
    EXPECT_EQ(bytes.size(), encoded.size());
    return std::make_shared<const Bytes>(std::move(bytes));
}

std::optional<Message> decoded(const std::shared_ptr<const Bytes>& bytes, std::size_t size) {
    return core::decode_message(bytes, BytesView(*bytes).first(size));
}

TEST(CoreCodec, EveryMessageComesBackEqual) {
    for (const Message& message : some_messages()) {
        const auto bytes = flat(message);
        const auto back = decoded(bytes, bytes->size());
        ASSERT_TRUE(back) << message.body.index();
        EXPECT_EQ(*back, message) << message.body.index();
    }
}

TEST(CoreCodec, AMessageCutAtAnyByteIsRefused) {
    for (const Message& message : some_messages()) {
        const auto bytes = flat(message);
        for (std::size_t size = 0; size < bytes->size(); ++size) {
            EXPECT_FALSE(decoded(bytes, size)) << message.body.index() << " at " << size;
        }
    }
}

TEST(CoreCodec, AMessageWithMoreBehindItIsRefused) {
    for (const Message& message : some_messages()) {
        Bytes longer = *flat(message);
        longer.push_back(std::byte{0});
        const auto bytes = std::make_shared<const Bytes>(std::move(longer));
        EXPECT_FALSE(decoded(bytes, bytes->size())) << message.body.index();
    }
}

TEST(CoreCodec, UnknownKindsFlagsAndCountsAreRefused) {
    constexpr std::size_t kind_at = 24;
    for (const Message& message : some_messages()) {
        Bytes wrong = *flat(message);
        wrong[kind_at] = std::byte{200};
        const auto bytes = std::make_shared<const Bytes>(wrong);
        EXPECT_FALSE(decoded(bytes, bytes->size()));
    }
    Bytes flag = *flat({a, b, Term(1), core::VoteReply{true, true}});
    flag[kind_at + 1] = std::byte{2};
    EXPECT_FALSE(decoded(std::make_shared<const Bytes>(flag), flag.size()));
    // A count of entries that cannot be there costs no memory.
    Bytes count = *flat({a, b, Term(1), core::AppendRequest{}});
    for (std::size_t i = count.size() - 4; i < count.size(); ++i) count[i] = std::byte{0xff};
    EXPECT_FALSE(decoded(std::make_shared<const Bytes>(count), count.size()));
}

TEST(CoreCodec, ASnapshotWhoseIndexLeavesNoRoomForCountingIsRefused) {
    for (const auto& [index, is_taken] :
         {std::pair(core::max_index, true), std::pair(core::max_index + 1, false),
          std::pair(Index(UINT64_MAX), false)}) {
        core::SnapshotMeta meta;
        meta.index = index;
        Writer out;
        core::encode(out, meta);
        Reader in(out.view());
        core::decode_snapshot_meta(in);
        EXPECT_EQ(in.complete(), is_taken) << to_string(index);
    }
}

TEST(CoreCodec, EntriesThatDoNotFollowEachOtherAreRefused) {
    const std::vector<Entry> gap = {command_at(Index(4), Term(1), "x"),
                                    command_at(Index(6), Term(1), "y")};
    const std::vector<Entry> early = {command_at(Index(9), Term(1), "x")};
    for (const auto& entries : {gap, early}) {
        core::AppendRequest request = append_after(Index(3), Term(1), entries);
        const auto bytes = flat({a, b, Term(1), request});
        EXPECT_FALSE(decoded(bytes, bytes->size()));
    }
}

TEST(CoreCodec, EntriesOfAMessageKeepItsBytesAlive) {
    Entry entry;
    {
        const auto bytes = flat(some_messages()[1]);
        entry = std::get<core::AppendRequest>(decoded(bytes, bytes->size())->body).entries[1];
    }
    EXPECT_EQ(text_of(entry.payload()), "e5");
}

template <class T, class Decode>
void expect_round_trip(const T& value, Decode decode) {
    Writer out;
    core::encode(out, value);
    const Bytes bytes = out.take();
    Reader whole(bytes);
    EXPECT_EQ(decode(whole), value);
    EXPECT_TRUE(whole.complete());
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        Reader cut(BytesView(bytes).first(size));
        (void)decode(cut);
        EXPECT_TRUE(cut.failed()) << size;
    }
}

TEST(CoreCodec, HardStates) {
    expect_round_trip(core::HardState{}, core::decode_hard_state);
    expect_round_trip(core::HardState{Term(7), b, {c, d}}, core::decode_hard_state);
    expect_round_trip(core::LogPlace{Term(7), Index(9)}, core::decode_log_place);
}

TEST(CoreCodec, SnapshotMetas) {
    expect_round_trip(core::SnapshotMeta{}, core::decode_snapshot_meta);
    expect_round_trip(some_meta(), core::decode_snapshot_meta);
}

TEST(CoreCodec, Configs) {
    expect_round_trip(GroupConfig{}, core::decode_group_config);
    expect_round_trip(some_meta().config, core::decode_group_config);
}

TEST(CoreCodec, AConfigThatMakesNoSenseIsRefused) {
    GroupConfig config;
    config.heartbeat_interval = config.election_timeout;
    EXPECT_FALSE(core::decode_config(core::encode(config)));
}

TEST(CoreCodec, PayloadsOfEntries) {
    const core::Founding founding{some_members(), some_meta().config};
    EXPECT_EQ(core::decode_founding(core::encode(founding)), founding);
    EXPECT_EQ(core::decode_members(core::encode(some_members())), some_members());
    EXPECT_EQ(core::decode_config(core::encode(GroupConfig{})), GroupConfig{});
    EXPECT_FALSE(core::decode_founding({}));
    EXPECT_FALSE(core::decode_members({}));
    EXPECT_FALSE(core::decode_config({}));
}

TEST(CoreCodec, MembersOutOfOrderDoubledOrNobodyAreRefused) {
    const auto refused = [](const std::vector<std::uint64_t>& ids, std::uint8_t standing) {
        Writer out;
        out.number(static_cast<std::uint32_t>(ids.size()));
        for (const auto id : ids) {
            out.number(id);
            out.number(standing);
            out.text("");
        }
        return !core::decode_members(out.view()).has_value();
    };
    EXPECT_FALSE(refused({1, 2}, 0));
    EXPECT_TRUE(refused({2, 1}, 0));
    EXPECT_TRUE(refused({1, 1}, 0));
    EXPECT_TRUE(refused({0}, 0));
    EXPECT_TRUE(refused({1}, 3));
}

TEST(Entry, CarriesWhatItWasMadeOf) {
    const Entry entry = Entry::make(
        {Term(3), Index(9), core::EntryKind::open_session, core::LogTime(55)}, view_of("payload"));
    EXPECT_EQ(entry.term(), Term(3));
    EXPECT_EQ(entry.index(), Index(9));
    EXPECT_EQ(entry.kind(), core::EntryKind::open_session);
    EXPECT_EQ(entry.time(), core::LogTime(55));
    EXPECT_EQ(text_of(entry.payload()), "payload");
    EXPECT_EQ(entry.size(), Entry::header_bytes + 7);
}

TEST(Entry, EveryChangedByteIsNoticed) {
    const Entry entry = command_at(Index(9), Term(3), "payload");
    const Bytes good = copy_of(entry.block());
    for (std::size_t at = 0; at < good.size(); ++at) {
        for (const int bit : {0, 3, 7}) {
            auto bytes = std::make_shared<Bytes>(good);
            (*bytes)[at] ^= std::byte(1U << static_cast<unsigned>(bit));
            EXPECT_FALSE(Entry::decode(bytes, *bytes)) << at;
        }
    }
}

TEST(Entry, EveryShorterBlockIsRefusedAndWhatFollowsIsLeft) {
    const Entry entry = command_at(Index(9), Term(3), "payload");
    auto bytes = std::make_shared<Bytes>(copy_of(entry.block()));
    bytes->push_back(std::byte{9});
    for (std::size_t size = 0; size < entry.size(); ++size) {
        EXPECT_FALSE(Entry::decode(bytes, BytesView(*bytes).first(size))) << size;
    }
    const auto back = Entry::decode(bytes, *bytes);
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, entry);
}

TEST(Digest, EqualMembersHaveEqualDigestsAndASingleStepTells) {
    MemberStand one;
    MemberStand other;
    EXPECT_EQ(one.member().digest(), other.member().digest());
    EXPECT_EQ(one.member(), other.member());
    one.win();
    EXPECT_NE(one.member().digest(), other.member().digest());
    other.win();
    EXPECT_EQ(one.member().digest(), other.member().digest());
    one.propose("x");
    EXPECT_NE(one.member().digest(), other.member().digest());
}

}  // namespace
}  // namespace rafted::test

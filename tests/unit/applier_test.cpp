// From committed entries to the value: order, exactly once, members and config, snapshots.
#include "value/applier.hpp"

#include <gtest/gtest.h>

#include "core/codec.hpp"
#include "rafted/typed.hpp"
#include "value/envelope.hpp"

namespace rafted::value {
namespace {

using core::Entry;
using core::EntryKind;

struct Sum {
    using Command = int;
    using Query = Unit;
    int total = 0;
    std::vector<std::uint64_t> seeds;
    std::int64_t last_time = 0;
    int command(const Context& context, int by) {
        if (by < 0) throw std::runtime_error("only upwards");
        seeds.push_back(context.seed);
        last_time = context.time.count();
        return total += by;
    }
    int query(Unit) const { return total; }
};

struct SumHooks : LeaderHooks<Sum> {
    std::vector<std::string> log;
    void on_command_committed(const int& by, const int& total) {
        log.push_back(std::to_string(by) + " -> " + std::to_string(total));
    }
    void on_follower_added(const HookMember& member) { log.push_back("+" + member.address); }
    void on_follower_removed(const HookMember& member) { log.push_back("-" + member.address); }
};

core::Peer peer(std::uint64_t id) {
    return {NodeId(id), "node" + std::to_string(id), Standing::voter};
}
core::Members members_of(std::initializer_list<std::uint64_t> ids) {
    std::vector<core::Peer> peers;
    for (const auto id : ids) peers.push_back(peer(id));
    return core::Members(std::move(peers));
}

/// An applier and the log it is fed from.
class World {
public:
    explicit World(GroupConfig config = {})
        : hooks(std::make_shared<SumHooks>()),
          applier([hooks = hooks] { return std::make_unique<Typed<Sum, SumHooks>>(hooks); },
                  config) {}

    Applied give(EntryKind kind, const Bytes& payload, std::int64_t time = 1'000) {
        const core::Entry::Head head{Term(1), applier.applied() + 1, kind, core::LogTime(time)};
        const std::vector<Entry> entries{Entry::make(head, payload)};
        return std::move(applier.apply(entries).front());
    }
    Applied add(int by, const Identity& id = {}, std::int64_t time = 1'000) {
        return give(EntryKind::command, seal(id, encode(by)), time);
    }
    int total() const { return decode<int>(*applier.query({}).answer).value(); }
    Bytes snapshot() const {
        Bytes all;
        const auto frozen = applier.freeze();
        EXPECT_TRUE((*frozen)->save([&](BytesView piece) -> Result<void> {
            all.insert(all.end(), piece.begin(), piece.end());
            return {};
        }));
        return all;
    }
    core::SnapshotMeta meta() const {
        auto meta = applier.meta();
        meta.members = members_of({1, 2});
        return meta;
    }

    std::shared_ptr<SumHooks> hooks;
    Applier applier;
};

TEST(Applier, entries_are_applied_in_order_and_answered) {
    World world;
    EXPECT_EQ(decode<int>(*world.add(3).answer).value(), 3);
    const auto second = world.add(4);
    EXPECT_EQ(decode<int>(*second.answer).value(), 7);
    EXPECT_EQ(second.index, Index(2));
    EXPECT_EQ(second.term, Term(1));
    EXPECT_EQ(world.applier.applied(), Index(2));
    EXPECT_EQ(world.total(), 7);
}

TEST(ApplierDeath, a_gap_stops_the_process) {
    World world;
    const std::vector<Entry> entries{
        Entry::make({Term(1), Index(5), EntryKind::command, {}}, seal({}, encode(1)))};
    EXPECT_DEATH(world.applier.apply(entries), "in order");
}

TEST(Applier, B18_same_id_is_executed_once_and_fires_one_hook) {
    World world;
    const CommandId id{1, 2};
    const auto first = world.add(3, id);
    const auto retry = world.add(3, id);
    EXPECT_EQ(*first.answer, *retry.answer);
    EXPECT_TRUE(first.hook);
    EXPECT_FALSE(retry.hook);
    EXPECT_EQ(world.total(), 3);
}

TEST(Applier, B18_what_threw_is_not_run_again) {
    World world;
    const auto first = world.add(-1, CommandId{1, 2});
    const auto retry = world.add(5, CommandId{1, 2});
    EXPECT_EQ(first.answer.error().code, ErrorCode::value_threw);
    EXPECT_EQ(retry.answer.error(), first.answer.error());
    EXPECT_EQ(world.total(), 0);
}

TEST(Applier, a_session_is_named_by_its_entry) {
    World world;
    world.add(1);
    const auto opened = world.give(EntryKind::open_session, {});
    const auto session = decode<std::uint64_t>(*opened.answer).value();
    EXPECT_NE(session, 0u);
    World other;
    other.add(2);
    const auto again = other.give(EntryKind::open_session, {}, 5);
    EXPECT_NE(decode<std::uint64_t>(*again.answer).value(), session)
        << "another entry at its place";
    World third;
    const auto alike = third.give(EntryKind::open_session, {});
    World fourth;
    const auto drawn = fourth.give(EntryKind::open_session, encode(std::uint64_t{7}));
    EXPECT_NE(*alike.answer, *drawn.answer) << "equal but for what its leader has drawn";
    EXPECT_EQ(world.applier.session_count(), 1u);
    EXPECT_TRUE(world.add(3, SessionId{session, 1, 0}).answer);
    EXPECT_TRUE(world.add(3, SessionId{session, 1, 0}).answer);
    EXPECT_EQ(world.total(), 4);
    const auto unknown = world.add(3, SessionId{99, 1, 0});
    EXPECT_EQ(unknown.answer.error().code, ErrorCode::session_expired);
    EXPECT_EQ(world.total(), 4);
}

TEST(Applier, sessions_expire_by_the_time_of_entries_of_any_kind) {
    World world;
    world.give(EntryKind::open_session, {}, 1'000);
    world.give(EntryKind::elected, core::encode(members_of({1})), 1'000 + 3'600'000);
    EXPECT_EQ(world.applier.session_count(), 0u);
}

TEST(Applier, a_malformed_envelope_is_invalid) {
    World world;
    EXPECT_EQ(world.give(EntryKind::command, {}).answer.error().code, ErrorCode::invalid);
    EXPECT_EQ(world.give(EntryKind::command, seal({}, {})).answer.error().code, ErrorCode::invalid);
    EXPECT_EQ(world.applier.applied(), Index(2));
}

TEST(Applier, the_context_is_the_entry_s) {
    World world;
    world.add(1, {}, 5'000);
    world.add(1, {}, 6'000);
    const auto& machine = static_cast<const Typed<Sum, SumHooks>&>(world.applier.machine());
    EXPECT_EQ(machine.value().last_time, 6'000);
    ASSERT_EQ(machine.value().seeds.size(), 2u);
    EXPECT_NE(machine.value().seeds[0], machine.value().seeds[1]);
    World again;
    again.add(1, {}, 5'000);
    const auto& other = static_cast<const Typed<Sum, SumHooks>&>(again.applier.machine());
    EXPECT_EQ(other.value().seeds[0], machine.value().seeds[0]);
}

TEST(Applier, members_who_come_and_go_are_told) {
    World world;
    world.give(EntryKind::founding, core::encode(core::Founding{members_of({1}), {}}));
    const auto added = world.give(EntryKind::members, core::encode(members_of({1, 2})));
    ASSERT_TRUE(added.hook);
    const auto swapped = world.give(EntryKind::members, core::encode(members_of({1, 3})));
    ASSERT_TRUE(swapped.hook);
    const auto same = world.give(EntryKind::members, core::encode(members_of({1, 3})));
    EXPECT_FALSE(same.hook);
    added.hook({});
    swapped.hook({});
    EXPECT_EQ(world.hooks->log, (std::vector<std::string>{"+node2", "+node3", "-node2"}));
}

TEST(Applier, an_elected_entry_takes_the_list_and_tells_what_was_forced) {
    World world;
    EXPECT_TRUE(world.give(EntryKind::members, core::encode(members_of({1, 2}))).hook);
    EXPECT_FALSE(world.give(EntryKind::elected, core::encode(members_of({1, 2}))).hook);
    EXPECT_TRUE(world.give(EntryKind::elected, core::encode(members_of({1}))).hook);
    EXPECT_FALSE(world.give(EntryKind::members, core::encode(members_of({1}))).hook);
}

TEST(Applier, a_config_entry_changes_the_limits) {
    World world;
    world.add(1, CommandId{0, 1});
    world.add(1, CommandId{0, 2});
    GroupConfig config;
    config.max_retained_command_results = 1;
    EXPECT_TRUE(world.give(EntryKind::config, core::encode(config)).answer);
    world.add(1, CommandId{0, 2});
    EXPECT_EQ(world.total(), 2);
    world.add(1, CommandId{0, 1});
    EXPECT_EQ(world.total(), 3);
}

TEST(Applier, a_payload_that_makes_no_sense_is_corrupt_and_changes_nothing) {
    World world;
    for (const auto kind :
         {EntryKind::founding, EntryKind::elected, EntryKind::members, EntryKind::config}) {
        EXPECT_EQ(world.give(kind, Bytes{std::byte{9}}).answer.error().code, ErrorCode::corrupt);
    }
}

TEST(Applier, B18_a_snapshot_carries_value_and_memory_of_commands) {
    World world;
    world.add(3, CommandId{1, 2});
    const auto opened = world.give(EntryKind::open_session, {});
    const auto session = decode<std::uint64_t>(*opened.answer).value();
    world.add(4, SessionId{session, 1, 0});
    World other;
    ASSERT_TRUE(other.applier.load(world.meta(), world.snapshot()));
    EXPECT_EQ(other.applier.applied(), Index(3));
    EXPECT_EQ(other.total(), 7);
    EXPECT_EQ(other.applier.session_count(), 1u);
    EXPECT_EQ(*other.add(3, CommandId{1, 2}).answer, encode(3));
    EXPECT_EQ(*other.add(4, SessionId{session, 1, 0}).answer, encode(7));
    EXPECT_EQ(other.total(), 7);
    const auto removed = other.give(EntryKind::members, core::encode(members_of({1})));
    EXPECT_TRUE(removed.hook);  // the members came with the snapshot
}

TEST(Applier, meta_is_that_of_the_last_entry_and_survives_a_snapshot) {
    GroupConfig config;
    config.max_sessions = 7;
    World world;
    world.give(EntryKind::founding, core::encode(core::Founding{members_of({1, 2}), config}));
    world.add(3, {}, 2'000);
    const core::SnapshotMeta expected{Index(2), Term(1), core::LogTime(2'000), members_of({1, 2}),
                                      config};
    EXPECT_EQ(world.applier.meta(), expected);
    World other;
    ASSERT_TRUE(other.applier.load(world.applier.meta(), world.snapshot()));
    EXPECT_EQ(other.applier.meta(), expected);
}

TEST(Applier, a_frozen_state_is_of_its_moment) {
    World world;
    world.add(3);
    const auto frozen = world.applier.freeze();
    const auto meta = world.meta();
    world.add(4);
    Bytes all;
    ASSERT_TRUE((*frozen)->save([&](BytesView piece) -> Result<void> {
        all.insert(all.end(), piece.begin(), piece.end());
        return {};
    }));
    World other;
    ASSERT_TRUE(other.applier.load(meta, all));
    EXPECT_EQ(other.total(), 3);
}

TEST(Applier, a_bad_snapshot_leaves_everything_as_it_was) {
    World source;
    source.add(9, CommandId{1, 2});
    source.give(EntryKind::open_session, {});
    const auto good = source.snapshot();
    World world;
    world.add(3);
    for (std::size_t cut = 0; cut < good.size(); ++cut) {
        const auto result = world.applier.load(source.meta(), BytesView(good).first(cut));
        ASSERT_FALSE(result) << cut;
        EXPECT_EQ(result.error().code, ErrorCode::corrupt);
    }
    auto newer = good;
    newer[0] = std::byte{2};
    EXPECT_EQ(world.applier.load(source.meta(), newer).error().code, ErrorCode::wrong_version);
    EXPECT_EQ(world.total(), 3);
    EXPECT_EQ(world.applier.applied(), Index(1));
    EXPECT_EQ(world.applier.session_count(), 0u);
}

/// Answers with more than may be answered.
struct Flood {
    using Command = Unit;
    using Query = Unit;
    int executed = 0;
    std::string command(Unit) {
        ++executed;
        return std::string((64 << 20) + 1, 'x');
    }
    std::string query(Unit) const { return std::string((64 << 20) + 1, 'x'); }
};

TEST(Applier, a_result_over_the_limit_says_that_the_command_was_executed) {
    Applier applier([] { return std::make_unique<Typed<Flood>>(); }, {});
    const std::vector<Entry> entries{
        Entry::make({Term(1), Index(1), EntryKind::command, {}}, seal({}, {}))};
    const auto applied = applier.apply(entries);
    EXPECT_EQ(outcome_of(applied.front().answer.error()), Outcome::yes);
    EXPECT_EQ(applier.query({}).answer.error().code, ErrorCode::too_large);
}

}  // namespace
}  // namespace rafted::value

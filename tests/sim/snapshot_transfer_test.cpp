// A large value on its way to a newcomer, while the leader goes on saving snapshots: as fast as the
// config allows, each byte once, and without beginning anew.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "support/hook_watch.hpp"
#include "support/storage_world.hpp"

namespace rafted::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Write {
    std::uint32_t page = 0;
    std::string text;
};
struct Pages {
    using Command = Write;
    using Query = std::uint32_t;
    std::map<std::uint32_t, std::string> all;
    void command(const Write& write) { all[write.page] = write.text; }
    std::string query(std::uint32_t page) const {
        const auto found = all.find(page);
        return found == all.end() ? "" : found->second;
    }
};

constexpr std::uint64_t rate = 64 << 10;
constexpr std::uint32_t pages = 32;
constexpr std::size_t page_bytes = 4 << 10;

GroupConfig config_of_transfers() {
    GroupConfig config = quick_config();
    config.log_bytes_kept = 0;
    config.snapshot_floor_bytes = 0;
    config.log_file_expansion_factor = 0.05;
    config.snapshot_bytes_per_second = rate;
    return config;
}

/// What no compression makes smaller.
std::string random_page(std::uint32_t page) {
    const Bytes bytes = some_bytes(page_bytes, page);
    return std::string(text_of(bytes));
}

/// A leader with 128 KiB, and all that it sends of snapshots.
class TransferWorld : public HostCluster {
public:
    explicit TransferWorld(std::uint64_t seed) : HostCluster({.seed = seed}) {
        leader_ = start_node();
        create(leader_, "pages", factory, config_of_transfers());
        group.emplace(caller("pages"));
        for (std::uint32_t page = 0; page < pages; ++page) {
            EXPECT_TRUE(await(group->start_command(Write{page, random_page(page)})));
        }
        run_for(seconds(1));
        watch([this](const host::Stepped& step) { stepped(step); });
    }
    ~TransferWorld() { watch({}); }

    /// One command after the other, as long as the newcomer is not in.
    void keep_busy() {
        if (is_in_) return;
        ++answered;
        group->start_command(Write{answered % pages, std::string(200, 'b')})
            .then([this](const auto&) { keep_busy(); });
    }
    /// How long it takes until the newcomer is in.
    core::Duration join_one() {
        const auto began = now();
        join(start_node(), "pages", factory);
        is_in_ = true;
        return now() - began;
    }
    NodeId leader() const { return leader_; }

    std::optional<Group<Pages>> group;
    std::uint32_t answered = 0;
    std::vector<core::SnapshotPiece> sent;  // without data
    std::set<Index> saved;
    std::function<void()> on_piece;

private:
    static std::unique_ptr<Machine> factory() { return std::make_unique<Typed<Pages>>(); }
    void stepped(const host::Stepped& step) {
        if (step.member.id() != leader_) return;
        saved.insert(step.member.state().snapshot->index);
        for (const auto& message : step.effects.send_now) {
            const auto* piece = std::get_if<core::SnapshotPiece>(&message.body);
            if (piece == nullptr) continue;
            sent.push_back(*piece);
            if (on_piece) on_piece();
        }
    }
    NodeId leader_;
    bool is_in_ = false;
};

TEST(SnapshotTransfer, IsAsFastAsTheConfigAllows) {
    TransferWorld world(1);
    const auto took = world.join_one();
    const auto least = std::chrono::milliseconds(1'000 * pages * page_bytes / rate);
    EXPECT_GE(took, least - milliseconds(100));
    EXPECT_LE(took, least + seconds(2));
    EXPECT_GT(world.sent.size(), 20U) << "in small pieces: a large one would look like a lost one";
}

TEST(SnapshotTransfer, ASlowFollowerNeedsOneSnapshotHoweverManyAreSaved) {
    TransferWorld world(2);
    world.keep_busy();
    const auto before = world.status(world.leader(), "pages").current_term;
    world.join_one();
    EXPECT_GT(world.saved.size(), 10U) << "many newer ones, or nothing is shown";
    std::set<Index> of;
    std::uint64_t offset = 0;
    for (const auto& piece : world.sent) {
        of.insert(piece.meta.index);
        EXPECT_GE(piece.offset, offset) << "it began anew";
        offset = piece.offset;
    }
    EXPECT_EQ(of.size(), 1U);
    EXPECT_EQ(world.status(world.leader(), "pages").current_term, before) << "heartbeats went on";
}

TEST(SnapshotTransfer, GoesOnAtThePieceItHadWhenTheConnectionComesBack) {
    TransferWorld world(3);
    world.keep_busy();
    std::optional<core::Time> cut_at;
    std::size_t cut_after = 0;
    world.on_piece = [&] {
        if (!cut_at && world.sent.back().offset > 64'000) {
            cut_at = world.now();
            cut_after = world.sent.size();
            world.cut(NodeId(1), NodeId(2));
        }
        if (cut_at && world.now() > *cut_at + milliseconds(200)) world.heal();
    };
    world.join_one();
    ASSERT_TRUE(cut_at);
    const auto reached = world.sent.at(cut_after - 2).offset;
    for (std::size_t i = cut_after; i < world.sent.size(); ++i) {
        EXPECT_EQ(world.sent[i].meta.index, world.sent.front().meta.index) << i;
        EXPECT_GE(world.sent[i].offset, reached) << i;
    }
}

}  // namespace
}  // namespace rafted::test

#include "support/seat_stand.hpp"

#include <gtest/gtest.h>

#include <utility>

#include "support/hook_watch.hpp"
#include "support/member_stand.hpp"
#include "support/storage_world.hpp"
#include "value/envelope.hpp"

namespace rafted::test {

namespace {

constexpr ports::Slot slot = 1;

std::unique_ptr<Machine> make_tally() { return std::make_unique<Typed<Tally>>(); }

host::SeatStart start_of(const GroupConfig& config) {
    host::SeatStart start;
    start.record = {slot, "tally", GroupId(9), false};
    start.member.self = a;
    start.member.seed = 42;
    start.member.config = config;
    start.member.entries = {founding_of({a, b, c}, config)};
    start.factory = make_tally;
    return start;
}

}  // namespace

core::Entry addition(Term term, Index index) {
    const Bytes payload = value::seal({}, encode(Add{1}));
    return core::Entry::make({term, index, core::EntryKind::command, {}}, payload);
}

std::vector<core::Entry> additions(Term term, Index first, Index last) {
    std::vector<core::Entry> all;
    for (Index i = first; i <= last; ++i) all.push_back(addition(term, i));
    return all;
}

core::SnapshotPiece snapshot_upto(Term term, Index last, const GroupConfig& config) {
    value::Applier applier(make_tally, config);
    applier.apply(std::vector{founding_of({a, b, c}, config)});
    applier.apply(additions(term, Index(2), last));
    Bytes bytes;
    const auto frozen = applier.freeze();
    const auto saved = (*frozen)->save([&](BytesView piece) -> Result<void> {
        bytes.insert(bytes.end(), piece.begin(), piece.end());
        return {};
    });
    EXPECT_TRUE(saved);
    disk::MemoryStorage shelf(b);
    save(shelf, slot, applier.meta(), bytes);
    const auto source = *shelf.open_snapshot(slot);
    return pieces_of(*source, source->packed_size()).front();
}

SeatStand::SeatStand(const GroupConfig& config)
    : storage_{a},
      mailbox_([] {}),
      services_{storage_,
                transport_,
                clock_,
                workers_,
                mailbox_,
                metrics_,
                [](LogLevel, const std::string&) {},
                a,
                "a",
                [] { return ClusterId(1); },
                0.5,
                {}},
      seat_(services_, start_of(config), [] {}) {
    run_value();
    turn();
}

SeatStand::~SeatStand() = default;

void SeatStand::turn() {
    for (host::MailItem& item : mailbox_.take()) std::get<host::Completion>(item)();
    ports::Batch batch;
    seat_.step(clock_.now, batch);
    std::ranges::move(batch, std::back_inserter(writes_));
}

void SeatStand::receive(NodeId from, Term term, core::Body body) {
    seat_.receive({from, a, term, std::move(body)});
    turn();
}

void SeatStand::install() {
    ASSERT_FALSE(writes_.empty());
    Result<void> done = fail(ErrorCode::stopped, "never answered");
    storage_.write({writes_.front()}, [&](Result<void> result) { done = std::move(result); });
    ASSERT_TRUE(done) << to_string(done.error());
}

void SeatStand::answer(Result<void> result) {
    ASSERT_FALSE(writes_.empty());
    writes_.pop_front();
    seat_.written(result);
    turn();
}

void SeatStand::answer_all() {
    while (!writes_.empty()) answer();
}

Index SeatStand::snapshot_on_disk() {
    const auto newest = storage_.open_snapshot(slot);
    return newest ? (*newest)->meta().index : Index();
}

void SeatStand::run(ports::Lane lane) {
    for (auto& job : std::exchange(workers_.lanes.at(lane), {})) job();
    turn();
}

}  // namespace rafted::test

// A whole directory of a node, opened as a node does and inspected. First byte: 0 a real one with
// bytes, blocks and files changed (support/directories.hpp), of which nothing wrong may come out;
// 1 a journal of any records with right checksums. Either it is refused with an error that says
// what and where, or it is consistent: then it can be written to, and is the same when opened
// again.
#include <algorithm>
#include <set>

#include "core/check.hpp"
#include "disk/inspect.hpp"
#include "fuzz/support/directories.hpp"
#include "fuzz/support/memory_limit.hpp"

namespace {

using namespace rafted;
using test::Groups;

void check_error(const Error& error) {
    const auto codes = {ErrorCode::corrupt, ErrorCode::wrong_version, ErrorCode::invalid};
    CHECK(std::ranges::find(codes, error.code) != codes.end(), "a bad directory is told as such");
    CHECK(!error.message.empty(), "an error says what is wrong");
}

void check_consistent(const ports::RecoveredGroup& group) {
    if (group.entries.empty()) return;
    const Index first = group.entries.front().index();
    const Index covered = group.snapshot ? group.snapshot->index : Index(0);
    CHECK(group.record.removed || first <= covered + 1, "the log reaches the snapshot");
    for (std::size_t i = 0; i < group.entries.size(); ++i) {
        CHECK(group.entries[i].size() > 0, "no entry is missing");
        CHECK(group.entries[i].index() == first + i, "entries follow each other");
    }
}

/// Where a log ended that cannot be used is known from that log, not from what was written.
core::HardState written_part(const ports::RecoveredGroup& group) {
    core::HardState state = group.hard_state;
    if (group.is_log_lost) state.let_go = {};
    return state;
}

/// Everything a life of the directory ever wrote.
void check_nothing_wrong(const Groups& found, const test::Workload& work) {
    for (const auto& group : found) {
        bool record = false, hard_state = false, snapshot = !group.snapshot;
        std::set<std::uint64_t> entries;
        for (const Groups& state : work.states) {
            for (const auto& known : state) {
                if (known.record.slot != group.record.slot) continue;
                record = record || known.record == group.record;
                hard_state = hard_state || known.hard_state == written_part(group);
                snapshot = snapshot || known.snapshot == group.snapshot;
                for (const auto& entry : known.entries) entries.insert(entry.checksum());
            }
        }
        // A group of which only the record has been read has no hard state yet.
        CHECK(record && snapshot, "what comes out of a damaged directory has been written");
        CHECK(hard_state || written_part(group) == core::HardState(), "and nothing else");
        for (const auto& entry : group.entries) {
            CHECK(entries.contains(entry.checksum()), "what comes out has been written");
        }
    }
}

/// Each group takes one more write.
void write_to(disk::DiskStorage& storage, Groups& groups) {
    ports::Batch batch;
    for (auto& group : groups) {
        const core::LogPlace let_go =
            group.is_log_lost ? group.hard_state.let_go : core::LogPlace();
        group.hard_state = {Term(77), NodeId(5), {}, let_go};
        ports::GroupWrite write;
        write.slot = group.record.slot;
        write.hard_state = group.hard_state;
        batch.push_back(std::move(write));
    }
    bool done = false;
    storage.write(std::move(batch), [&](const Result<void>& written) { done = bool{written}; });
    storage.write_pending();
    CHECK(done, "a directory that was opened can be written to");
}

void open_and_inspect(sim::SimFiles& files, const test::Workload* work) {
    const auto before = disk::inspect(files, "node");
    if (!before) check_error(before.error());
    ports::Recovered recovered;
    {
        const auto storage = test::reopen(files, recovered);
        if (!storage) return check_error(storage.error());
        std::ranges::for_each(recovered.groups, check_consistent);
        if (work != nullptr) check_nothing_wrong(recovered.groups, *work);
        write_to(**storage, recovered.groups);
    }
    // Where all is gone, a new directory is made; where an older snapshot's version is damaged, a
    // start does not come to it.
    CHECK(before || before.error().code == ErrorCode::wrong_version || recovered.groups.empty(),
          "what can be opened can be inspected");
    ports::Recovered again;
    CHECK(test::reopen(files, again).has_value(), "what was opened can be opened again");
    CHECK(again.groups.size() == recovered.groups.size(), "and has the same groups then");
    for (std::size_t i = 0; i < again.groups.size(); ++i) {
        // Of a log that cannot be used nothing is told but where it ends.
        if (!again.groups[i].is_log_lost) continue;
        recovered.groups[i].hard_state = again.groups[i].hard_state;
        recovered.groups[i].moved = again.groups[i].moved;
    }
    CHECK(again.groups == recovered.groups, "and is the same then");
    const auto after = disk::inspect(files, "node");
    if (!after) {
        CHECK(after.error().code == ErrorCode::wrong_version, "nor any other time");
        return;
    }
    for (const auto& damage : after->damages) {
        // A start reads no further than the newest snapshot that verifies, and cannot mend entries.
        CHECK(damage.file.contains("/snapshots/") || damage.what.contains("entr"),
              "nothing else that was read is damaged");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0 || data[0] > 1) return 0;
    Reader in(std::as_bytes(std::span(data + 1, size - 1)));
    if (data[0] == 0) {
        const test::RealDirectory& real = test::real_directory(in.number<std::uint8_t>());
        const auto files = test::changed_directory(real, in);
        const test::MemoryLimit limit(std::size_t{32} << 20);
        open_and_inspect(*files, &real.work);
    } else {
        const auto files = test::forged_directory(in);
        const test::MemoryLimit limit(std::size_t{32} << 20);
        open_and_inspect(*files, nullptr);
    }
    return 0;
}

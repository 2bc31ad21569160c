#include "disk/disk_storage.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "core/check.hpp"
#include "core/codec.hpp"
#include "disk/give_way.hpp"

namespace rafted::disk {
namespace {

/// Every entry of the log, from first to last.
std::vector<core::Entry> entries_of(const GroupImage& group) {
    std::vector<core::Entry> entries;
    entries.reserve(group.log.size());
    for (std::uint64_t i = 0; i < group.log.size(); ++i) entries.push_back(group.log[i].entry);
    return entries;
}

/// The newest list of a log, if it has one.
std::optional<core::Members> members_in(const GroupImage& group) {
    for (Index index = group.last(); group.holds(index); index = index - 1) {
        const core::Entry& entry = group.at(index).entry;
        const bool is_list =
            entry.kind() == core::EntryKind::members || entry.kind() == core::EntryKind::elected;
        if (is_list && entry.is_whole()) return core::decode_members(entry.payload());
    }
    return std::nullopt;
}

/// Longer than this a loop had better go on meanwhile: a sync of a fast disk takes less.
constexpr auto quick = std::chrono::microseconds(500);
/// With more entries in a write there is load, and more to come while it is written.
constexpr std::size_t few_entries = 4;

bool is_small(const ports::Batch& batch) {
    std::size_t entries = 0;
    for (const ports::GroupWrite& write : batch) {
        entries += write.append.size();
        if (!write.pieces.empty() || entries > few_entries) return false;
    }
    return true;
}

/// Leaves the device to others for as long again as each step took it.
void prepare_beside(Spare& spare) {
    give_way();
    while (spare.wait()) {
        const auto begin = std::chrono::steady_clock::now();
        spare.prepare();
        rest_after(std::chrono::steady_clock::now() - begin);
    }
}

/// The log does not reach the snapshot, or contradicts it: it goes on after the snapshot.
bool restarts_after(const GroupImage& group, const core::SnapshotMeta& snapshot) {
    if (snapshot.index + 1 == group.first) return false;
    return !group.holds(snapshot.index) || group.at(snapshot.index).entry.term() != snapshot.term;
}

}  // namespace

Result<std::unique_ptr<DiskStorage>> DiskStorage::open(ports::Files& files, const std::string& dir,
                                                       const DiskOptions& options) {
    if (auto valid = options.journal.validate(); !valid) return std::unexpected(valid.error());
    if (options.max_waiting == 0) {
        return fail(ErrorCode::invalid, "max_waiting is 0, allowed is 1 and more");
    }
    auto directory = open_directory(files, dir, options.journal, options.new_node);
    if (!directory) return std::unexpected(directory.error());
    return std::unique_ptr<DiskStorage>(
        new DiskStorage({&files, dir, options}, std::move(*directory)));
}

DiskStorage::DiskStorage(Home home, Directory directory)
    : home_(std::move(home)),
      directory_lock_(std::move(directory.lock)),
      identity_(directory.identity),
      snapshots_({home_.files, home_.dir + "/" + snapshots_name, identity_.node}),
      is_quick_(quick) {}

DiskStorage::~DiskStorage() { close(); }

Result<ports::Recovered> DiskStorage::recover() {
    CHECK(journal_ == nullptr, "recover() is called once");
    ports::Recovered recovered{identity_.node, identity_.cluster, {}, {}};
    auto journal = Journal::open(
        {home_.files, home_.dir + "/" + journal_name, identity_.node, home_.options.journal},
        recovered.notes);
    if (!journal) return std::unexpected(journal.error());
    Draft repairs = (*journal)->draft();
    for (const auto& [slot, image] : (*journal)->image().groups()) {
        auto group = recover_group(image, repairs, recovered.notes);
        if (!group) return std::unexpected(group.error());
        recovered.groups.push_back(std::move(*group));
    }
    if (!repairs.empty()) {
        if (auto done = (*journal)->commit(repairs); !done) return std::unexpected(done.error());
    }
    journal_ = std::move(*journal);
    writer_ = std::make_unique<DiskWriter>(*journal_, snapshots_, state_);
    scrub_ =
        std::make_unique<Scrub>(Scrub::Home{home_.files, home_.dir, identity_.node, &snapshots_,
                                            [this] { return journal_->written(); }});
    if (home_.options.own_thread) {
        thread_ = std::thread([this] { run(); });
        preparing_ = std::thread([&spare = journal_->spare()] { prepare_beside(spare); });
    }
    return recovered;
}

/// A group whose log no whole snapshot reaches. Where its log ends it has promised to know, and as
/// long as that is known the rest can be had from others.
Result<ports::RecoveredGroup> DiskStorage::without_snapshot(const GroupImage& group,
                                                            const Snapshots::AtStart& found,
                                                            std::vector<std::string>& notes) {
    std::string text = "group '" + group.record.name + "': its log begins at entry " +
                       to_string(group.first) + " and no whole snapshot reaches entry " +
                       to_string(group.first - 1);
    core::LogPlace end;
    for (const auto& [name, reason] : found.damaged) {
        text += "; " + reason;
        if (name.index + 1 == group.first) end = {name.term, name.index};
    }
    if (!group.log.empty()) end = {group.at(group.last()).entry.term(), group.last()};
    if (end == core::LogPlace()) return fail(ErrorCode::corrupt, std::move(text));
    if (auto left = snapshots_.leave_behind(group.record.slot); !left) {
        return std::unexpected(left.error());
    }
    notes.push_back(text + "; the group's leader is asked for another");
    ports::RecoveredGroup recovered{group.record, group.hard_state, {}, {}, group.moved, true};
    recovered.peers = members_in(group).value_or(found.members).all();
    recovered.hard_state.let_go = std::max(recovered.hard_state.let_go, end);
    return recovered;
}

/// A group's log together with its snapshot. What a crash between the two has left apart is
/// brought together; what no crash leaves is refused.
Result<ports::RecoveredGroup> DiskStorage::recover_group(const GroupImage& group, Draft& repairs,
                                                         std::vector<std::string>& notes) {
    const auto found = snapshots_.recover(group);
    if (!found) return std::unexpected(found.error());
    const ports::Slot slot = group.record.slot;
    ports::RecoveredGroup recovered{group.record, group.hard_state, found->newest,
                                    {},           group.moved,      false};
    const Index covered = found->newest ? found->newest->index : Index(0);
    if (!group.record.removed && group.first > covered + 1) {
        return without_snapshot(group, *found, notes);
    }
    for (const auto& [name, reason] : found->damaged) {
        notes.push_back("group '" + group.record.name + "': " + reason +
                        "; set aside, the snapshot before it and the log are whole");
        if (auto aside = snapshots_.set_aside(slot, name); !aside) {
            return std::unexpected(aside.error());
        }
    }
    if (found->newest && restarts_after(group, *found->newest)) {
        repairs.restart_after(slot, *found->newest);
    } else {
        recovered.entries = entries_of(group);
        // What is damaged and covered by the snapshot is not needed; the log begins behind it.
        const auto covers = [&](const core::Entry& entry) { return entry.index() <= covered; };
        auto& all = recovered.entries;
        const auto end = std::ranges::find_if_not(all, covers);
        const auto bad = std::find_if(std::make_reverse_iterator(end), all.rend(),
                                      [](const core::Entry& entry) { return !entry.is_whole(); });
        if (bad != all.rend()) {
            repairs.let_go_below(slot, bad->index() + 1);
            all.erase(all.begin(), bad.base());
        }
    }
    return recovered;
}

Result<void> DiskStorage::set_cluster(ClusterId cluster) {
    const std::lock_guard hold(identity_mutex_);
    if (identity_.cluster == cluster) return {};
    if (identity_.cluster) {
        return fail(ErrorCode::wrong_cluster, home_.dir + " belongs to cluster " +
                                                  to_string(identity_.cluster) + ", not to " +
                                                  to_string(cluster));
    }
    const Identity identity{identity_.node, cluster};
    auto written = write_identity(*home_.files, home_.dir, identity);
    if (written) identity_ = identity;
    return written;
}

void DiskStorage::write(ports::Batch batch, ports::Done done) {
    ErrorCode refusal = ErrorCode::stopped;
    {
        const std::lock_guard hold(mutex_);
        if (!closed_ && waiting_.size() < home_.options.max_waiting) {
            const bool suits = waiting_.empty() && !writing_ && is_quick_ && is_small(batch);
            waiting_.push_back({std::move(batch), std::move(done)});
            if (!offered_) offered_ = suits && offer_waiting();
            if (!offered_) wake_.notify_one();
            return;
        }
        if (!closed_) refusal = ErrorCode::busy;
    }
    done(fail(refusal, refusal == ErrorCode::busy ? "too many writes wait for the disk"
                                                  : "the storage is closed"));
}

Result<std::unique_ptr<ports::SnapshotSink>> DiskStorage::save_snapshot(
    ports::Slot slot, const core::SnapshotMeta& meta) {
    if (state_ == DiskState::failed) {
        return fail(ErrorCode::disk_failed, "no snapshot after a failed write or sync");
    }
    return snapshots_.save(slot, meta);
}

Result<std::unique_ptr<ports::SnapshotSource>> DiskStorage::open_snapshot(ports::Slot slot) {
    return snapshots_.open(slot);
}

ports::Scrubbed DiskStorage::scrub(std::size_t bytes) {
    CHECK(scrub_ != nullptr, "read back after recover() only");
    Scrub::Found found = scrub_->step(bytes);
    ports::Scrubbed said{found.bytes, scrub_->total(), found.is_over, {}};
    if (found.identity) mend_identity(*found.identity, said);
    for (ports::Scrubbed::Damage& damage : found.in_segments) {
        damage.text += "; what lives in this segment is written again";
        said.damages.push_back(std::move(damage));
    }
    if (found.bad_segments > 0) write_again_later(found.bad_segments);
    for (const Scrub::BadSnapshot& bad : found.snapshots) mend_snapshot(bad, said);
    return said;
}

void DiskStorage::mend_identity(const std::string& why, ports::Scrubbed& said) {
    const std::lock_guard hold(identity_mutex_);
    const auto written = write_identity(*home_.files, home_.dir, identity_);
    const std::string ending =
        written ? "; it has been written anew"
                : "; it could not be written anew: " + to_string(written.error());
    said.damages.push_back({why + ending, std::nullopt, false});
}

/// The newest is replaced by another that its member makes; one before it is not needed then.
void DiskStorage::mend_snapshot(const Scrub::BadSnapshot& bad, ports::Scrubbed& said) const {
    const auto names = snapshots_.list(bad.slot);
    // It may be gone, and another be the newest that is there.
    const bool is_newest = names && (names->empty() || names->front() <= bad.name);
    std::string ending = "; the group makes another";
    if (!is_newest) {
        const auto aside = snapshots_.set_aside(bad.slot, bad.name);
        ending = aside ? "; set aside, there is a newer one"
                       : "; it could not be set aside: " + to_string(aside.error());
    }
    said.damages.push_back({bad.why + ending, bad.slot, is_newest});
}

void DiskStorage::write_again_later(std::uint64_t upto) {
    const std::lock_guard hold(mutex_);
    damaged_upto_ = std::max(damaged_upto_, upto);
    wake_.notify_one();
}

/// Some of what must be; what waits to be written has its turn in between.
bool DiskStorage::write_again() {
    std::uint64_t upto = 0;
    {
        const std::lock_guard hold(mutex_);
        upto = damaged_upto_;
    }
    if (upto == 0) return false;
    if (writer_->write_again(upto)) return true;
    const std::lock_guard hold(mutex_);
    if (damaged_upto_ == upto) damaged_upto_ = 0;
    return damaged_upto_ != 0;
}

std::deque<Waiting> DiskStorage::take_waiting() {
    const std::lock_guard hold(mutex_);
    return std::exchange(waiting_, {});
}

bool DiskStorage::write_pending() {
    CHECK(writer_ != nullptr && !thread_.joinable(), "driven by hand after recover() only");
    auto work = take_waiting();
    bool worked = !work.empty();
    writer_->perform(std::move(work));
    while (write_again()) worked = true;
    return worked;
}

bool DiskStorage::prepare_segment() {
    CHECK(journal_ != nullptr && !preparing_.joinable(), "driven by hand after recover() only");
    return journal_->spare().prepare();
}

/// requires: mutex_ is held.
bool DiskStorage::offer_waiting() {
    if (!home_.options.offer) return false;
    const auto here = [this] {
        std::unique_lock hold(mutex_);
        offered_ = false;
        if (!writing_) write_waiting(hold);
        if (is_due()) wake_.notify_one();
    };
    const auto elsewhere = [this] {
        const std::lock_guard hold(mutex_);
        offered_ = false;
        wake_.notify_one();
    };
    return home_.options.offer({here, elsewhere});
}

/// Whether the own thread should write, or end. requires: mutex_ is held.
bool DiskStorage::is_due() const {
    const bool is_waiting = !waiting_.empty() && !offered_;
    return !writing_ && (closed_ || is_waiting || damaged_upto_ > 0);
}

/// requires: `hold` holds mutex_, as it does again at the end; !writing_.
void DiskStorage::write_waiting(std::unique_lock<std::mutex>& hold) {
    if (waiting_.empty()) return;
    writing_ = true;
    auto work = std::exchange(waiting_, {});
    hold.unlock();
    const auto before = std::chrono::steady_clock::now();
    writer_->perform(std::move(work));
    const auto took = std::chrono::steady_clock::now() - before;
    hold.lock();
    is_quick_.took(took);
    writing_ = false;
}

void DiskStorage::run() {
    std::unique_lock hold(mutex_);
    for (;;) {
        wake_.wait(hold, [this] { return is_due(); });
        if (waiting_.empty() && closed_) return;
        write_waiting(hold);
        if (damaged_upto_ == 0) continue;
        writing_ = true;
        hold.unlock();
        static_cast<void>(write_again());
        hold.lock();
        writing_ = false;
    }
}

void DiskStorage::close() {
    {
        const std::lock_guard hold(mutex_);
        closed_ = true;
        wake_.notify_one();
    }
    if (thread_.joinable()) thread_.join();
    if (journal_) journal_->spare().close();
    if (preparing_.joinable()) preparing_.join();
    for (auto work = take_waiting(); !work.empty(); work = take_waiting()) {
        if (writer_) {
            writer_->perform(std::move(work));
            continue;
        }
        for (Waiting& item : work) {
            item.done(fail(ErrorCode::stopped, "the storage was closed before it was opened"));
        }
    }
    directory_lock_.reset();
}

Result<std::unique_ptr<ports::Storage>> open_disk_storage(ports::Files& files,
                                                          const std::string& dir,
                                                          const DiskOptions& options) {
    auto storage = DiskStorage::open(files, dir, options);
    if (!storage) return std::unexpected(storage.error());
    return std::move(*storage);
}

}  // namespace rafted::disk

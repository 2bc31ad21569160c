#include "disk/disk_writer.hpp"

#include <algorithm>
#include <utility>

namespace rafted::disk {
namespace {

/// Entries gathered into one frame, in bytes; a batch that is larger has one of its own.
constexpr std::uint64_t gather_bytes = std::uint64_t{16} << 20;

/// Whether the batch wants more than the reserve of a full disk is for.
bool is_heavy(const ports::Batch& batch) {
    return std::ranges::any_of(batch, [](const ports::GroupWrite& write) {
        return write.record || write.let_go_log || write.truncate_from || write.compact_below ||
               !write.append.empty() || !write.repair.empty() || !write.pieces.empty();
    });
}

/// Whether a leader cannot begin without it.
bool is_urgent(const ports::Batch& batch) {
    const auto is_begin = [](const core::Entry& entry) {
        return entry.kind() == core::EntryKind::elected;
    };
    const auto begins = [&](const ports::GroupWrite& write) {
        return std::ranges::any_of(write.append, is_begin);
    };
    const auto is_plain = [](const ports::GroupWrite& write) {
        return !write.record && !write.let_go_log && write.pieces.empty();
    };
    return std::ranges::any_of(batch, begins) && std::ranges::all_of(batch, is_plain);
}

/// Where the write changes the log first, if it does.
std::optional<Index> log_begins(const ports::GroupWrite& write) {
    if (write.let_go_log) return Index(1);
    if (write.truncate_from) return write.truncate_from;
    if (!write.append.empty()) return write.append.front().index();
    return std::nullopt;
}

}  // namespace

void DiskWriter::perform(std::deque<Waiting> work) {
    while (!work.empty()) {
        Draft draft = journal_.draft();
        auto hand = gather(work, draft);
        commit(hand, draft);
        for (InHand& item : hand) item.waiting.done(std::move(item.answer));
    }
}

bool DiskWriter::write_again(std::uint64_t upto) {
    if (failed_) return false;
    const auto more = journal_.write_again(upto);
    if (more) return *more;
    if (more.error().code == ErrorCode::disk_failed) {
        state_ = DiskState::failed;
        failed_ = more.error();
    }
    return false;
}

/// Takes what fits into one frame. A frame ends with a received snapshot: it must be in place
/// before another may be received.
std::vector<DiskWriter::InHand> DiskWriter::gather(std::deque<Waiting>& work, Draft& draft) {
    std::vector<InHand> hand;
    bool received = false;
    while (!work.empty() && draft.bytes() < gather_bytes && !received) {
        InHand item{std::move(work.front()), {}, false, {}};
        work.pop_front();
        if (failed_) refuse(item, *failed_);
        if (!item.refused) receive_pieces(item);
        if (!item.refused) keep_order(item);
        if (!item.refused) {
            auto added = draft.add(item.waiting.batch, item.received);
            if (!added) refuse(item, std::move(added).error());
        }
        received = !item.received.empty();
        hand.push_back(std::move(item));
    }
    return hand;
}

void DiskWriter::receive_pieces(InHand& item) {
    for (const ports::GroupWrite& write : item.waiting.batch) {
        for (const core::SnapshotPiece& piece : write.pieces) {
            auto whole = snapshots_.receive(write.slot, piece);
            if (whole && *whole) item.received.push_back(std::move(**whole));
            if (whole) continue;
            if (whole.error().code != ErrorCode::corrupt) {
                refuse(item, std::move(whole).error());
                return;
            }
            item.answer = std::unexpected(std::move(whole).error());
        }
    }
    // There is one answer for all of the batch, and by it each of these is fetched again: one that
    // counted meanwhile would be the start of a log that its member knows nothing of.
    if (!item.answer) item.received.clear();
}

void DiskWriter::keep_order(InHand& item) {
    for (const ports::GroupWrite& write : item.waiting.batch) {
        if (write.record) refused_.erase(write.slot);  // another log begins
        const auto refused = refused_.find(write.slot);
        if (refused == refused_.end() || !log_begins(write)) continue;
        const bool starts_over = write.let_go_log;
        if (!starts_over && (!write.truncate_from || *write.truncate_from > refused->second)) {
            Error error{ErrorCode::cancelled, "entries before these were refused", {}};
            return refuse(item, std::move(error));
        }
        refused_.erase(refused);
    }
}

void DiskWriter::refuse(InHand& item, Error error) {
    // What fits nowhere was not meant to be followed.
    const bool is_followed = error.code != ErrorCode::invalid;
    for (const ports::GroupWrite& write : item.waiting.batch) {
        const auto begins = log_begins(write);
        if (!begins || !is_followed) continue;
        const auto [known, is_new] = refused_.emplace(write.slot, *begins);
        if (!is_new) known->second = std::min(known->second, *begins);
    }
    if (error.code == ErrorCode::disk_full) state_ = DiskState::full;
    if (error.code == ErrorCode::disk_failed) {
        state_ = DiskState::failed;
        failed_ = error;
    }
    item.refused = true;
    item.received.clear();
    item.answer = std::unexpected(std::move(error));
}

void DiskWriter::commit(std::vector<InHand>& hand, Draft& draft) {
    Result<void> done;
    if (failed_) done = std::unexpected(*failed_);
    if (done && !draft.empty()) {
        const bool has_space = draft.is_heavy() && !draft.is_urgent();
        done = journal_.commit(draft);
        if (done && has_space) state_ = DiskState::healthy;
    } else if (done && state_ == DiskState::full) {
        look_for_space();
    }
    if (done) done = finish(hand);
    if (done) return;
    if (done.error().code == ErrorCode::disk_full) {
        commit_urgent(hand, done.error());
        return;
    }
    for (InHand& item : hand) {
        if (!item.refused) refuse(item, done.error());
    }
}

/// The disk is full: what is small and urgent goes into the reserve, terms and votes, and what a
/// new leader begins with if there is not much before it.
void DiskWriter::commit_urgent(std::vector<InHand>& hand, const Error& full) {
    state_ = DiskState::full;
    std::vector<InHand*> light;
    for (InHand& item : hand) {
        if (item.refused) continue;
        if (!is_heavy(item.waiting.batch)) {
            light.push_back(&item);
            continue;
        }
        if (!is_urgent(item.waiting.batch)) {
            refuse(item, full);
            continue;
        }
        keep_order(item);  // what it follows may just have been refused
        if (item.refused) continue;
        // By itself, as it may not fit; after what came before it, which may be an older term.
        commit_together(std::exchange(light, {}));
        commit_together({&item});
    }
    commit_together(light);
}

void DiskWriter::commit_together(const std::vector<InHand*>& items) {
    Draft draft = journal_.draft();
    for (InHand* item : items) {
        if (auto added = draft.add(item->waiting.batch, {}); !added) {
            refuse(*item, std::move(added).error());
        }
    }
    if (draft.empty()) return;
    const auto done = journal_.commit(draft);
    for (InHand* item : items) {
        if (!done && !item->refused) refuse(*item, done.error());
    }
}

/// Nobody asks for more while it is said to be full.
void DiskWriter::look_for_space() {
    const auto found = journal_.find_space();
    if (found) state_ = DiskState::healthy;
    if (found || found.error().code != ErrorCode::disk_failed) return;
    state_ = DiskState::failed;
    failed_ = found.error();
}

/// What the journal has promised about snapshots. If it cannot be kept now, a restart will; until
/// then nothing more may be promised.
Result<void> DiskWriter::finish(const std::vector<InHand>& hand) {
    Result<void> done;
    for (const InHand& item : hand) {
        for (const ports::GroupWrite& write : item.waiting.batch) {
            const bool lets_go = write.let_go_log && !item.refused;
            if (lets_go && done) done = snapshots_.let_go(write.slot);
        }
        for (const ReceivedSnapshot& received : item.received) {
            if (done) done = snapshots_.install(received);
            const auto refused = refused_.find(received.slot);
            if (!done || refused == refused_.end()) continue;
            refused->second = std::max(refused->second, received.meta.index + 1);
        }
        if (item.refused) continue;
        for (const ports::GroupWrite& write : item.waiting.batch) {
            const bool removed = write.record && write.record->removed;
            if (removed && done) done = snapshots_.remove_all(write.slot);
        }
    }
    if (!done) {
        Error error = done.error();
        error.code = ErrorCode::disk_failed;
        return std::unexpected(std::move(error));
    }
    return done;
}

}  // namespace rafted::disk

#include "sim/onlooker.hpp"

#include <algorithm>
#include <utility>

namespace rafted::sim {
namespace {

struct LogChange {
    std::optional<Index> truncated_from;
    std::span<const EntryMark> appended;
    bool has_gap = false;
};

/// Truncates and appends; says what is really different from before. After a refused write the same
/// entries are handed out again, which changes nothing.
LogChange change(LogImage& log, std::optional<Index> from, std::span<const EntryMark> entries) {
    std::size_t same = 0;
    while (same < entries.size() && log.holds(entries[same])) ++same;
    LogChange changed{{}, entries.subspan(same)};
    if (from) {
        const bool follows = same > 0 && entries.front().index <= *from;
        const Index cut = follows ? std::max(*from, entries[same - 1].index + 1) : *from;
        if (cut <= log.last()) changed.truncated_from = cut;
        log.truncate_from(cut);
    }
    for (const EntryMark& entry : changed.appended) changed.has_gap |= !log.append(entry);
    return changed;
}

/// What a disk has kept of its log may begin before the place from which it counts.
std::span<const EntryMark> after(Index base, std::span<const EntryMark> entries) {
    while (!entries.empty() && entries.front().index <= base) entries = entries.subspan(1);
    return entries;
}

/// Entries after the snapshot stay if the log holds its last one, and whoever tells it keeps them.
void restore(LogImage& log, const core::SnapshotMeta& meta, bool keeps_log) {
    if (keeps_log && log.term_at(meta.index) == meta.term) {
        log.drop_below(meta.index + 1);
    } else {
        log.restart(meta.index, meta.term);
    }
}

/// In memory they stay, too, if they are seen to, though they may contradict it.
void restore(LogImage& log, const StepReport& report) {
    const core::SnapshotMeta& meta = *report.restored;
    const bool agrees = log.term_at(meta.index) == meta.term;
    if (report.has_left_entries && !agrees && log.last() > meta.index) {
        return log.replace_base(meta.index, meta.term);
    }
    restore(log, meta, report.kept_log_after_restored);
}

/// The disk as it is before a write that begins to be told of.
void settle(NodeImage& image, const SyncReport& report) {
    if (report.write == 0 || report.write != std::exchange(image.newest_write, report.write)) {
        image.settled = {image.disk_hard, image.disk_log.last(), image.disk_log.last_term()};
    }
    std::optional<Index> cut = report.truncated_from;
    if (report.restored)
        cut = std::min(cut.value_or(report.restored->index + 1), report.restored->index + 1);
    if (!cut || *cut > image.settled.last) return;
    image.settled.last = *cut - 1;
    image.settled.last_term = image.disk_log.term_at(*cut - 1).value_or(Term());
}

/// What the disk holds is the beginning of what the memory holds.
bool is_prefix(const LogImage& disk, const LogImage& memory) {
    return disk.last() <= memory.base() || memory.term_at(disk.last()) == disk.last_term();
}

/// The last committed entry that this disk holds, looking no further than `upto`.
Index last_agreed(const NodeImage& image, const Commits& commits, Index upto) {
    const Index covered = std::max(image.disk_snapshot, image.disk_log.base());
    Index index = std::min({upto, commits.last(), std::max(covered, image.disk_log.last())});
    while (index > covered && image.disk_log.term_at(index) != commits.term_at(index)) {
        index = index - 1;
    }
    return index;
}

}  // namespace

Onlooker::Onlooker(const core::Time& now, std::vector<Check::Make> checks, OnViolation on_violation)
    : now_(now) {
    for (const Check::Make& make : checks) {
        checks_.push_back(make({images_, commits_, ledger_, now, on_violation}));
        for (std::size_t kind = 0; kind < fact_kind_count; ++kind) {
            const bool listens = checks_.back()->listens_to().contains(FactKind(kind));
            if (listens) listeners_[kind].push_back(checks_.back().get());
        }
    }
}

Onlooker::~Onlooker() = default;

NodeImage* Onlooker::find(NodeId node) {
    const auto found = images_.find(node);
    return found == images_.end() ? nullptr : &found->second;
}

bool Onlooker::counts(NodeId node) const {
    const auto found = images_.find(node);
    return found != images_.end() && found->second.group == group_;
}

void Onlooker::started(const StartReport& report) {
    if (!group_) group_ = report.group;
    NodeImage& image = images_[report.node];
    const NodeImage before = std::exchange(image, NodeImage{});
    image.id = report.node;
    image.group = report.group;
    image.is_up = true;
    image.starts = before.starts + 1;
    image.hard = report.hard;
    image.log.restart(report.base, report.base_term);
    const LogChange log = change(image.log, {}, after(report.base, report.entries));
    image.snapshot = report.snapshot ? report.snapshot->index : Index();
    image.applied = image.commit = image.snapshot;
    image.members = report.members;
    image.members_at = report.members_at;
    image.is_changing = report.is_changing;
    image.owes = report.owes;
    image.is_durable = report.is_durable;
    if (report.is_durable) {
        image.disk_hard = report.hard;
        image.disk_log = image.log;
        image.disk_snapshot = image.snapshot;
        image.disk_snapshot_term = report.snapshot ? report.snapshot->term : Term();
        image.settled = before.starts == 0 ? NodeImage::Settled{} : before.settled;
        // A write that nobody had been told of may have cut it off.
        const Index last = image.settled.last;
        const bool is_covered = last <= std::max(image.snapshot, image.log.base());
        if (!is_covered && image.log.term_at(last) != image.settled.last_term) {
            image.settled.last = Index();
        }
    }
    if (!counts(report.node)) return;
    if (report.snapshot) commits_.add(image.snapshot, report.snapshot->term, image.hard.term);
    const Started fact{image, before, report.disk_was_harmed, log.has_gap};
    tell(FactKind::started, &Check::on_started, fact);
}

void Onlooker::stepped(const StepReport& report) {
    NodeImage* image = find(report.node);
    if (image == nullptr) return;
    core::Members replaced;
    if (report.members) replaced = std::exchange(image->members, *report.members);
    const Index last_before = image->log.last();
    if (report.restored) restore(image->log, report);
    const LogChange log = change(image->log, report.truncated_from, report.appended);
    const Stepped fact{
        .node = *image,
        .hard_before = std::exchange(image->hard, report.hard),
        .role_before = std::exchange(image->role, report.role),
        .commit_before = std::exchange(image->commit, report.commit),
        .applied_before = std::exchange(image->applied, report.applied),
        .last_before = last_before,
        .members_at_before = std::exchange(image->members_at, report.members_at),
        .members_before = report.members ? replaced : image->members,
        .truncated_from = log.truncated_from,
        .appended = log.appended,
        .restored_to = report.restored ? std::optional(report.restored->index) : std::nullopt,
        .has_gap = log.has_gap,
        .heard = report.heard};
    image->clock = report.clock;
    image->snapshot = report.snapshot;
    image->installing = report.installing;
    image->is_changing = report.is_changing;
    image->owes = report.owes;
    image->has_lease = report.has_lease;
    image->is_silent = report.is_silent;
    image->log_bytes = report.log_bytes;
    if (report.election_timeout.count() > 0) image->election_timeout = report.election_timeout;
    image->was_removed |= report.role == Role::removed;
    if (log.truncated_from && image->is_durable) {
        image->cut_pending =
            std::min(image->cut_pending.value_or(*log.truncated_from), *log.truncated_from);
    }
    // Entries that go in the step that commits them count, too: they are dropped last.
    if (counts(report.node)) {
        for (Index i = fact.commit_before + 1; i <= image->commit; ++i) {
            if (const auto term = image->log.term_at(i)) commits_.add(i, *term, image->hard.term);
        }
        tell(FactKind::stepped, &Check::on_stepped, fact);
    }
    image->log.drop_below(report.first);
}

void Onlooker::sent(NodeId from, const core::Message& message) {
    if (!counts(from)) return;
    tell(FactKind::sent, &Check::on_sent, Sent{*find(from), message});
}

void Onlooker::synced(const SyncReport& report) {
    NodeImage* image = find(report.node);
    if (image == nullptr) return;
    settle(*image, report);
    Synced fact{*image, image->disk_hard};
    if (report.hard) image->disk_hard = *report.hard;
    fact.has_gap = change(image->disk_log, report.truncated_from, report.appended).has_gap;
    if (report.restored) restore(image->disk_log, *report.restored, true);
    for (const auto* meta : {&report.restored, &report.saved}) {
        if (!*meta || (*meta)->index < image->disk_snapshot) continue;
        image->disk_snapshot = (*meta)->index;
        image->disk_snapshot_term = (*meta)->term;
    }
    if (report.compact_below) image->disk_log.drop_below(*report.compact_below);
    if (image->cut_pending && is_prefix(image->disk_log, image->log)) image->cut_pending.reset();
    if (counts(report.node)) tell(FactKind::synced, &Check::on_synced, fact);
}

void Onlooker::crashed(NodeId node) {
    NodeImage* image = find(node);
    if (image == nullptr) return;
    image->is_up = false;
    image->role = Role::follower;
    image->has_lease = false;
    image->is_silent = false;
    if (counts(node)) tell(FactKind::crashed, &Check::on_crashed, Crashed{*image});
}

void Onlooker::not_started(NodeId node, bool disk_was_harmed, const std::string& why) {
    if (!counts(node)) return;
    tell(FactKind::not_started, &Check::on_not_started,
         NotStarted{*find(node), disk_was_harmed, why});
}

void Onlooker::forced_out(const ForcedOut& fact) {
    if (counts(fact.node)) tell(FactKind::forced_out, &Check::on_forced_out, fact);
}

void Onlooker::destroyed(NodeId node) {
    crashed(node);
    if (NodeImage* image = find(node)) image->is_gone = true;
}

void Onlooker::recovered(NodeId node, GroupId group, Index kept) {
    NodeImage& image = images_[node];
    image.id = node;
    const Recovered fact{image, counts(node) ? last_agreed(image, commits_, kept) : Index()};
    image.group = group;
    group_ = group;
    commits_.forget_after(fact.kept);
    ledger_.recovered(fact.kept);
    tell(FactKind::recovered, &Check::on_recovered, fact);
}

void Onlooker::applied(const Applied& fact) {
    if (!counts(fact.node)) return ledger_.give_up(fact.operation);
    ledger_.applied(fact);
    tell(FactKind::applied, &Check::on_applied, fact);
}

void Onlooker::queried(const Queried& fact) {
    if (!counts(fact.node)) return ledger_.give_up(fact.operation);
    ledger_.queried(fact);
    tell(FactKind::queried, &Check::on_queried, fact);
}

void Onlooker::snapshotted(const Snapshotted& fact) {
    if (counts(fact.node)) tell(FactKind::snapshotted, &Check::on_snapshotted, fact);
}

void Onlooker::hook(const HookRan& fact) {
    if (counts(fact.node)) tell(FactKind::hook, &Check::on_hook, fact);
}

void Onlooker::called(const Called& fact) {
    ledger_.called(fact);
    tell(FactKind::called, &Check::on_called, fact);
}

void Onlooker::replied(const Replied& fact) {
    ledger_.replied(fact);
    tell(FactKind::replied, &Check::on_replied, fact);
}

void Onlooker::load(const Load& fact) {
    if (counts(fact.node)) tell(FactKind::load, &Check::on_load, fact);
}

void Onlooker::calm(const Calm& fact) { tell(FactKind::calm, &Check::on_calm, fact); }

void Onlooker::clocks_off() {
    are_clocks_off_ = true;
    tell(FactKind::clocks_off, &Check::on_clocks_off, ClocksOff{now_});
}

void Onlooker::ended(const Ended& fact) { tell(FactKind::ended, &Check::on_ended, fact); }

}  // namespace rafted::sim

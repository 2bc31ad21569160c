#include "host/value_lane.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace rafted::host {
namespace {

/// A stored snapshot's bytes, from the first to the last.
class StoredBytes final : public ByteSource {
public:
    explicit StoredBytes(ports::SnapshotSource& source) : source_(source) {}
    BytesView next() override {
        constexpr std::size_t piece_bytes = std::size_t{256} << 10;
        auto piece = source_.read(offset_, piece_bytes);
        if (!piece) {
            error = std::move(piece.error());
            return {};
        }
        piece_ = std::move(*piece);
        offset_ += piece_.size();
        return piece_;
    }
    std::optional<Error> error;  ///< Why there is no next piece.

private:
    ports::SnapshotSource& source_;
    std::uint64_t offset_ = 0;
    Bytes piece_;
};

}  // namespace

ValueLane::ValueLane(Services& services, Start start, Deliver deliver)
    : services_(services),
      slot_(start.slot),
      lane_(services.workers.open_lane(ports::Urgency::prompt)),
      applier_(std::move(start.factory), start.config),
      deliver_(std::move(deliver)),
      has_hooks_(applier_.machine().has_hooks()) {}

void ValueLane::post(ValueJob job) {
    std::optional<Error> refused;
    {
        const std::lock_guard lock(mutex_);
        if (unreadable_ && std::holds_alternative<Query>(job)) {
            refused = unreadable_;
        } else {
            waiting_.push_back(std::move(job));
            if (std::exchange(scheduled_, true)) return;
        }
    }
    if (refused) return std::get<Query>(job).reply(std::unexpected(std::move(*refused)));
    services_.workers.post(lane_, [self = shared_from_this()] { self->run(); });
}

void ValueLane::retry() {
    services_.workers.post(lane_, [self = shared_from_this()] { self->run(); });
}

std::vector<ValueJob> ValueLane::take() {
    const std::lock_guard lock(mutex_);
    scheduled_ = false;
    unreadable_.reset();
    return std::exchange(waiting_, {});
}

void ValueLane::put_back(std::span<ValueJob> jobs, const Error& why) {
    std::vector<ValueJob> all(std::make_move_iterator(jobs.begin()),
                              std::make_move_iterator(jobs.end()));
    std::vector<ValueJob> queries;
    {
        const std::lock_guard lock(mutex_);
        std::ranges::move(waiting_, std::back_inserter(all));
        waiting_.clear();
        for (ValueJob& job : all) {
            (std::holds_alternative<Query>(job) ? queries : waiting_).push_back(std::move(job));
        }
        scheduled_ = true;  // by retry()
        unreadable_ = why;
    }
    for (ValueJob& query : queries) std::get<Query>(query).reply(std::unexpected(why));
}

void ValueLane::run() {
    auto jobs = take();
    auto report = std::make_shared<ValueReport>();
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        std::visit([&](auto& each) { perform(each, *report); }, jobs[i]);
        if (!report->unreadable) continue;
        put_back(std::span(jobs).subspan(i), *report->unreadable);
        break;
    }
    report->applied = applier_.applied();
    report->sessions = applier_.session_count();
    services_.mailbox.put(
        Completion([self = shared_from_this(), report] { self->deliver_(std::move(*report)); }));
}

void ValueLane::perform(Apply& job, ValueReport& report) {
    if (broken_) return;
    // A load takes the newest snapshot there is, which may cover entries that were handed out
    // before it came.
    report.entries += job.entries.size();
    std::erase_if(job.entries,
                  [this](const core::Entry& entry) { return entry.index() <= applier_.applied(); });
    auto results = applier_.apply(job.entries);
    for (std::size_t i = 0; i < results.size(); ++i) {
        value::Applied& result = results[i];
        if (result.hook) report.hooks.push_back({result.index, std::move(result.hook), {}, false});
        if (job.leading) collect_elected(job, job.entries[i], report);
        if (job.answers_wanted) report.results.push_back(std::move(result));
    }
}

void ValueLane::collect_elected(const Apply& job, const core::Entry& entry, ValueReport& report) {
    if (entry.kind() != core::EntryKind::elected || entry.term() != *job.leading) return;
    const Machine& machine = applier_.machine();
    if (job.restored_due) {
        if (auto call = machine.on_restored_from_files()) {
            report.hooks.push_back({entry.index(), std::move(call), *job.leading, true});
        }
    }
    if (auto call = machine.on_elected()) {
        report.hooks.push_back({entry.index(), std::move(call), *job.leading, false});
    }
}

void ValueLane::perform(Query& job, ValueReport& report) {
    if (broken_) return job.reply(std::unexpected(*broken_));
    Answered answered = applier_.query(job.query);
    ++report.queries;
    job.reply(std::move(answered.answer));
    if (job.leading && answered.hook) {
        report.query_hooks.push_back(
            {applier_.applied(), std::move(answered.hook), *job.leading, false});
    }
}

void ValueLane::perform(Load&, ValueReport& report) {
    auto source = services_.storage.open_snapshot(slot_);
    Result<void> loaded;
    if (!source) {
        loaded = std::unexpected(source.error());
    } else {
        StoredBytes bytes(**source);
        Reader in(bytes, static_cast<std::size_t>((*source)->size()));
        loaded = applier_.load((*source)->meta(), in);
        if (bytes.error) loaded = std::unexpected(std::move(*bytes.error));
    }
    if (loaded) {
        report.loaded_bytes = (*source)->size();
    } else if (loaded.error().code == ErrorCode::disk_failed) {
        // What the disk does not give now it may give later; what it gave will make no more sense.
        report.unreadable = loaded.error();
    } else {
        report.broken = broken_ = loaded.error();
    }
}

void ValueLane::perform(Freeze&, ValueReport& report) {
    if (broken_) return;
    auto frozen = applier_.freeze();
    if (!frozen) {
        services_.log(LogLevel::warning, "a value cannot be frozen: " + to_string(frozen.error()));
        report.freeze_failed = std::move(frozen.error());
        return;
    }
    report.frozen = std::move(*frozen);
    report.frozen_at = applier_.meta();
}

}  // namespace rafted::host

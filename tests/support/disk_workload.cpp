#include "support/disk_workload.hpp"

#include <algorithm>

#include "disk/memory_storage.hpp"
#include "support/storage_world.hpp"

namespace rafted::test {
namespace {

class Dice {
public:
    explicit Dice(std::uint64_t seed) : state_(seed * 2 + 1) {}
    std::uint64_t below(std::uint64_t n) {
        state_ = state_ * 6364136223846793005U + 1442695040888963407U;
        return (state_ >> 33) % n;
    }

private:
    std::uint64_t state_;
};

/// Makes steps and keeps the model beside them.
class Maker {
public:
    Maker(const WorkloadShape& shape, Workload& work)
        : shape_(shape), work_(work), dice_(shape.seed) {
        work_.states.push_back(groups_);
    }

    void step() {
        WorkStep step;
        if (groups_.size() < shape_.groups) {
            add_group(step);
        } else if (dice_.below(5) == 0 && save(step)) {
        } else {
            const std::uint64_t shares = 1 + dice_.below(2);
            std::vector<std::size_t> used;
            for (std::uint64_t i = 0; i < shares; ++i) {
                const std::size_t at = dice_.below(groups_.size());
                if (std::ranges::find(used, at) != used.end()) continue;
                used.push_back(at);
                step.batch.push_back(share(groups_[at]));
            }
        }
        work_.steps.push_back(std::move(step));
        work_.states.push_back(groups_);
    }

private:
    static std::uint64_t first(const ports::RecoveredGroup& group) {
        if (!group.entries.empty()) return group.entries.front().index().value;
        return group.snapshot ? group.snapshot->index.value + 1 : 1;
    }
    static std::uint64_t last(const ports::RecoveredGroup& group) {
        return first(group) + group.entries.size() - 1;
    }

    void add_group(WorkStep& step) {
        const auto slot = static_cast<ports::Slot>(groups_.size() + 1);
        const auto write = founding(slot, "group " + std::to_string(slot));
        groups_.push_back({*write.record, *write.hard_state, {}, write.append});
        step.batch.push_back(write);
    }

    bool save(WorkStep& step) {
        auto& group = groups_[dice_.below(groups_.size())];
        if (group.entries.empty() || !shape_.snapshots) return false;
        const auto& upto = group.entries[dice_.below(group.entries.size())];
        if (group.snapshot && upto.index() <= group.snapshot->index) return false;
        step.save = true;
        step.slot = group.record.slot;
        step.meta = snapshot_meta(upto.term().value, upto.index().value);
        const auto size = dice_.below(3000);
        step.bytes = some_bytes(size, dice_.below(1000));
        group.snapshot = step.meta;
        return true;
    }

    ports::GroupWrite share(ports::RecoveredGroup& group) {
        ports::GroupWrite write;
        write.slot = group.record.slot;
        const std::uint64_t what = dice_.below(12);
        if (what == 0) {
            write.record = group.record;
            write.record->name += "'";
            group.record = *write.record;
        }
        if (what < 4) {
            write.hard_state = group.hard_state;
            ++write.hard_state->term;
            write.hard_state->vote = NodeId(dice_.below(3));
            group.hard_state = *write.hard_state;
        }
        const Index covered = group.snapshot ? group.snapshot->index : Index(0);
        if (what == 5 && last(group) > covered.value) {
            const auto from = covered.value + 1 + dice_.below(last(group) - covered.value);
            write.truncate_from = Index(from);
            std::erase_if(group.entries, [&](const auto& e) { return e.index().value >= from; });
        }
        if (what > 1) {
            const auto next = last(group) + 1;
            const auto upto = next + dice_.below(4);
            write.append =
                entries(group.hard_state.term.value, next, upto, dice_.below(shape_.max_payload));
            group.entries.insert(group.entries.end(), write.append.begin(), write.append.end());
        }
        if (what == 6 && shape_.snapshots) receive(group, write);
        if (what > 6 && what < 9 && group.snapshot) {
            const auto below = std::max(first(group), covered.value + 1 - dice_.below(2));
            write.compact_below = Index(below);
            std::erase_if(group.entries, [&](const auto& e) { return e.index().value < below; });
        }
        return write;
    }

    /// A snapshot beyond the log's end, or within it.
    void receive(ports::RecoveredGroup& group, ports::GroupWrite& write) {
        const bool within = dice_.below(3) == 0 && !group.entries.empty();
        auto meta = within ? snapshot_meta(group.entries.back().term().value, last(group))
                           : snapshot_meta(group.hard_state.term.value, last(group) + 5);
        if (group.snapshot && meta.index <= group.snapshot->index) return;
        disk::MemoryStorage sender{NodeId(99)};
        rafted::test::save(sender, 1, meta, some_bytes(2500, dice_.below(100)));
        auto source = sender.open_snapshot(1);
        write.pieces = pieces_of(**source, 1000);
        if (!within) group.entries.clear();
        group.snapshot = meta;
    }

    WorkloadShape shape_;
    Workload& work_;
    Dice dice_;
    Groups groups_;
};

bool save_now(disk::DiskStorage& storage, const WorkStep& step) {
    auto sink = storage.save_snapshot(step.slot, step.meta);
    return sink && (*sink)->write(step.bytes) && (*sink)->commit();
}

}  // namespace

Workload make_workload(const WorkloadShape& shape) {
    Workload work;
    Maker maker(shape, work);
    for (std::size_t i = 0; i < shape.steps; ++i) maker.step();
    return work;
}

WorkRun run_workload(sim::SimFiles& files, const Workload& workload) {
    WorkRun run;
    ports::Recovered recovered;
    auto storage = reopen(files, recovered);
    if (!storage) return run;
    bool failed = false;
    for (std::size_t i = 0; i < workload.steps.size() && !failed; ++i) {
        const WorkStep& step = workload.steps[i];
        run.started = i + 1;
        if (step.save) {
            while ((*storage)->write_pending()) {
            }
            failed = failed || !save_now(**storage, step);
            if (!failed) run.done = i + 1;
            continue;
        }
        (*storage)->write(step.batch, [&, i](const Result<void>& done) {
            failed = failed || !done;
            if (!failed) run.done = i + 1;
        });
        if (i % 3 == 0) continue;  // goes with the next
        while ((*storage)->write_pending()) {
        }
        if (workload.prepares) static_cast<void>((*storage)->prepare_segment());
    }
    while ((*storage)->write_pending()) {
    }
    return run;
}

std::string trouble_with(const Groups& found, const Workload& workload, const WorkRun& run) {
    std::string was = "no state that ever was";
    for (std::size_t i = 0; i < workload.states.size(); ++i) {
        if (workload.states[i] != found) continue;
        if (run.done <= i && i <= run.started) return {};
        was = "the state after " + std::to_string(i);
    }
    return "answered " + std::to_string(run.done) + ", begun " + std::to_string(run.started) +
           ", found " + was;
}

Result<std::unique_ptr<disk::DiskStorage>> reopen(sim::SimFiles& files,
                                                  ports::Recovered& recovered) {
    auto options = small_options();
    options.new_node = NodeId(4711);
    auto storage = disk::DiskStorage::open(files, "node", options);
    if (!storage) return storage;
    auto found = (*storage)->recover();
    if (!found) return std::unexpected(found.error());
    recovered = std::move(*found);
    return storage;
}

std::unique_ptr<sim::SimFiles> finished_directory(const WorkloadShape& shape, Groups& groups) {
    auto files = std::make_unique<sim::SimFiles>();
    const Workload work = make_workload(shape);
    run_workload(*files, work);
    groups = work.states.back();
    return files;
}

}  // namespace rafted::test

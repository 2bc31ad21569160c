// A random but repeatable life of a storage, with a model that says what must be there after each
// step: the reference for every test that crashes or damages a disk.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "disk/disk_storage.hpp"
#include "sim/sim_files.hpp"

namespace rafted::test {

using Groups = std::vector<ports::RecoveredGroup>;

/// One step: a batch, or (with `save`) a local snapshot.
struct WorkStep {
    ports::Batch batch;
    bool save = false;
    ports::Slot slot = 0;
    core::SnapshotMeta meta;
    Bytes bytes;
};

struct Workload {
    std::vector<WorkStep> steps;
    std::vector<Groups> states;  ///< states[i]: after the first i steps.
    bool prepares = false;       ///< The journal's next segment is prepared on the way.
};

struct WorkloadShape {
    std::uint64_t seed = 1;
    std::size_t steps = 30;
    std::uint64_t groups = 3;
    std::size_t max_payload = 300;
    bool snapshots = true;
};
Workload make_workload(const WorkloadShape& shape);

/// What became of a workload that was run until the power went.
struct WorkRun {
    std::size_t done = 0;     ///< Steps that were answered with success.
    std::size_t started = 0;  ///< Steps that were given to the storage.
};
/// Runs it on the files, gathering some steps, until the end or the first error.
WorkRun run_workload(sim::SimFiles& files, const Workload& workload);
/// What is wrong with what was found after such a run, or nothing: it must be a state between the
/// last step that was answered and the last that was begun.
std::string trouble_with(const Groups& found, const Workload& workload, const WorkRun& run);

/// Opens the directory "node" and recovers it; gives the storage to go on with.
Result<std::unique_ptr<disk::DiskStorage>> reopen(sim::SimFiles& files,
                                                  ports::Recovered& recovered);

/// A small finished directory, with all kinds of records and files.
std::unique_ptr<sim::SimFiles> finished_directory(const WorkloadShape& shape, Groups& groups);

}  // namespace rafted::test

// The durable append path against a bare loop that writes the same bytes in the same batches with
// fdatasync: appended to a growing file, and into a file written before. Runs in the current
// directory, on whatever disk that is.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <numeric>

#include "disk/disk_storage.hpp"
#include "disk/posix_files.hpp"

namespace rafted {
namespace {

constexpr std::size_t payload_bytes = 256;

/// One batch's entries: `count` commands of 256 bytes.
std::vector<core::Entry> batch_of(std::uint64_t from, std::int64_t count) {
    const Bytes payload(payload_bytes, std::byte{0x5A});
    std::vector<core::Entry> entries;
    for (std::int64_t i = 0; i < count; ++i) {
        entries.push_back(
            core::Entry::make({Term(1), Index(from + static_cast<std::uint64_t>(i))}, payload));
    }
    return entries;
}

std::uint64_t bytes_of(const std::vector<core::Entry>& entries) {
    return std::accumulate(entries.begin(), entries.end(), std::uint64_t{0},
                           [](std::uint64_t sum, const auto& e) { return sum + e.size(); });
}

/// A folder below the current one, on the disk that is measured.
class Folder {
public:
    Folder() { std::filesystem::create_directories(path); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path); }
    const std::string path = "journal_bench_data";
};

void run_bare(benchmark::State& state, bool written_before) {
    const Folder folder;
    const int file = ::open((folder.path + "/bare").c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
    const auto entries = batch_of(1, state.range(0));
    std::vector<iovec> pieces;
    for (const auto& entry : entries) {
        pieces.push_back({const_cast<std::byte*>(entry.block().data()), entry.size()});
    }
    constexpr std::uint64_t file_bytes = std::uint64_t{64} << 20;
    if (written_before) {
        const Bytes zeros(std::size_t{1} << 20);
        for (std::uint64_t at = 0; at < file_bytes; at += zeros.size()) {
            if (::pwrite(file, zeros.data(), zeros.size(), static_cast<off_t>(at)) < 0)
                std::abort();
        }
        if (::fdatasync(file) != 0) std::abort();
    }
    const std::uint64_t size = bytes_of(entries);
    std::uint64_t at = 0;
    for (auto _ : state) {
        if (written_before && at + size > file_bytes) at = 0;
        std::size_t done = 0;
        auto offset = static_cast<off_t>(at);
        while (done < pieces.size()) {
            const std::size_t n = std::min<std::size_t>(pieces.size() - done, 1024);
            const auto part = ::pwritev(file, pieces.data() + done, static_cast<int>(n), offset);
            if (part < 0) std::abort();
            offset += part;
            done += n;
        }
        if (::fdatasync(file) != 0) std::abort();
        at += size;
    }
    ::close(file);
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(size));
}

void BM_BareAppend(benchmark::State& state) { run_bare(state, false); }
void BM_BareOverwrite(benchmark::State& state) { run_bare(state, true); }

void run_journal(benchmark::State& state, bool own_thread) {
    const Folder folder;
    disk::PosixFiles files;
    disk::DiskOptions options;
    options.own_thread = own_thread;
    auto storage = disk::DiskStorage::open(files, folder.path + "/node", options);
    if (!storage || !(*storage)->recover()) std::abort();
    ports::GroupWrite first;
    first.slot = 1;
    first.record = ports::GroupRecord{1, "bench", GroupId(1), false};
    first.append = batch_of(1, 1);
    std::atomic<std::uint64_t> answered{0};
    const auto write = [&](ports::GroupWrite share) {
        const std::uint64_t before = answered;
        ports::Batch batch;
        batch.push_back(std::move(share));
        (*storage)->write(std::move(batch), [&](const Result<void>& done) {
            if (!done) std::abort();
            ++answered;
            answered.notify_one();
        });
        if (own_thread) {
            answered.wait(before);
        } else {
            (*storage)->write_pending();
        }
    };
    write(std::move(first));
    std::uint64_t last = 1;
    std::uint64_t size = 0;
    for (auto _ : state) {
        state.PauseTiming();
        ports::GroupWrite share;
        share.slot = 1;
        share.append = batch_of(last + 1, state.range(0));
        last += share.append.size();
        size = bytes_of(share.append);
        // The log is let go of as snapshots would do it, so that segments come and go.
        if (last % 4096 < share.append.size()) share.compact_below = Index(last);
        state.ResumeTiming();
        write(std::move(share));
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(size));
}

void BM_Journal(benchmark::State& state) { run_journal(state, false); }
void BM_JournalWithItsThread(benchmark::State& state) { run_journal(state, true); }

BENCHMARK(BM_BareAppend)->Arg(1)->Arg(16)->Arg(64)->Arg(256)->Arg(1024)->UseRealTime();
BENCHMARK(BM_BareOverwrite)->Arg(1)->Arg(16)->Arg(64)->Arg(256)->Arg(1024)->UseRealTime();
BENCHMARK(BM_Journal)->Arg(1)->Arg(16)->Arg(64)->Arg(256)->Arg(1024)->UseRealTime();
BENCHMARK(BM_JournalWithItsThread)->Arg(1)->Arg(64)->Arg(1024)->UseRealTime();

}  // namespace
}  // namespace rafted

// The durable append path beside a bare loop that writes the same bytes in the same batches with
// fdatasync, turn by turn in one run, so that both see the same disk: once appended to a growing
// file, once into a file written before. Runs in the current directory, on whatever disk that is.
// The counters are medians in microseconds, and the journal's ratio to each of the two.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "disk/disk_storage.hpp"
#include "disk/posix_files.hpp"
#include "scratch_folder.hpp"

namespace rafted {
namespace {

constexpr std::size_t payload_bytes = 256;
constexpr std::uint64_t file_bytes = std::uint64_t{64} << 20;

void need(bool condition) {
    if (!condition) std::abort();
}

/// One batch's entries: `count` commands of 256 bytes.
std::vector<core::Entry> batch_of(std::uint64_t from, std::int64_t count) {
    const Bytes payload(payload_bytes, std::byte{0x5A});
    std::vector<core::Entry> entries;
    for (std::int64_t i = 0; i < count; ++i) {
        const Index index(from + static_cast<std::uint64_t>(i));
        entries.push_back(core::Entry::make({Term(1), index}, payload));
    }
    return entries;
}

/// The least a program can do.
class BareFile {
public:
    BareFile(const std::string& path, bool written_before)
        : file_(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600)) {
        need(file_ >= 0);
        const Bytes zeros(std::size_t{1} << 20);
        for (std::uint64_t at = 0; written_before && at < file_bytes; at += zeros.size()) {
            need(::pwrite(file_, zeros.data(), zeros.size(), static_cast<off_t>(at)) > 0);
        }
        need(::fdatasync(file_) == 0);
    }
    BareFile(const BareFile&) = delete;
    BareFile& operator=(const BareFile&) = delete;
    ~BareFile() { ::close(file_); }

    void write(const std::vector<core::Entry>& entries) {
        pieces_.clear();
        for (const auto& entry : entries) {
            pieces_.push_back({const_cast<std::byte*>(entry.block().data()), entry.size()});
        }
        for (std::size_t done = 0; done < pieces_.size();) {
            const std::size_t n = std::min<std::size_t>(pieces_.size() - done, 1024);
            const auto part = ::pwritev(file_, pieces_.data() + done, static_cast<int>(n), at_);
            need(part > 0);
            at_ += part;
            done += n;
        }
        need(::fdatasync(file_) == 0);
        if (static_cast<std::uint64_t>(at_) > file_bytes - (file_bytes >> 4)) at_ = 0;
    }

private:
    int file_;
    off_t at_ = 0;
    std::vector<iovec> pieces_;
};

class JournalFile {
public:
    explicit JournalFile(const std::string& dir, bool own_thread) : own_thread_(own_thread) {
        disk::DiskOptions options;
        options.own_thread = own_thread;
        auto storage = disk::DiskStorage::open(files_, dir, options);
        need(storage && (*storage)->recover());
        storage_ = std::move(*storage);
        ports::GroupWrite first;
        first.slot = 1;
        first.record = ports::GroupRecord{1, "bench", GroupId(1), false};
        write(std::move(first));
    }

    /// The log is let go of as snapshots would do it, so that segments come and go.
    void write(std::vector<core::Entry> entries) {
        ports::GroupWrite share;
        share.slot = 1;
        const Index last = entries.back().index();
        if (last - kept_from_ > 65'536) share.compact_below = kept_from_ = last - 1'000;
        share.append = std::move(entries);
        write(std::move(share));
    }
    /// What another thread does beside the writing, or else nobody.
    void prepare() {
        if (!own_thread_) storage_->prepare_segment();
    }

private:
    void write(ports::GroupWrite share) {
        const std::uint64_t before = answered_;
        ports::Batch batch;
        batch.push_back(std::move(share));
        storage_->write(std::move(batch), [this](const Result<void>& done) {
            need(done.has_value());
            ++answered_;
            answered_.notify_one();
        });
        if (own_thread_) {
            answered_.wait(before);
        } else {
            storage_->write_pending();
        }
    }

    disk::PosixFiles files_;
    bool own_thread_;
    std::unique_ptr<disk::DiskStorage> storage_;
    std::atomic<std::uint64_t> answered_{0};
    Index kept_from_{1};
};

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

void BM_Append(benchmark::State& state, bool own_thread) {
    using Clock = std::chrono::steady_clock;
    const bench::ScratchFolder folder("journal_bench_data");
    BareFile appended(folder.path + "/appended", false);
    BareFile overwritten(folder.path + "/overwritten", true);
    JournalFile journal(folder.path + "/node", own_thread);
    std::vector<double> times[3];
    std::uint64_t next = 1;
    const auto timed = [&times](int which, const auto& work) {
        const auto begin = Clock::now();
        work();
        times[which].push_back(
            std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
    };
    for (auto _ : state) {
        auto entries = batch_of(next, state.range(0));
        next += entries.size();
        timed(0, [&] { appended.write(entries); });
        timed(1, [&] { overwritten.write(entries); });
        timed(2, [&] { journal.write(std::move(entries)); });
        journal.prepare();
    }
    state.counters["bare_append"] = median(times[0]);
    state.counters["bare_overwrite"] = median(times[1]);
    state.counters["journal"] = median(times[2]);
    state.counters["to_append"] = median(times[2]) / median(times[0]);
    state.counters["to_overwrite"] = median(times[2]) / median(times[1]);
}

BENCHMARK_CAPTURE(BM_Append, by_hand, false)->Arg(1)->Arg(16)->Arg(64)->Arg(256)->Arg(1024);
BENCHMARK_CAPTURE(BM_Append, own_thread, true)->Arg(1)->Arg(64)->Arg(1024);

}  // namespace
}  // namespace rafted

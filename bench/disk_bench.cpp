// What the disk costs, all in one run on the disk of the current directory: the append path beside
// a bare loop of the same bytes, reading a journal back, opening a thousand groups, and how large
// the journal is while one group is busy and a thousand are idle.
//
//   bench_disk_bench [--rounds N] [--journal-mib M] [--groups G] [--busy-mib M]
//
// The defaults are a trial run; docs/performance.md says with which numbers its figures were made.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "core/checksum.hpp"
#include "disk/disk_storage.hpp"
#include "disk/posix_files.hpp"
#include "rafted/rafted.hpp"
#include "scratch_folder.hpp"

namespace rafted {
namespace {

using Clock = std::chrono::steady_clock;
constexpr double mib = 1 << 20;
constexpr std::size_t payload_bytes = 256;

struct Options {
    std::uint64_t rounds = 20;
    std::uint64_t journal_mib = 16;
    std::uint64_t groups = 100;
    std::uint64_t busy_mib = 16;
};

[[noreturn]] void die(const std::string& what) {
    std::fprintf(stderr, "bench_disk_bench: %s\n", what.c_str());
    std::_Exit(1);
}
template <class T>
T must(Result<T> result) {
    if (!result) die(to_string(result.error()));
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}
void need(bool condition, const char* what) {
    if (!condition) die(what);
}

double seconds_of(const auto& work) {
    const auto begin = Clock::now();
    work();
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// Of this process, all threads; what others take of the machine is not in it.
double processor_seconds() {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

std::vector<core::Entry> commands(Index from, std::uint64_t count) {
    const Bytes payload(payload_bytes, std::byte{0x5A});
    std::vector<core::Entry> entries;
    for (std::uint64_t i = 0; i < count; ++i) {
        entries.push_back(core::Entry::make({Term(1), from + i}, payload));
    }
    return entries;
}

/// The storage of a node, driven by hand: what is measured is its work, not a thread's wake-up.
class Store {
public:
    explicit Store(const std::string& dir) {
        disk::DiskOptions options;
        options.own_thread = false;
        storage_ = must(disk::DiskStorage::open(files_, dir, options));
        recovered = must(storage_->recover());
    }
    void make(ports::Slot slot) {
        ports::GroupWrite share;
        share.slot = slot;
        share.record = ports::GroupRecord{slot, "g" + std::to_string(slot), GroupId(slot), false};
        add(std::move(share));
    }
    void append(ports::Slot slot, std::vector<core::Entry> entries, Index compact_below = {}) {
        ports::GroupWrite share;
        share.slot = slot;
        share.append = std::move(entries);
        if (compact_below > Index(0)) share.compact_below = compact_below;
        add(std::move(share));
    }
    void write() {
        storage_->write(std::exchange(batch_, {}), [](const Result<void>& done) { must(done); });
        storage_->write_pending();
    }
    /// What a node's other thread does meanwhile.
    void prepare() { storage_->prepare_segment(); }
    std::uint64_t bytes() const { return storage_->journal_bytes(); }
    ports::Recovered recovered;

private:
    void add(ports::GroupWrite share) { batch_.push_back(std::move(share)); }

    disk::PosixFiles files_;
    std::unique_ptr<disk::DiskStorage> storage_;
    ports::Batch batch_;
};

/// The least a program can do: the bytes go over a file that was written before.
class BareFile {
public:
    explicit BareFile(const std::string& path)
        : file_(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600)) {
        need(file_ >= 0, "no file");
        const Bytes zeros(std::size_t{1} << 20);
        for (std::size_t at = 0; at < size; at += zeros.size()) {
            need(::pwrite(file_, zeros.data(), zeros.size(), static_cast<off_t>(at)) > 0, "write");
        }
        need(::fdatasync(file_) == 0, "sync");
    }
    BareFile(const BareFile&) = delete;
    BareFile& operator=(const BareFile&) = delete;
    ~BareFile() { ::close(file_); }

    void write(const std::vector<core::Entry>& entries) {
        std::vector<iovec> pieces;
        for (const auto& entry : entries) {
            pieces.push_back({const_cast<std::byte*>(entry.block().data()), entry.size()});
        }
        for (std::size_t done = 0; done < pieces.size();) {
            const int count = static_cast<int>(std::min<std::size_t>(pieces.size() - done, 1024));
            const auto part = ::pwritev(file_, pieces.data() + done, count, at_);
            need(part > 0, "write");
            at_ += part;
            done += static_cast<std::size_t>(count);
        }
        need(::fdatasync(file_) == 0, "sync");
        if (at_ > static_cast<off_t>(size - size / 16)) at_ = 0;
    }

private:
    static constexpr std::size_t size = std::size_t{64} << 20;
    int file_;
    off_t at_ = 0;
};

double median(std::vector<double>& values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

/// Turn by turn, so that both see the same disk.
void bench_append(const bench::ScratchFolder& folder, const Options& options) {
    std::printf("append: entries of %zu bytes, one batch and one sync at a time, %llu rounds\n",
                payload_bytes, static_cast<unsigned long long>(options.rounds));
    std::printf("  %8s %14s %14s %9s %9s\n", "entries", "bare median us", "journal", "ratio",
                "of sums");
    BareFile bare(folder.path + "/bare");
    Store store(folder.path + "/append");
    store.make(1);
    store.write();
    Index next(1);
    for (const std::uint64_t count : {1U, 16U, 64U, 256U, 1024U}) {
        std::vector<double> times[2];
        double sums[2] = {};
        for (std::uint64_t round = 0; round < options.rounds; ++round) {
            const auto entries = commands(next, count);
            next = next + count;
            const Index below = next.value > 5'000 ? next - 4'000 : Index(0);
            times[0].push_back(1e6 * seconds_of([&] { bare.write(entries); }));
            times[1].push_back(1e6 * seconds_of([&] {
                                   store.append(1, entries, below);
                                   store.write();
                               }));
            store.prepare();
            for (int i = 0; i < 2; ++i) sums[i] += times[i].back();
        }
        const double bare_time = median(times[0]);
        const double journal = median(times[1]);
        std::printf("  %8llu %14.0f %14.0f %9.2f %9.2f\n", static_cast<unsigned long long>(count),
                    bare_time, journal, journal / bare_time, sums[1] / sums[0]);
    }
}

std::vector<std::string> files_below(const std::string& dir) {
    std::vector<std::string> paths;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(dir)) {
        if (entry.is_regular_file()) paths.push_back(entry.path().string());
    }
    std::ranges::sort(paths);
    return paths;
}

/// The next read of these files comes from the disk.
void forget_cached(const std::string& dir) {
    for (const auto& path : files_below(dir)) {
        const int file = ::open(path.c_str(), O_RDONLY);
        need(file >= 0 && ::fdatasync(file) == 0, "sync");
        ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
        ::close(file);
    }
}

double read_all(const std::string& dir) {
    Bytes buffer(std::size_t{1} << 20);
    double bytes = 0;
    for (const auto& path : files_below(dir)) {
        const int file = ::open(path.c_str(), O_RDONLY);
        for (ssize_t n = 1; n > 0;) {
            n = ::read(file, buffer.data(), buffer.size());
            need(n >= 0, "read");
            bytes += static_cast<double>(n);
        }
        ::close(file);
    }
    return bytes;
}

struct Length {
    using Command = std::string;
    using Query = Unit;
    std::uint64_t total = 0;
    std::uint64_t command(const std::string& text) { return total += text.size(); }
    std::uint64_t query(Unit) const { return total; }
};

/// What a core must do at least: check each entry, and apply it to a small value. MiB per second.
double apply_speed() {
    constexpr std::uint64_t count = 100'000;
    const Bytes command = encode(std::string(payload_bytes - 4, 'x'));
    const auto sample = core::Entry::make({Term(1), Index(1)}, command);
    const auto owner = std::make_shared<Bytes>(count * sample.size());
    for (std::uint64_t i = 0; i < count; ++i) {
        std::ranges::copy(sample.block(),
                          owner->begin() + static_cast<std::ptrdiff_t>(i * sample.size()));
    }
    Typed<Length> value;
    const double before = processor_seconds();
    for (std::uint64_t i = 0; i < count; ++i) {
        const auto entry =
            core::Entry::decode(owner, BytesView(*owner).subspan(i * sample.size(), sample.size()));
        need(entry.has_value(), "an entry does not verify");
        must(value.command({}, entry->payload()).answer);
    }
    return static_cast<double>(owner->size()) / mib / (processor_seconds() - before);
}

void bench_recovery(const bench::ScratchFolder& folder, const Options& options) {
    const std::string dir = folder.path + "/large";
    double entry_bytes = 0;
    {
        Store store(dir);
        store.make(1);
        store.write();
        for (Index next(1); entry_bytes < static_cast<double>(options.journal_mib) * mib;) {
            auto entries = commands(next, 512);
            next = next + entries.size();
            for (const auto& entry : entries) entry_bytes += static_cast<double>(entry.size());
            store.append(1, std::move(entries));
            store.write();
        }
    }
    forget_cached(dir);
    double bytes = 0;
    const double device = seconds_of([&] { bytes = read_all(dir); });
    const auto recover = [&] {
        const Store store(dir);
        need(!store.recovered.groups.at(0).entries.empty(), "nothing was recovered");
    };
    const double processor_before = processor_seconds();
    const double warm = seconds_of(recover);
    const double processor = processor_seconds() - processor_before;
    forget_cached(dir);
    const double cold = seconds_of(recover);
    std::printf("\nrecovery: a journal of %.0f MiB (entries: %.0f MiB)\n", bytes / mib,
                entry_bytes / mib);
    const double device_speed = bytes / mib / device;
    const double core_speed = apply_speed();
    const double lower = std::min(device_speed, core_speed);
    std::printf("  device, sequential read        %8.0f MiB/s\n", device_speed);
    std::printf("  one core, checksums and apply  %8.0f MiB/s of processor time\n", core_speed);
    std::printf("  recovery, from the disk        %8.0f MiB/s  %.2f s  %.0f %% of the lower\n",
                bytes / mib / cold, cold, 100 * bytes / mib / cold / lower);
    std::printf("  recovery, from the cache       %8.0f MiB/s  %.2f s\n", bytes / mib / warm, warm);
    std::printf("  the same, of processor time    %8.0f MiB/s  %.2f s\n", bytes / mib / processor,
                processor);
    std::filesystem::remove_all(dir);
}

struct Counter {
    using Command = int;
    using Query = Unit;
    int total = 0;
    int command(int by) { return total += by; }
    int query(Unit) const { return total; }
};

void bench_many_groups(const bench::ScratchFolder& folder, const Options& options) {
    const std::string dir = folder.path + "/many";
    NodeConfig config;
    config.dir = dir;
    const auto name = [](std::uint64_t i) { return "group-" + std::to_string(i); };
    double make = seconds_of([&] {
        auto node = must(Node::open(config));
        for (std::uint64_t i = 0; i < options.groups; ++i) {
            auto group = must(node.create_group<Counter>(name(i)));
            must(group.command(1));
        }
        must(node.close());
    });
    forget_cached(dir);
    std::optional<Node> node;
    const double open = seconds_of([&] { node.emplace(must(Node::open(config))); });
    const double serve = seconds_of([&] {
        for (std::uint64_t i = 0; i < options.groups; ++i) {
            must(node->create_group<Counter>(name(i)));
        }
    });
    must(node->close());
    std::printf("\n%llu groups with an entry or two each (made in %.1f s)\n",
                static_cast<unsigned long long>(options.groups), make);
    std::printf("  the node opens in        %8.3f s\n", open);
    std::printf("  all lead and serve after %8.3f s more, asked for one after the other\n", serve);
}

void bench_idle_groups(const bench::ScratchFolder& folder, const Options& options) {
    Store store(folder.path + "/idle");
    for (ports::Slot slot = 1; slot <= options.groups + 1; ++slot) {
        store.make(slot);
        store.append(slot, commands(Index(1), 10));
    }
    store.write();
    // The busy one keeps 4 MiB of log, as its snapshots would have it.
    const ports::Slot busy = 1;
    const std::uint64_t kept = (4 << 20) / commands(Index(1), 1)[0].size();
    Index next(11);
    double written = 0;
    std::uint64_t most = 0;
    while (written < static_cast<double>(options.busy_mib) * mib) {
        auto entries = commands(next, 256);
        next = next + entries.size();
        written += 256.0 * static_cast<double>(entries[0].size());
        const bool is_long = next.value > 2 * kept;
        store.append(busy, std::move(entries), is_long ? next - kept : Index(0));
        store.write();
        store.prepare();
        most = std::max(most, store.bytes());
    }
    const auto entry = static_cast<double>(commands(Index(1), 1)[0].size());
    const double live =
        entry * (static_cast<double>(options.groups) * 10 + 2 * static_cast<double>(kept));
    const double segment = static_cast<double>(disk::JournalOptions().segment_bytes);
    const double bound = 2 * live + 6 * segment;
    std::printf("\njournal: one busy group (%.0f MiB written), %llu idle ones\n", written / mib,
                static_cast<unsigned long long>(options.groups));
    std::printf(
        "  at most %.1f MiB on disk with up to %.1f MiB alive; the bound is %.1f MiB "
        "(twice what lives and six segments)\n",
        static_cast<double>(most) / mib, live / mib, bound / mib);
    need(static_cast<double>(most) <= bound, "the journal is larger than its bound");
}

Options parse(int count, char** words) {
    Options options;
    for (int i = 1; i < count; i += 2) {
        const std::string word = words[i];
        std::uint64_t* number = word == "--rounds"        ? &options.rounds
                                : word == "--journal-mib" ? &options.journal_mib
                                : word == "--groups"      ? &options.groups
                                : word == "--busy-mib"    ? &options.busy_mib
                                                          : nullptr;
        if (number != nullptr && i + 1 < count) *number = std::strtoull(words[i + 1], nullptr, 10);
        if (number != nullptr && i + 1 < count && *number > 0) continue;
        std::fprintf(stderr,
                     "bench_disk_bench: bad argument '%s'\nusage: bench_disk_bench [--rounds N] "
                     "[--journal-mib M] [--groups G] [--busy-mib M]\n",
                     words[i]);
        std::_Exit(2);
    }
    return options;
}

}  // namespace
}  // namespace rafted

int main(int count, char** words) {
    const auto options = rafted::parse(count, words);
    const rafted::bench::ScratchFolder folder("disk_bench_data");
    rafted::bench_append(folder, options);
    rafted::bench_recovery(folder, options);
    rafted::bench_many_groups(folder, options);
    rafted::bench_idle_groups(folder, options);
    return 0;
}

#include "sim/sim_files.hpp"

#include <algorithm>

namespace rafted::sim {

using ports::DirectoryLock;
using ports::File;
using ports::OpenMode;

namespace {

std::uint64_t next(std::uint64_t& state) {
    std::uint64_t z = (state += 0x9E3779B97F4A7C15U);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
}

std::string parent_of(const std::string& path) {
    const auto slash = path.find_last_of('/');
    return slash == std::string::npos ? "." : path.substr(0, slash);
}

void overwrite(Bytes& bytes, std::uint64_t offset, BytesView part) {
    if (part.empty()) return;
    bytes.resize(std::max<std::size_t>(bytes.size(), offset + part.size()));
    std::copy(part.begin(), part.end(), bytes.begin() + static_cast<std::ptrdiff_t>(offset));
}

std::unexpected<Error> dead(const std::string& path) {
    return fail(ErrorCode::disk_failed, "no power: " + path);
}

}  // namespace

struct SimFiles::Inode {
    Bytes live;
    Bytes durable;
    std::vector<std::pair<std::uint64_t, Bytes>> unsynced;
    std::vector<std::pair<std::uint64_t, Bytes>> in_flight;  // cut short by the end of power
};

class SimFiles::OpenFile final : public File {
public:
    OpenFile(SimFiles& files, std::shared_ptr<Inode> inode, std::string path)
        : files_(files),
          inode_(std::move(inode)),
          path_(std::move(path)),
          generation_(files.generation_) {}

    Result<std::uint64_t> size() const override {
        const std::lock_guard hold(files_.mutex_);
        if (is_dead()) return dead(path_);
        return inode_->live.size();
    }

    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> into) const override {
        const std::lock_guard hold(files_.mutex_);
        if (is_dead()) return dead(path_);
        const auto& bad = files_.faults_.fail_reads_of;
        if (bad && path_.find(*bad) != std::string::npos) {
            return fail(ErrorCode::disk_failed, "cannot read " + path_ + ": injected");
        }
        const auto& bytes = inode_->live;
        if (offset >= bytes.size()) return std::size_t{0};
        const auto part = BytesView(bytes).subspan(offset);
        const std::size_t n = std::min(part.size(), into.size());
        std::copy_n(part.begin(), n, into.begin());
        return n;
    }

    Result<void> write(std::uint64_t offset, std::span<const BytesView> pieces) override {
        const std::lock_guard hold(files_.mutex_);
        Bytes all;
        for (const BytesView piece : pieces) all.insert(all.end(), piece.begin(), piece.end());
        if (is_dead()) return dead(path_);
        if (auto going = files_.begin_change(); !going) {
            inode_->in_flight.emplace_back(offset, std::move(all));  // as the power went
            return going;
        }
        auto& left = files_.faults_.fail_write_after;
        if (left && (*left)-- == 0) {
            left.reset();
            return fail(ErrorCode::disk_failed, "cannot write " + path_ + ": injected");
        }
        auto& until_full = files_.faults_.full_write_after;
        if (until_full && (*until_full)-- == 0) {
            until_full.reset();
            all.resize(all.size() / 2);
            overwrite(inode_->live, offset, all);
            inode_->unsynced.emplace_back(offset, std::move(all));
            return fail(ErrorCode::disk_full, "cannot write " + path_ + ": no space left");
        }
        const std::uint64_t end = offset + all.size();
        const std::uint64_t size = inode_->live.size();
        const std::uint64_t growth = end > size ? end - size : 0;
        const std::uint64_t used = files_.used();
        const std::uint64_t room =
            files_.faults_.capacity > used ? files_.faults_.capacity - used : 0;
        const bool full = growth > room;
        if (full) all.resize(all.size() - std::min<std::uint64_t>(growth - room, all.size()));
        overwrite(inode_->live, offset, all);
        inode_->unsynced.emplace_back(offset, std::move(all));
        if (full) return fail(ErrorCode::disk_full, "cannot write " + path_ + ": no space left");
        return {};
    }

    Result<void> sync() override {
        const std::lock_guard hold(files_.mutex_);
        if (is_dead()) return dead(path_);
        if (auto going = files_.begin_change(); !going) return going;
        auto& left = files_.faults_.fail_sync_after;
        if (left && (*left)-- == 0) {
            left.reset();
            inode_->unsynced.clear();  // marked clean although never written
            return fail(ErrorCode::disk_failed, "cannot sync " + path_ + ": injected");
        }
        for (const auto& [offset, bytes] : inode_->unsynced) {
            overwrite(inode_->durable, offset, bytes);
        }
        inode_->unsynced.clear();
        return {};
    }

private:
    bool is_dead() const { return !files_.power_ || generation_ != files_.generation_; }

    SimFiles& files_;
    std::shared_ptr<Inode> inode_;
    std::string path_;
    std::uint64_t generation_;
};

class SimFiles::HeldLock final : public DirectoryLock {
public:
    HeldLock(SimFiles& files, std::string path)
        : files_(files), path_(std::move(path)), generation_(files.generation_) {}
    HeldLock(const HeldLock&) = delete;
    HeldLock& operator=(const HeldLock&) = delete;
    ~HeldLock() override {
        const std::lock_guard hold(files_.mutex_);
        if (generation_ == files_.generation_) files_.locked_.erase(path_);
    }

private:
    SimFiles& files_;
    std::string path_;
    std::uint64_t generation_;
};

SimFiles::SimFiles() = default;
SimFiles::~SimFiles() = default;

Result<void> SimFiles::begin_change() {
    if (!power_) return dead("the machine is off");
    if (faults_.stop_after && (*faults_.stop_after)-- == 0) {
        power_ = false;
        if (on_power_lost_) on_power_lost_();
        return dead("the machine went off");
    }
    ++changes_;
    return {};
}

void SimFiles::change_names(NameChange change) {
    for (const auto& [path, inode] : change.names) {
        if (inode) {
            names_[path] = inode;
        } else {
            names_.erase(path);
        }
    }
    unsynced_names_.push_back(std::move(change));
}

std::uint64_t SimFiles::used() const {
    std::uint64_t sum = 0;
    for (const auto& [path, inode] : names_) sum += inode->live.size();
    return sum;
}

Result<std::unique_ptr<File>> SimFiles::open(const std::string& path, OpenMode mode) {
    const std::lock_guard hold(mutex_);
    if (!power_) return dead(path);
    if (mode == OpenMode::create || mode == OpenMode::create_beside) {
        if (auto going = begin_change(); !going) return std::unexpected(going.error());
        if (!directories_.contains(parent_of(path))) {
            return fail(ErrorCode::invalid, "cannot open " + path + ": no such directory");
        }
        change_names({parent_of(path), {{path, std::make_shared<Inode>()}}});
    }
    const auto found = names_.find(path);
    if (found == names_.end()) {
        return fail(ErrorCode::invalid, "cannot open " + path + ": no such file");
    }
    return std::make_unique<OpenFile>(*this, found->second, path);
}

Result<void> SimFiles::make_directory(const std::string& path) {
    const std::lock_guard hold(mutex_);
    if (directories_.contains(path)) return {};
    if (auto going = begin_change(); !going) return going;
    for (std::string at = path; at != "." && !at.empty(); at = parent_of(at)) {
        directories_.insert(at);
    }
    return {};
}

Result<std::optional<std::vector<std::string>>> SimFiles::list(const std::string& path) {
    const std::lock_guard hold(mutex_);
    if (!power_) return dead(path);
    if (!directories_.contains(path)) return std::nullopt;
    std::set<std::string> found;
    const std::string prefix = path + "/";
    const auto take = [&](const std::string& name) {
        if (!name.starts_with(prefix)) return;
        const std::string rest = name.substr(prefix.size());
        found.insert(rest.substr(0, rest.find('/')));
    };
    for (const auto& [name, inode] : names_) take(name);
    for (const auto& name : directories_) take(name);
    return std::vector<std::string>(found.begin(), found.end());
}

Result<void> SimFiles::rename(const std::string& from, const std::string& to) {
    const std::lock_guard hold(mutex_);
    if (auto going = begin_change(); !going) return going;
    const auto found = names_.find(from);
    if (found == names_.end()) {
        return fail(ErrorCode::invalid, "cannot rename " + from + ": no such file");
    }
    change_names({parent_of(to), {{to, found->second}, {from, nullptr}}});
    return {};
}

Result<void> SimFiles::remove(const std::string& path) {
    const std::lock_guard hold(mutex_);
    if (auto going = begin_change(); !going) return going;
    if (names_.contains(path)) change_names({parent_of(path), {{path, nullptr}}});
    return {};
}

Result<void> SimFiles::sync_directory(const std::string& path) {
    const std::lock_guard hold(mutex_);
    if (auto going = begin_change(); !going) return going;
    std::erase_if(unsynced_names_, [&](const NameChange& change) {
        if (change.directory != path) return false;
        for (const auto& [name, inode] : change.names) {
            if (inode) {
                durable_names_[name] = inode;
            } else {
                durable_names_.erase(name);
            }
        }
        return true;
    });
    return {};
}

Result<std::unique_ptr<DirectoryLock>> SimFiles::lock(const std::string& path) {
    const std::lock_guard hold(mutex_);
    if (!power_) return dead(path);
    if (!names_.contains(path)) {
        change_names({parent_of(path), {{path, std::make_shared<Inode>()}}});
    }
    if (!locked_.insert(path).second) {
        return fail(ErrorCode::in_use, path + " is in use by another process");
    }
    return std::make_unique<HeldLock>(*this, path);
}

void SimFiles::set_faults(Faults faults) {
    const std::lock_guard hold(mutex_);
    faults_ = std::move(faults);
}

SimFiles::Faults SimFiles::faults() const {
    const std::lock_guard hold(mutex_);
    return faults_;
}

std::uint64_t SimFiles::used_bytes() const {
    const std::lock_guard hold(mutex_);
    return used();
}

void SimFiles::cut_power() {
    const std::lock_guard hold(mutex_);
    power_ = false;
}

bool SimFiles::has_power() const {
    const std::lock_guard hold(mutex_);
    return power_;
}

void SimFiles::on_power_lost(std::function<void()> what) {
    const std::lock_guard hold(mutex_);
    on_power_lost_ = std::move(what);
}

void SimFiles::drop_unsynced(Inode& inode, Loss loss, std::uint64_t& random) {
    auto& writes = inode.unsynced;
    std::ranges::move(inode.in_flight, std::back_inserter(writes));
    inode.in_flight.clear();
    const std::size_t whole = loss == Loss::any_prefix ? next(random) % (writes.size() + 1) : 0;
    for (std::size_t i = 0; i < writes.size() && loss != Loss::everything; ++i) {
        const auto& [offset, bytes] = writes[i];
        if (loss == Loss::any_prefix) {
            if (i > whole) break;
            const std::uint64_t cut = (offset + next(random) % (bytes.size() + 1)) / sector_bytes;
            const std::uint64_t n =
                i < whole ? bytes.size() : std::max(cut * sector_bytes, offset) - offset;
            overwrite(inode.durable, offset, BytesView(bytes).first(n));
            continue;
        }
        if (loss == Loss::any_write) {
            if (next(random) % 2 == 0) overwrite(inode.durable, offset, bytes);
            continue;
        }
        for (std::uint64_t at = 0; at < bytes.size();) {
            const std::uint64_t sector_end = ((offset + at) / sector_bytes + 1) * sector_bytes;
            const std::uint64_t n =
                std::min<std::uint64_t>(sector_end - offset - at, bytes.size() - at);
            const bool keep = loss == Loss::nothing || next(random) % 2 == 0;
            if (keep) overwrite(inode.durable, offset + at, BytesView(bytes).subspan(at, n));
            at += n;
        }
    }
    inode.unsynced.clear();
    inode.live = inode.durable;
}

void SimFiles::crash(Loss loss, std::uint64_t seed) {
    const std::lock_guard hold(mutex_);
    std::uint64_t random = seed;
    std::map<std::string, std::size_t> changes_of;
    for (const auto& change : unsynced_names_) ++changes_of[change.directory];
    for (auto& [directory, count] : changes_of) {
        if (loss == Loss::nothing) continue;
        count = loss == Loss::everything ? 0 : next(random) % (count + 1);
    }
    for (const auto& change : unsynced_names_) {
        auto& left = changes_of[change.directory];
        if (left == 0) continue;
        --left;
        for (const auto& [name, inode] : change.names) {
            if (inode) {
                durable_names_[name] = inode;
            } else {
                durable_names_.erase(name);
            }
        }
    }
    unsynced_names_.clear();
    names_ = durable_names_;
    for (auto& [path, inode] : names_) drop_unsynced(*inode, loss, random);
    locked_.clear();
    faults_ = {};
    power_ = true;
    ++generation_;
}

void SimFiles::kill_process() {
    const std::lock_guard hold(mutex_);
    for (auto& [path, inode] : names_) inode->in_flight.clear();
    locked_.clear();
    faults_ = {};
    power_ = true;
    ++generation_;
}

std::uint64_t SimFiles::changes() const {
    const std::lock_guard hold(mutex_);
    return changes_;
}

std::vector<std::string> SimFiles::paths() const {
    const std::lock_guard hold(mutex_);
    std::vector<std::string> found;
    for (const auto& [path, inode] : names_) found.push_back(path);
    return found;
}

Bytes SimFiles::contents(const std::string& path) const {
    const std::lock_guard hold(mutex_);
    return names_.at(path)->live;
}

void SimFiles::put(const std::string& path, Bytes bytes) {
    const std::lock_guard hold(mutex_);
    auto inode = std::make_shared<Inode>();
    inode->live = inode->durable = std::move(bytes);
    for (std::string at = parent_of(path); at != "." && !at.empty(); at = parent_of(at)) {
        directories_.insert(at);
    }
    names_[path] = durable_names_[path] = std::move(inode);
}

void SimFiles::flip(const std::string& path, std::uint64_t offset, std::byte mask) {
    const std::lock_guard hold(mutex_);
    auto& inode = *names_.at(path);
    inode.live.at(offset) ^= mask;
    if (offset < inode.durable.size()) inode.durable[offset] ^= mask;
}

std::unique_ptr<SimFiles> SimFiles::copy() const {
    const std::lock_guard hold(mutex_);
    auto other = std::make_unique<SimFiles>();
    other->directories_ = directories_;
    for (const auto& [path, inode] : names_) {
        auto twin = std::make_shared<Inode>();
        twin->live = twin->durable = inode->live;
        other->names_[path] = other->durable_names_[path] = twin;
    }
    return other;
}

}  // namespace rafted::sim

#include "disk/spare.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace rafted::disk {
namespace {

/// Given to the device at a time: what the journal writes meanwhile waits for no more than that.
constexpr std::uint64_t slice_bytes = 128 << 10;
constexpr std::size_t zeros_at_once = 64 << 10;
constexpr std::array<std::byte, zeros_at_once> zeros{};

}  // namespace

Result<void> write_zeros(ports::File& file, std::uint64_t from, std::uint64_t to) {
    if (from >= to) return {};
    std::vector<BytesView> pieces((to - from) / zeros_at_once, BytesView(zeros));
    pieces.push_back(BytesView(zeros).first((to - from) % zeros_at_once));
    return file.write(from, pieces);
}

/// What a process leaves of it goes at the next start, as all unfinished segments do.
std::string Spare::path() const { return home_.dir + "/spare.log.new"; }

void Spare::want(std::uint64_t segment) {
    const std::lock_guard hold(mutex_);
    const bool may = state_ == State::none || state_ == State::old;
    if (!may || failed_for_ == segment) return;
    wanted_for_ = segment;
    state_ = State::making;
    wake_.notify_one();
}

bool Spare::is_whole() const {
    const std::lock_guard hold(mutex_);
    return state_ == State::whole;
}

std::unique_ptr<ports::File> Spare::take() {
    const std::lock_guard hold(mutex_);
    if (state_ != State::whole) return nullptr;
    state_ = State::none;
    bytes_ = 0;
    return std::move(file_);
}

bool Spare::recycle(const std::string& segment_path, std::uint64_t bytes) {
    const std::lock_guard hold(mutex_);
    if (state_ != State::none) return false;
    if (!home_.files->rename(segment_path, path())) return false;
    state_ = State::old;
    bytes_ = bytes;
    return true;
}

std::uint64_t Spare::bytes() const {
    const std::lock_guard hold(mutex_);
    return bytes_;
}

bool Spare::prepare() {
    {
        const std::lock_guard hold(mutex_);
        if (state_ != State::making || closed_) return false;
    }
    const auto made = make_some();
    if (!made) give_up();
    const std::lock_guard hold(mutex_);
    bytes_ = made ? std::max(bytes_, done_) : 0;
    const bool is_whole = made && done_ == bytes_ && done_ >= home_.bytes;
    if (!made) failed_for_ = wanted_for_;
    if (!made || is_whole) {
        state_ = is_whole ? State::whole : State::none;
        done_ = 0;
    }
    return true;
}

/// A segment's old name must be gone for good before its bytes are: after a crash it would be a
/// segment that is damaged.
Result<void> Spare::make_some() {
    if (!file_) {
        const bool is_new = bytes_ == 0;
        const auto gone = is_new ? Result<void>() : home_.files->sync_directory(home_.dir);
        if (!gone) return gone;
        auto file =
            home_.files->open(path(), is_new ? ports::OpenMode::create : ports::OpenMode::write);
        if (!file) return std::unexpected(file.error());
        file_ = std::move(*file);
    }
    const std::uint64_t all = std::max(home_.bytes, bytes_);
    const std::uint64_t upto = std::min(all, done_ + slice_bytes);
    auto done = write_zeros(*file_, done_, upto);
    if (done) done = upto == all ? file_->sync() : file_->write_back(done_, upto - done_);
    if (done) done_ = upto;
    return done;
}

/// The space may be needed more elsewhere.
void Spare::give_up() {
    file_.reset();
    static_cast<void>(home_.files->remove(path()));
}

bool Spare::wait() {
    std::unique_lock hold(mutex_);
    wake_.wait(hold, [this] { return closed_ || state_ == State::making; });
    return !closed_;
}

void Spare::close() {
    const std::lock_guard hold(mutex_);
    closed_ = true;
    wake_.notify_one();
}

}  // namespace rafted::disk

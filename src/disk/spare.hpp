// The file that becomes the journal's next segment, written full of zeros before it is needed:
// frames then go into blocks that the file system has already, which a sync makes durable faster.
// It is made of a segment in which nothing lives any more, if there is one.
//
//   none ──recycle()──► old ──┐
//     └──────want()───────────┴─want()─► making ──prepare()...──► whole ──take()──► none
//                                          └──no space, an error──► none
//
//   1. What is taken is zero from begin to end, and durable so.
//   2. prepare() may be called beside all else, by one thread; the others by the journal's.
//   3. Should it fail nothing is lost but time: the journal makes its next segment itself.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>

#include "ports/files.hpp"

namespace rafted::disk {

class Spare {
public:
    struct Home {
        ports::Files* files = nullptr;
        std::string dir;
        std::uint64_t bytes = 0;  ///< The size of the file.
    };
    explicit Spare(Home home) : home_(std::move(home)) {}

    std::string path() const;
    /// Begins to make one. What fails is not tried again for the same segment.
    void want(std::uint64_t segment);
    bool is_whole() const;
    /// The file, still under its own path; none if it is not whole.
    std::unique_ptr<ports::File> take();
    /// Takes over a segment's file, of so many bytes; false if there is a spare already.
    bool recycle(const std::string& segment_path, std::uint64_t bytes);
    /// Of the disk that it takes up.
    std::uint64_t bytes() const;

    /// Writes and syncs some more zeros; false if there is nothing to do.
    bool prepare();
    /// Returns once there is something to prepare: true; or after close(): false.
    bool wait();
    void close();

private:
    enum class State : std::uint8_t { none, old, making, whole };

    Result<void> make_some();
    void give_up();

    const Home home_;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    State state_ = State::none;
    std::uint64_t bytes_ = 0;       ///< That the file has.
    std::uint64_t failed_for_ = 0;  ///< The segment for which it was last tried in vain.
    std::uint64_t wanted_for_ = 0;
    bool closed_ = false;
    // Of whoever prepares, while it is being made.
    std::unique_ptr<ports::File> file_;
    std::uint64_t done_ = 0;
};

/// Writes zeros.
Result<void> write_zeros(ports::File& file, std::uint64_t from, std::uint64_t to);

}  // namespace rafted::disk

// The un-synced names of a disk: files and directories made, renamed and removed since the sync of
// their directory, in order, so that the end of them can be taken back.
//   1. Of each directory the first few changes stay, the others go, newest first.
//   2. What a removal or a rename takes away is kept beside the disk until it is durable.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "orders.hpp"

namespace rafted::faults {

std::string parent_of(const std::string& path);

class Names {
public:
    /// `beside`: a folder on the same file system, made if missing; what it holds is removed.
    explicit Names(std::string beside);

    /// Called after it was done.
    void made(const std::string& path) { changes_.push_back({What::made, path, {}, {}}); }
    void made_directory(const std::string& path) {
        changes_.push_back({What::made_directory, path, {}, {}});
    }
    /// Called before it is done; if it is not done, take_back().
    void before_removal(const std::string& path);
    void before_rename(const std::string& from, const std::string& to);
    void take_back();

    void synced(const std::string& directory);
    /// Returns "kept 1 of 3 names".
    std::string lose(Loss loss, Chance& chance);

private:
    enum class What : std::uint8_t { made, made_directory, removed, renamed };
    struct Change {
        What what = What::made;
        std::string path;
        std::string from;    ///< Of a rename.
        std::string beside;  ///< Where what was at `path` is kept; empty if nothing was.
    };
    std::string keep(const std::string& path);
    static void forget(const Change& change);
    static void undo(const Change& change);

    std::string beside_;
    std::uint64_t kept_ = 0;
    std::vector<Change> changes_;
};

}  // namespace rafted::faults

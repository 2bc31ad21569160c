#include "names.hpp"

#include <dirent.h>

#include <map>

#include "real.hpp"

namespace rafted::faults {
namespace {

void must(int result, const std::string& what) {
    if (result != 0) give_up("cannot " + what);
}

}  // namespace

std::string parent_of(const std::string& path) {
    const auto slash = path.find_last_of('/');
    return slash == 0 ? "/" : path.substr(0, slash);
}

Names::Names(std::string beside) : beside_(std::move(beside)) {
    real::mkdir(beside_.c_str(), 0700);
    DIR* const folder = ::opendir(beside_.c_str());
    if (folder == nullptr) give_up("cannot make " + beside_);
    while (const dirent* entry = ::readdir(folder)) {
        real::unlink((beside_ + "/" + entry->d_name).c_str());
    }
    ::closedir(folder);
}

std::string Names::keep(const std::string& path) {
    const std::string place = beside_ + "/" + std::to_string(kept_++);
    return real::link(path.c_str(), place.c_str()) == 0 ? place : "";
}

void Names::before_removal(const std::string& path) {
    changes_.push_back({What::removed, path, {}, keep(path)});
}

void Names::before_rename(const std::string& from, const std::string& to) {
    if (parent_of(from) != parent_of(to)) give_up("a rename between directories: " + from);
    changes_.push_back({What::renamed, to, from, keep(to)});
}

void Names::take_back() {
    forget(changes_.back());
    changes_.pop_back();
}

void Names::forget(const Change& change) {
    if (!change.beside.empty()) real::unlink(change.beside.c_str());
}

void Names::synced(const std::string& directory) {
    std::erase_if(changes_, [&](const Change& change) {
        if (parent_of(change.path) != directory) return false;
        forget(change);
        return true;
    });
}

void Names::undo(const Change& change) {
    switch (change.what) {
        case What::made: must(real::unlink(change.path.c_str()), "unmake " + change.path); break;
        case What::made_directory:
            must(real::rmdir(change.path.c_str()), "unmake " + change.path);
            break;
        case What::renamed:
            must(real::rename(change.path.c_str(), change.from.c_str()), "rename " + change.path);
            break;
        case What::removed: break;
    }
    if (change.beside.empty()) return;
    must(real::rename(change.beside.c_str(), change.path.c_str()), "bring back " + change.path);
}

std::string Names::lose(Loss loss, Chance& chance) {
    std::map<std::string, std::uint64_t> of, lost;
    for (const Change& change : changes_) ++of[parent_of(change.path)];
    for (const auto& [directory, count] : of) {
        if (loss == Loss::all) lost[directory] = count;
        if (loss == Loss::sectors || loss == Loss::torn) {
            lost[directory] = chance.below(count + 1);
        }
    }
    std::uint64_t kept = 0;
    for (auto at = changes_.rbegin(); at != changes_.rend(); ++at) {
        auto& left = lost[parent_of(at->path)];
        if (left > 0) {
            --left;
            undo(*at);
        } else {
            ++kept;
            forget(*at);
        }
    }
    const std::string text =
        "kept " + std::to_string(kept) + " of " + std::to_string(changes_.size()) + " names";
    changes_.clear();
    return text;
}

}  // namespace rafted::faults

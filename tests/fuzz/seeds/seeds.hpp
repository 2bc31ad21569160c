// Inputs for the fuzzers, made by the encoders of today: what depends on a format is not kept as
// files, which would be another format's one day and end at the first check.
#pragma once

#include <string>

#include "rafted/bytes.hpp"

namespace rafted::test {

/// Where inputs go: one folder per target.
class Seeds {
public:
    explicit Seeds(std::string dir) : dir_(std::move(dir)) {}
    /// Replaces the file `name` of a target: a byte for the part that is meant, then the bytes.
    void add(const std::string& target, const std::string& name, int part, BytesView bytes);
    /// The same for a target without parts.
    void add(const std::string& target, const std::string& name, BytesView bytes);
    bool failed() const { return failed_; }

private:
    std::string dir_;
    bool failed_ = false;
};

void add_disk_seeds(Seeds& seeds);
void add_directory_seeds(Seeds& seeds);
void add_value_seeds(Seeds& seeds);
void add_answer_seeds(Seeds& seeds);

}  // namespace rafted::test

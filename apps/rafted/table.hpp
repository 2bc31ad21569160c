// A table of text: columns as wide as they need, numbers to the right.
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace rafted::app {

class Table {
public:
    /// A heading that starts with '>' makes its column stand to the right.
    explicit Table(std::vector<std::string> headings);
    /// requires: as many cells as headings.
    void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
    void print(std::ostream& out, const std::string& indent = {}) const;

private:
    std::vector<bool> to_right_;
    std::vector<std::vector<std::string>> rows_;
};

}  // namespace rafted::app

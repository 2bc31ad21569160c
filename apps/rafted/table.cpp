#include "table.hpp"

#include <algorithm>

namespace rafted::app {
namespace {

constexpr auto gap = "  ";

}  // namespace

Table::Table(std::vector<std::string> headings) {
    for (std::string& heading : headings) {
        to_right_.push_back(heading.starts_with('>'));
        if (to_right_.back()) heading.erase(0, 1);
    }
    rows_.push_back(std::move(headings));
}

void Table::print(std::ostream& out, const std::string& indent) const {
    std::vector<std::size_t> widths(to_right_.size());
    for (const auto& row : rows_) {
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    for (const auto& row : rows_) {
        std::string line = indent;
        for (std::size_t i = 0; i < row.size(); ++i) {
            const std::string space(widths[i] - row[i].size(), ' ');
            if (i > 0) line += gap;
            line += to_right_[i] ? space + row[i] : row[i] + space;
        }
        line.erase(line.find_last_not_of(' ') + 1);
        out << line << '\n';
    }
}

}  // namespace rafted::app

// How the demo talks: steps, what was measured, what was checked, and the table at the end.
//   1. Every number that is printed was measured.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "rafted/result.hpp"

namespace rafted::app::demo {

/// One decimal below 10 ms, none above: "4.2 ms", "318 ms", and "2.1 s" from one second on.
std::string text_of_ms(double ms);

struct Told {
    std::string step;
    std::string measured;
    bool held = false;
};

class Telling {
public:
    explicit Telling(std::ostream& out) : out_(out) {}

    /// Begins the next numbered step.
    void step(const std::string& title);
    void say(const std::string& line);
    /// What to remember of this step for the table.
    void measured(const std::string& what);
    /// Prints that it holds; or fails with invalid: the demo ends and names it.
    Result<void> check(bool holds, const std::string& what);

    void table() const;
    const std::vector<Told>& told() const { return told_; }
    std::ostream& out() { return out_; }

private:
    std::ostream& out_;
    std::vector<Told> told_;
};

}  // namespace rafted::app::demo

#include "demo/telling.hpp"

#include <cstdio>

#include "table.hpp"

namespace rafted::app::demo {

std::string text_of_ms(double ms) {
    char text[64];
    if (ms >= 1000) {
        std::snprintf(text, sizeof text, "%.1f s", ms / 1000);
    } else {
        std::snprintf(text, sizeof text, ms < 10 ? "%.1f ms" : "%.0f ms", ms);
    }
    return text;
}

void Telling::step(const std::string& title) {
    if (!told_.empty()) out_ << "\n";
    told_.push_back({title, {}, false});
    out_ << told_.size() << ". " << title << "\n" << std::flush;
}

void Telling::say(const std::string& line) { out_ << "   " << line << "\n" << std::flush; }

void Telling::measured(const std::string& what) {
    std::string& text = told_.back().measured;
    text += (text.empty() ? "" : ", ") + what;
}

Result<void> Telling::check(bool holds, const std::string& what) {
    out_ << "   " << (holds ? "[holds] " : "[FAILS] ") << what << "\n" << std::flush;
    told_.back().held = holds;
    if (holds) return {};
    return fail(ErrorCode::invalid,
                "the check of step " + std::to_string(told_.size()) + " failed: " + what);
}

void Telling::table() const {
    out_ << "\n";
    Table table({">", "STEP", "MEASURED", "CHECKS"});
    for (std::size_t i = 0; i < told_.size(); ++i) {
        table.add({std::to_string(i + 1), told_[i].step, told_[i].measured,
                   told_[i].held ? "hold" : "FAILED"});
    }
    table.print(out_);
}

}  // namespace rafted::app::demo

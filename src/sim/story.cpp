// A report as a short story.
#include "rafted/sim.hpp"

namespace rafted::sim {
namespace {

std::string seconds_of(std::chrono::microseconds time) {
    const auto fraction = std::to_string(1'000'000 + time.count() % 1'000'000).substr(1);
    return std::to_string(time.count() / 1'000'000) + "." + fraction + " s";
}

std::string list_of(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
    return text.empty() ? "nothing" : text;
}

}  // namespace

std::string story_of(const Report& report) {
    std::string text = "seed " + std::to_string(report.seed) + ": ";
    if (report.ok) {
        text += "every rule held for " + seconds_of(report.simulated) + "\n";
    } else if (report.check == "options") {
        return text + "the options are wrong: " + report.text + "\n";
    } else {
        text += "VIOLATION of \"" + report.check + "\" after " + seconds_of(report.at) + "\n  " +
                report.text + "\n";
    }
    text += "what was on: " + list_of(report.faults) + "\n";
    text += report.strikes.empty() ? "nothing was done to it\n" : "what was done:\n";
    for (const std::string& strike : report.strikes) text += "  " + strike + "\n";
    const auto figure = [&text](std::string_view name, std::uint64_t value) {
        text += " " + std::string(name) + " " + std::to_string(value);
    };
    text += "clients:";
    figure("commands", report.commands_ok);
    figure("queries", report.queries_ok);
    figure("refused", report.refused);
    figure("unknown", report.unknown);
    text += "\nmembers:";
    figure("steps", report.steps);
    figure("messages", report.messages);
    figure("elections", report.elections);
    figure("crashes", report.crashes);
    figure("snapshots", report.snapshots);
    return text + "\noptions: " + report.replay + "\n";
}

}  // namespace rafted::sim

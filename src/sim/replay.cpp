#include "sim/replay.hpp"

#include <algorithm>
#include <charconv>

namespace rafted::sim {
namespace {

std::vector<std::string_view> parts_of(std::string_view text) {
    std::vector<std::string_view> parts;
    while (!text.empty()) {
        const auto comma = std::min(text.find(','), text.size());
        parts.push_back(text.substr(0, comma));
        text.remove_prefix(std::min(comma + 1, text.size()));
    }
    return parts;
}

Result<unsigned> number_of(std::string_view text) {
    unsigned number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size() && !text.empty()) return number;
    return fail(ErrorCode::invalid, "'" + std::string(text) +
                                        "' is no number; numbers and ranges are wanted, as 2,5-9");
}

}  // namespace

std::string text_of(const std::vector<unsigned>& numbers) {
    auto sorted = numbers;
    std::ranges::sort(sorted);
    std::string text;
    for (std::size_t i = 0; i < sorted.size();) {
        std::size_t end = i;
        while (end + 1 < sorted.size() && sorted[end + 1] == sorted[end] + 1) ++end;
        text += (text.empty() ? "" : ",") + std::to_string(sorted[i]);
        if (end > i) text += "-" + std::to_string(sorted[end]);
        i = end + 1;
    }
    return text.empty() ? "none" : text;
}

Result<std::vector<unsigned>> numbers_of(std::string_view text) {
    std::vector<unsigned> numbers;
    if (text == "none") return numbers;
    for (const std::string_view part : parts_of(text)) {
        const auto dash = part.find('-');
        const auto first = number_of(part.substr(0, dash));
        if (!first) return std::unexpected(first.error());
        const auto last = dash == part.npos ? first : number_of(part.substr(dash + 1));
        if (!last) return std::unexpected(last.error());
        if (*last < *first || *last - *first > 1'000'000) {
            return fail(ErrorCode::invalid, "'" + std::string(part) + "' is no range");
        }
        for (unsigned n = *first; n <= *last; ++n) numbers.push_back(n);
    }
    return numbers;
}

std::string text_of(const Faults& faults) {
    if (faults == all()) return "all";
    if (faults == none()) return "none";
    std::string with;
    std::string without;
    for (std::uint8_t i = 0; i < fault_count; ++i) {
        const auto fault = static_cast<Fault>(i);
        if (faults.has(fault)) with += (with.empty() ? "" : ",") + std::string(name_of(fault));
        if (!faults.has(fault)) without += ",-" + std::string(name_of(fault));
    }
    const std::string but = "all" + without;
    return with.size() <= but.size() ? with : but;
}

Result<Faults> faults_of(std::string_view text) {
    Faults faults;
    for (std::string_view part : parts_of(text)) {
        const bool leaves_out = part.starts_with('-');
        if (leaves_out) part.remove_prefix(1);
        if (part == "all" || part == "none") {
            faults = (part == "all") != leaves_out ? all() : none();
            continue;
        }
        const auto fault = fault_of(part);
        if (!fault) {
            return fail(ErrorCode::invalid, "'" + std::string(part) +
                                                "' is no fault; `rafted sim --list-faults` "
                                                "names them");
        }
        faults = leaves_out ? faults.without(*fault) : faults.with(*fault);
    }
    return faults;
}

std::string replay_of(const Options& options) {
    const Options usual;
    std::string text = "--seed " + std::to_string(options.seed);
    if (options.nodes != usual.nodes) text += " --nodes " + std::to_string(options.nodes);
    if (options.faults != usual.faults) text += " --faults " + text_of(options.faults);
    if (!options.swarm) text += " --no-swarm";
    if (options.operations != usual.operations) {
        text += " --operations " + std::to_string(options.operations);
    }
    if (options.clients != usual.clients) text += " --clients " + std::to_string(options.clients);
    if (options.time != usual.time) text += " --time " + std::to_string(options.time.count());
    if (options.durable) text += *options.durable ? " --disk" : " --memory";
    if (options.only_strikes) text += " --only-strikes " + text_of(*options.only_strikes);
    if (options.only_operations) text += " --only-operations " + text_of(*options.only_operations);
    return text;
}

}  // namespace rafted::sim

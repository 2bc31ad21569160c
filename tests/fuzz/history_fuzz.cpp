// Any text as a history that `rafted check` is given. The first byte is the model, 'a' to 'i' in
// the order of history::Model, or a capital if --initial is 0. It ends with a verdict or with an
// error that says where; both reports can be written.
#include <nlohmann/json.hpp>

#include "core/check.hpp"
#include "fuzz/support/memory_limit.hpp"
#include "history/report.hpp"

namespace {

using namespace rafted;

/// Little, so that time goes into reading and not into searching.
constexpr history::Limits limits{.configurations = 500, .states = 200};

void check(std::string_view text, const history::ModelChoice& choice) {
    // What is searched has limits of its own; what is read is worth some copies of a datum.
    const test::MemoryLimit limit(text.size() * 4096 + (std::size_t{16} << 20));
    const auto report = history::check_text(text, choice, limits);
    if (!report) {
        CHECK(report.error().code == ErrorCode::invalid, "a bad history is invalid");
        CHECK(!report.error().message.empty(), "an error says what is wrong");
        return;
    }
    const auto& verdict = report->verdict;
    const bool is_bad = verdict.answer == history::Answer::not_linearizable;
    CHECK(verdict.violation.has_value() == is_bad, "a violation is told, and nothing else");
    if (is_bad) {
        const auto count = report->history.operations.size();
        CHECK(verdict.violation->last < count, "it is one of the history's");
    }
    CHECK(!in_words(*report, 1.0).empty(), "there are words for it");
    CHECK(nlohmann::json::accept(in_json(*report, 1.0)), "and JSON");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const bool has_initial = data[0] >= 'A' && data[0] <= 'Z';
    const unsigned model = data[0] - (has_initial ? 'A' : 'a');
    if (model >= history::model_names().size()) return 0;
    history::ModelChoice choice{history::Model(model), {}};
    if (has_initial) choice.initial = history::Datum::of(history::Datum::Kind::number, "0");
    check(text_of(std::as_bytes(std::span(data + 1, size - 1))), choice);
    return 0;
}

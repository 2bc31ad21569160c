#include "sim/guard.hpp"

#include <algorithm>
#include <utility>

#include "core/checksum.hpp"
#include "sim/subject.hpp"

namespace rafted::sim {
namespace {

/// Bytes of saved values compared per entry, about.
constexpr std::uint64_t bytes_per_entry = 1'024;
/// Entries between two restorations of the twin.
constexpr std::uint64_t twin_lives = 16;

/// "the query at index 7 (Get{"k"}) ": how a report begins.
std::string said(const Guard::Words& words, std::string_view kind, Index index, BytesView body) {
    const std::string name = words ? words(body) : std::to_string(body.size()) + " bytes";
    return "the " + std::string(kind) + " at index " + to_string(index) + " (" + name + ") ";
}

using ResultWords = std::function<std::string(BytesView asked, BytesView result)>;

std::string words_of(const ResultWords& words, BytesView asked, const Result<Bytes>& answer) {
    if (!answer) return to_string(answer.error());
    if (words) return words(asked, *answer);
    std::string hex;
    constexpr std::string_view digits = "0123456789abcdef";
    for (const std::byte byte :
         BytesView(*answer).first(std::min<std::size_t>(answer->size(), 32))) {
        hex += digits[std::to_integer<unsigned>(byte) >> 4U];
        hex += digits[std::to_integer<unsigned>(byte) & 15U];
    }
    return std::to_string(answer->size()) + " bytes " + hex;
}

bool saves(const Machine& machine, const Bytes& bytes) {
    const auto saved = saved_bytes(machine);
    return saved && *saved == bytes;
}

bool same(const Result<Bytes>& one, const Result<Bytes>& other) {
    if (one.has_value() != other.has_value()) return false;
    return one ? *one == *other : one.error().code == other.error().code;
}

}  // namespace

Result<Bytes> saved_bytes(const Machine& machine) {
    const auto frozen = machine.freeze();
    if (!frozen) return std::unexpected(frozen.error());
    Bytes all;
    const auto saved = (*frozen)->save([&all](BytesView piece) -> Result<void> {
        all.insert(all.end(), piece.begin(), piece.end());
        return {};
    });
    if (!saved) return std::unexpected(saved.error());
    return all;
}

Guard::Guard(Factory factory, Options options, OnFinding on_finding)
    : factory_(std::move(factory)),
      options_(std::move(options)),
      on_finding_(std::move(on_finding)) {}

std::unique_ptr<Machine> Guard::copy_of(const Machine& machine) {
    const auto saved = saved_bytes(machine);
    if (!saved) {
        no_copy_ = "met a value that cannot be saved: " + to_string(saved.error());
        return nullptr;
    }
    auto copy = factory_();
    const auto loaded = copy->load(*saved);
    if (loaded) return copy;
    no_copy_ = "met a value that cannot be loaded from what it saved: " + to_string(loaded.error());
    return nullptr;
}

std::string Guard::current() const {
    if (!current_) return {};
    return options_.words ? options_.words(*current_) : std::to_string(current_->size()) + " bytes";
}

void Guard::before(Index index, const Machine& machine, BytesView command) {
    current_ = command;
    if (!options_.copies || index <= newest_) return;
    if (std::exchange(is_fresh_, false)) copy_ = factory_();
    if (!copy_) copy_ = copy_of(machine);
    if (copy_ && !twin_) twin_ = copy_of(*copy_);
}

void Guard::after(const Run& run, std::optional<std::uint64_t>& state) {
    const Index index = run.context.index;
    const std::string broken = options_.wrong ? options_.wrong(run.machine) : std::string();
    if (!broken.empty()) {
        on_finding_("invariant", said(options_.words, "command", index, run.command) +
                                     "left the value wrong: " + broken);
    }
    std::optional<Bytes> saved;
    if (index.value % stride_ == 0) {
        auto bytes = saved_bytes(run.machine);
        if (bytes) {
            saved = std::move(*bytes);
        } else if (options_.copies) {
            no_copy_ = "left a value that cannot be saved: " + to_string(bytes.error());
        }
    }
    if (saved) state = core::checksum(*saved);
    if (index <= newest_) return;
    newest_ = index;
    if (!no_copy_.empty()) differ(run, std::exchange(no_copy_, {}));
    if (saved) stride_ = saved->size() / bytes_per_entry + 1;
    if (!options_.copies || !copy_) return;
    run_copies(run);
    if (saved && !saves(*copy_, *saved)) {
        differ(run, "left two copies of the value with different saved bytes");
    }
    if (twin_ && saved && !saves(*twin_, *saved)) {
        differ(run,
               "left the value and a twin restored from a snapshot with different saved bytes");
    }
    if (++since_twin_ >= twin_lives) renew_twin(run);
}

std::string Guard::both(const Run& run, const Result<Bytes>& other) const {
    return words_of(options_.result_words, run.command, run.answer) + " and " +
           words_of(options_.result_words, run.command, other);
}

void Guard::run_copies(const Run& run) {
    const Answered again = copy_->command(run.context, run.command);
    if (!same(again.answer, run.answer)) {
        return differ(run,
                      "gave two results on two copies of the value: " + both(run, again.answer));
    }
    if (!twin_) return;
    const Answered restored = twin_->command(run.context, run.command);
    if (!same(restored.answer, run.answer)) {
        differ(run, "gave another result on a twin restored from a snapshot: " +
                        both(run, restored.answer));
    }
}

void Guard::renew_twin(const Run& run) {
    since_twin_ = 0;
    twin_ = copy_of(*copy_);
    const auto saved = saved_bytes(*copy_);
    if (twin_ && saved && !saves(*twin_, *saved)) {
        differ(run, "was followed by a save and a load that do not give back what was saved");
    }
}

void Guard::forget_after(Index kept) {
    if (newest_ <= kept) return;
    newest_ = kept;
    copy_.reset();
    twin_.reset();
}

void Guard::queried(const Asked& asked) const {
    if (!options_.copies || asked.index.value % stride_ != 0) return;
    const auto saved = saved_bytes(asked.machine);
    if (!saved) return;
    const auto copy = factory_();
    if (!copy->load(*saved)) return;
    const Answered again = copy->query(asked.query);
    if (!saves(*copy, *saved)) {
        const auto untouched = factory_();
        const bool comes_back = untouched->load(*saved) && saves(*untouched, *saved);
        return differ(asked, comes_back ? "changed the value; a query may only read"
                                        : "found a value whose save and load do not give back "
                                          "what was saved");
    }
    if (same(again.answer, asked.answer)) return;
    differ(asked, "gave another answer on a copy restored from a snapshot: " +
                      words_of(options_.answer_words, asked.query, asked.answer) + " and " +
                      words_of(options_.answer_words, asked.query, again.answer));
}

void Guard::differ(const Run& run, const std::string& how) const {
    on_finding_("determinism",
                said(options_.words, "command", run.context.index, run.command) + how);
}

void Guard::differ(const Asked& asked, const std::string& how) const {
    on_finding_("determinism", said(options_.query_words, "query", asked.index, asked.query) + how);
}

}  // namespace rafted::sim

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

std::string words_of(const Result<Bytes>& answer) {
    if (!answer) return to_string(answer.error());
    std::string hex;
    constexpr std::string_view digits = "0123456789abcdef";
    for (const std::byte byte :
         BytesView(*answer).first(std::min<std::size_t>(answer->size(), 32))) {
        hex += digits[std::to_integer<unsigned>(byte) >> 4U];
        hex += digits[std::to_integer<unsigned>(byte) & 15U];
    }
    return std::to_string(answer->size()) + " bytes " + hex;
}

bool same(const Result<Bytes>& one, const Result<Bytes>& other) {
    if (one.has_value() != other.has_value()) return false;
    return one ? *one == *other : one.error().code == other.error().code;
}

}  // namespace

std::optional<Bytes> saved_bytes(const Machine& machine) {
    const auto frozen = machine.freeze();
    if (!frozen) return std::nullopt;
    Bytes all;
    const auto saved = (*frozen)->save([&all](BytesView piece) -> Result<void> {
        all.insert(all.end(), piece.begin(), piece.end());
        return {};
    });
    if (!saved) return std::nullopt;
    return all;
}

Guard::Guard(Factory factory, Options options,
             std::function<void(const std::string&)> on_difference)
    : factory_(std::move(factory)),
      options_(std::move(options)),
      on_difference_(std::move(on_difference)) {}

std::unique_ptr<Machine> Guard::copy_of(const Machine& machine) const {
    const auto saved = saved_bytes(machine);
    auto copy = factory_();
    if (!saved || !copy->load(*saved)) return nullptr;
    return copy;
}

void Guard::before(Index index, const Machine& machine) {
    if (!options_.copies || index <= newest_) return;
    if (std::exchange(is_fresh_, false)) copy_ = factory_();
    if (!copy_) copy_ = copy_of(machine);
    if (copy_ && !twin_) twin_ = copy_of(*copy_);
}

void Guard::after(const Run& run, std::optional<std::uint64_t>& state) {
    const Index index = run.context.index;
    std::optional<Bytes> saved;
    if (index.value % stride_ == 0) saved = saved_bytes(run.machine);
    if (saved) state = core::checksum(*saved);
    if (index <= newest_) return;
    newest_ = index;
    if (saved) stride_ = saved->size() / bytes_per_entry + 1;
    if (!options_.copies || !copy_) return;
    run_copies(run);
    if (saved && saved_bytes(*copy_) != saved) {
        differ(run, "left two copies of the value with different saved bytes");
    }
    if (twin_ && saved && saved_bytes(*twin_) != saved) {
        differ(run,
               "left the value and a twin restored from a snapshot with different saved bytes");
    }
    if (++since_twin_ >= twin_lives) renew_twin(run);
}

void Guard::run_copies(const Run& run) {
    const Answered again = copy_->command(run.context, run.command);
    if (!same(again.answer, run.answer)) {
        return differ(run, "gave two results on two copies of the value: " + words_of(run.answer) +
                               " and " + words_of(again.answer));
    }
    if (!twin_) return;
    const Answered restored = twin_->command(run.context, run.command);
    if (!same(restored.answer, run.answer)) {
        differ(run, "gave another result on a twin restored from a snapshot: " +
                        words_of(run.answer) + " and " + words_of(restored.answer));
    }
}

void Guard::renew_twin(const Run& run) {
    since_twin_ = 0;
    twin_ = copy_of(*copy_);
    if (twin_ && saved_bytes(*twin_) != saved_bytes(*copy_)) {
        differ(run, "was followed by a save and a load that do not give back what was saved");
    }
}

void Guard::forget_after(Index kept) {
    if (newest_ <= kept) return;
    newest_ = kept;
    copy_.reset();
    twin_.reset();
}

void Guard::differ(const Run& run, const std::string& how) const {
    const std::string command =
        options_.words ? options_.words(run.command)
                       : "a command of " + std::to_string(run.command.size()) + " bytes";
    on_difference_("the command at index " + to_string(run.context.index) + " (" + command + ") " +
                   how);
}

}  // namespace rafted::sim

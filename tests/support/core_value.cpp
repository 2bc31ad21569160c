#include "support/core_value.hpp"

#include <algorithm>
#include <utility>

#include "core/checksum.hpp"

namespace rafted::test {

void Value::apply(const core::Entry& entry) {
    applied_ = entry.index();
    digest_ = core::checksum(entry.block(), digest_);
    if (entry.kind() != core::EntryKind::command) return;
    std::string item(text_of(entry.payload()));
    if (std::ranges::find(items_, item) == items_.end()) items_.push_back(std::move(item));
}

Bytes Value::save() const {
    Writer out;
    out.number(applied_.value);
    out.number(digest_);
    out.number(static_cast<std::uint32_t>(items_.size()));
    for (const auto& item : items_) out.text(item);
    out.number(core::checksum(out.view()));
    return out.take();
}

bool Value::load(BytesView bytes) {
    Reader in(bytes);
    Value loaded;
    loaded.applied_ = Index(in.number<std::uint64_t>());
    loaded.digest_ = in.number<std::uint64_t>();
    const auto count = in.number<std::uint32_t>();
    for (std::uint32_t i = 0; i < count && !in.failed(); ++i) loaded.items_.push_back(in.text());
    if (in.left() != sizeof(std::uint64_t)) return false;
    const auto sum = core::checksum(bytes.first(bytes.size() - sizeof(std::uint64_t)));
    if (in.number<std::uint64_t>() != sum) return false;
    *this = std::move(loaded);
    return true;
}

}  // namespace rafted::test

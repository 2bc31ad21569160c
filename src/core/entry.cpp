#include "core/entry.hpp"

#include "core/check.hpp"
#include "core/checksum.hpp"

namespace rafted::core {
namespace {

template <class T>
void put(std::byte* at, T value) {
    std::memcpy(at, &value, sizeof value);
}

template <class T>
T get(const std::byte* at) {
    T value{};
    std::memcpy(&value, at, sizeof value);
    return value;
}

}  // namespace

Entry Entry::make(const Head& head, BytesView payload) {
    const std::size_t size = header_bytes + payload.size();
    CHECK(size <= max_bytes, "an entry is over the limit its proposer should have enforced");
    auto memory = std::make_shared_for_overwrite<std::byte[]>(size);
    std::byte* at = memory.get();
    put(at + 8, static_cast<std::uint32_t>(size));
    put(at + 12, static_cast<std::uint32_t>(head.kind));
    put(at + 16, head.term.value);
    put(at + 24, head.index.value);
    put(at + 32, std::int64_t{head.time.count()});
    if (!payload.empty()) std::memcpy(at + header_bytes, payload.data(), payload.size());
    put(at, core::checksum(BytesView(at + 8, size - 8)));
    return {std::shared_ptr<const std::byte>(std::move(memory), at), size};
}

Entry Entry::outline(const Outline& known) {
    auto memory = std::make_shared<std::byte[]>(header_bytes);
    std::byte* at = memory.get();
    put(at, known.checksum);
    put(at + 8, known.size);
    put(at + 12, static_cast<std::uint32_t>(known.kind));
    put(at + 16, known.term.value);
    put(at + 24, known.index.value);
    return {std::shared_ptr<const std::byte>(std::move(memory), at), known.size, false};
}

std::size_t Entry::block_size(BytesView bytes) {
    if (bytes.size() < header_bytes) return 0;
    const std::size_t size = get<std::uint32_t>(bytes.data() + 8);
    const auto kind = get<std::uint32_t>(bytes.data() + 12);
    const bool sane = size >= header_bytes && size <= max_bytes && kind < entry_kind_count;
    return sane ? size : 0;
}

std::optional<Entry> Entry::decode(std::shared_ptr<const void> owner, BytesView bytes) {
    const std::size_t size = block_size(bytes);
    if (size == 0 || size > bytes.size()) return std::nullopt;
    const auto sum = get<std::uint64_t>(bytes.data());
    if (sum != core::checksum(bytes.subspan(8, size - 8))) return std::nullopt;
    return Entry(std::shared_ptr<const std::byte>(std::move(owner), bytes.data()), size);
}

bool Entry::operator==(const Entry& other) const {
    if (data_ == other.data_) return size_ == other.size_;
    if (size_ != other.size_ || whole_ != other.whole_ || !data_ || !other.data_) return false;
    return std::memcmp(data_.get(), other.data_.get(), block().size()) == 0;
}

}  // namespace rafted::core

// The default codec: plain values as bytes and back, without a line written by the user. Not
// self-describing: both sides must know the type. Little endian, no padding.
//
//   number, bool, enum, duration: as in memory      sequence, set, map: length:u32, elements
//   optional: u8 (0, 1), value                      variant: index:u8, value
//   pair, tuple, array, aggregate: fields in order  Unit, monostate, empty aggregate: nothing
//   own type: what its save() writes
//
//   1. decode(encode(x)) == x, and equal values give equal bytes (unordered ones are sorted).
//   2. An element of a container takes at least one byte (0 if it encodes to nothing), so a length
//      is checked against the bytes left before anything is allocated.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <concepts>
#include <exception>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <variant>

#include <boost/pfr/core.hpp>
#include <boost/pfr/tuple_size.hpp>

#include "rafted/bytes.hpp"
#include "rafted/codec_order.hpp"
#include "rafted/codec_own.hpp"
#include "rafted/ids.hpp"
#include "rafted/result.hpp"

namespace rafted {

namespace detail {

template <class T>
inline constexpr bool is_strong_number = false;
template <class Tag>
inline constexpr bool is_strong_number<Number<Tag>> = true;
template <class Tag>
inline constexpr bool is_strong_number<Id<Tag>> = true;

template <class T>
inline constexpr bool is_duration = false;
template <class Rep, class Period>
inline constexpr bool is_duration<std::chrono::duration<Rep, Period>> = true;

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
inline constexpr bool is_variant = false;
template <class... T>
inline constexpr bool is_variant<std::variant<T...>> = true;

template <class T>
inline constexpr bool is_tuple = false;
template <class A, class B>
inline constexpr bool is_tuple<std::pair<A, B>> = true;
template <class... T>
inline constexpr bool is_tuple<std::tuple<T...>> = true;

template <class T>
inline constexpr bool is_array = false;
template <class T, std::size_t N>
inline constexpr bool is_array<std::array<T, N>> = true;

template <class T>
concept Sequence = requires(T& all, typename T::value_type one) {
    all.push_back(std::move(one));
    all.clear();
    { all.size() } -> std::convertible_to<std::size_t>;
    all.begin() != all.end();
};
template <class T>
concept Keyed = requires(T& all, typename T::key_type key) {
    all.clear();
    { all.size() } -> std::convertible_to<std::size_t>;
    all.begin() != all.end();
    all.find(key);
};
template <class T>
concept Map = Keyed<T> && requires { typename T::mapped_type; };
/// Iterates in an order that equal values need not share.
template <class T>
concept Unordered = Keyed<T> && requires { typename T::hasher; };
/// Containers that take equal keys return no verdict from insert.
template <class T>
inline constexpr bool unique_keys = requires(T& all) { all.insert(*all.begin()).second; };

/// Numbers whose memory is their encoding; long double has padding and is not encodable.
template <class T>
inline constexpr bool is_plain_number =
    (std::is_arithmetic_v<T> && !std::is_same_v<T, bool> && !std::is_same_v<T, long double>) ||
    std::is_same_v<T, std::byte>;
/// Elements lie side by side and can be copied as one run of bytes.
template <class T>
concept OneRun = is_plain_number<typename T::value_type> && requires(T& all) {
    { all.data() } -> std::convertible_to<const typename T::value_type*>;
};

template <class T>
inline constexpr bool is_plain_struct = std::is_class_v<T> && std::is_aggregate_v<T>;
/// Calls `act` with each field of a plain aggregate, in order.
template <class T, class Act>
void for_each_field(T& value, Act&& act) {
    boost::pfr::for_each_field(value, std::forward<Act>(act));
}

template <class T, class... Seen>
consteval bool encodable();

template <class T, class... Seen, std::size_t... I>
consteval bool fields_encodable(std::index_sequence<I...>) {
    return (encodable<boost::pfr::tuple_element_t<I, T>, T, Seen...>() && ...);
}
template <class... Seen, class... T>
consteval bool parts_encodable(std::tuple<T...>*) {
    return (encodable<T, Seen...>() && ...);
}
template <class... Seen, class A, class B>
consteval bool parts_encodable(std::pair<A, B>*) {
    return encodable<std::remove_const_t<A>, Seen...>() && encodable<B, Seen...>();
}
template <class... Seen, class... T>
consteval bool parts_encodable(std::variant<T...>*) {
    return sizeof...(T) <= 256 && (encodable<T, Seen...>() && ...);
}

/// `Seen` are the aggregates around T: one that contains itself (in a vector) is not looked into
/// for ever.
template <class T, class... Seen>
consteval bool encodable() {
    if constexpr ((std::is_same_v<T, Seen> || ...)) {
        return true;
    } else if constexpr (OwnCodec<T>) {
        return LoadsAsNew<T> || std::is_default_constructible_v<T>;
    } else if constexpr (!std::is_object_v<T> || !std::is_default_constructible_v<T> ||
                         std::is_const_v<T> || HalfACodec<T>) {
        return false;
    } else if constexpr (is_plain_number<T> || std::is_same_v<T, bool> || std::is_enum_v<T> ||
                         is_strong_number<T>) {
        return true;
    } else if constexpr (is_duration<T>) {
        return encodable<typename T::rep>();
    } else if constexpr (Map<T>) {
        return encodable<typename T::key_type, Seen...>() &&
               encodable<typename T::mapped_type, Seen...>();
    } else if constexpr (Keyed<T> || Sequence<T> || is_array<T> || is_optional<T>) {
        return encodable<typename T::value_type, Seen...>();
    } else if constexpr (is_tuple<T> || is_variant<T>) {
        return parts_encodable<Seen...>(static_cast<T*>(nullptr));
    } else if constexpr (is_plain_struct<T>) {
        if constexpr (HasBase<T>) {
            return false;
        } else if constexpr (std::is_empty_v<T>) {
            return true;
        } else {
            return fields_encodable<T, Seen...>(
                std::make_index_sequence<boost::pfr::tuple_size_v<T>>{});
        }
    } else {
        return false;
    }
}

}  // namespace detail

/// The codec takes this type: a number (not long double), enum, string, standard container,
/// optional, variant, tuple, duration, an id of ids.hpp, a plain aggregate (no base class, no C
/// array) of such, or any type with `void save(Writer&) const` and either `static T load(Reader&)`
/// or `void load(Reader&)`. All but the types with a static load must be default constructible.
template <class T>
concept Encodable = detail::encodable<T>();

/// Appends the value. The writer fails if it can not be read back: a container of more than 2^32-1
/// elements, more than max_nesting containers within each other, or a variant without a value.
template <class T>
void encode(Writer& out, const T& value);

/// Reads into the value. requires: T is Encodable. On bad bytes the reader has failed and the
/// value holds whatever had been read.
template <class T>
void decode_into(Reader& in, T& value);

namespace detail {

/// One container or own type deeper, for as long as it lives.
template <class Stream>
class Nested {
public:
    explicit Nested(Stream& stream) : stream_(stream) { stream_.descend(); }
    ~Nested() { stream_.ascend(); }
    Nested(const Nested&) = delete;
    Nested& operator=(const Nested&) = delete;

private:
    Stream& stream_;
};

/// What an own type's load() was handed out by raw() and blob() goes when it has returned.
class Handed {
public:
    explicit Handed(Reader& in) : in_(in), before_(in.parts()) {}
    ~Handed() { in_.keep_parts(before_); }
    Handed(const Handed&) = delete;
    Handed& operator=(const Handed&) = delete;

private:
    Reader& in_;
    std::size_t before_;
};

inline void write_length(Writer& out, std::size_t length) {
    if (length > UINT32_MAX) out.fail();
    out.number(static_cast<std::uint32_t>(length));
}
/// A length that the bytes left can hold, if every element takes `each` of them.
inline std::size_t read_length(Reader& in, std::size_t each = 1) {
    const std::size_t length = in.number<std::uint32_t>();
    if (length > in.left() / each) in.fail();
    return in.failed() ? 0 : length;
}

template <class T>
T read(Reader& in) {
    if constexpr (OwnCodec<T> && LoadsAsNew<T>) {
        const Nested nested(in);
        const Handed handed(in);
        return T::load(in);
    } else {
        T value{};
        decode_into(in, value);
        return value;
    }
}

template <class T>
void write_element(Writer& out, const T& element) {
    const auto before = out.size();
    if constexpr (requires { element.first; } && is_tuple<T>) {  // a map's key is const
        encode(out, element.first);
        encode(out, element.second);
    } else {
        encode(out, element);
    }
    if (out.size() == before) out.number(std::uint8_t{0});
}
/// Reads what write_element put behind an element that encoded to nothing.
inline void skip_padding(Reader& in, std::size_t left_before) {
    if (!in.failed() && in.left() == left_before && in.number<std::uint8_t>() != 0) in.fail();
}

template <class T>
BytesView bytes_of(const T& run) {
    return std::as_bytes(std::span(run.data(), run.size()));
}
template <class T>
void read_run(Reader& in, T& run, std::size_t length) {
    in.read_into(std::as_writable_bytes(std::span(run.data(), length)));
}

/// How many elements to make room for at once. Containers within each other may all claim what is
/// left, so that all of them together get no more memory than bytes were received.
template <class Element>
std::size_t room_for(Reader& in, std::size_t length) {
    return in.take_room(std::min(length, in.left() / sizeof(Element)) * sizeof(Element)) /
           sizeof(Element);
}

template <class T>
void write_elements(Writer& out, const T& all) {
    const Nested nested(out);
    write_length(out, all.size());
    if constexpr (Unordered<T>) {
        const auto write = [](Writer& to, const auto& element) { write_element(to, element); };
        if (!out.has_sink()) return write_sorted(out, all, write);
        if constexpr (Map<T> && unique_keys<T>) {
            write_ranked(
                out, all, [](Writer& to, const auto& one) { encode(to, one.first); }, write);
        } else {
            write_ranked(out, all, write, write);
        }
    } else if constexpr (Keyed<T>) {
        for (const auto& element : all) write_element(out, element);
    } else if constexpr (OneRun<T>) {
        out.raw(bytes_of(all));
    } else {
        // The named type unwraps the proxies of vector<bool>.
        for (const typename T::value_type& element : all) write_element(out, element);
    }
}

template <class T>
void read_sequence(Reader& in, T& all) {
    using Element = typename T::value_type;
    all.clear();
    if constexpr (OneRun<T>) {
        const auto length = read_length(in, sizeof(Element));
        all.resize(length);
        read_run(in, all, length);
    } else {
        const auto length = read_length(in);
        if constexpr (requires { all.reserve(length); }) all.reserve(room_for<Element>(in, length));
        for (std::size_t i = 0; i < length; ++i) {
            const auto left = in.left();
            auto element = read<Element>(in);
            skip_padding(in, left);
            if (in.failed()) return;
            all.push_back(std::move(element));
        }
    }
}

template <class T>
void read_keyed(Reader& in, T& all) {
    all.clear();
    const auto length = read_length(in);
    for (std::size_t i = 0; i < length; ++i) {
        const auto left = in.left();
        const auto size = all.size();
        auto key = read<typename T::key_type>(in);
        if constexpr (Map<T>) {
            auto mapped = read<typename T::mapped_type>(in);
            skip_padding(in, left);
            if (in.failed()) return;
            all.emplace_hint(all.end(), std::move(key), std::move(mapped));
        } else {
            skip_padding(in, left);
            if (in.failed()) return;
            all.emplace_hint(all.end(), std::move(key));
        }
        if (unique_keys<T> && all.size() == size) in.fail();
    }
}

template <std::size_t I = 0, class... T>
void read_alternative(Reader& in, std::variant<T...>& value, std::size_t index) {
    if constexpr (I == sizeof...(T)) {
        in.fail();
    } else if (index == I) {
        value.template emplace<I>(read<std::variant_alternative_t<I, std::variant<T...>>>(in));
    } else {
        read_alternative<I + 1>(in, value, index);
    }
}

/// A byte that must be 0 or 1: every value has one encoding.
inline bool read_bool(Reader& in) {
    const auto byte = in.number<std::uint8_t>();
    if (byte > 1) in.fail();
    return byte == 1;
}

template <class T>
void encode_composite(Writer& out, const T& value) {
    if constexpr (is_optional<T>) {
        out.number(static_cast<std::uint8_t>(value.has_value()));
        if (value) encode(out, *value);
    } else if constexpr (is_variant<T>) {
        if (value.valueless_by_exception()) return out.fail();
        out.number(static_cast<std::uint8_t>(value.index()));
        std::visit([&](const auto& held) { encode(out, held); }, value);
    } else if constexpr (is_tuple<T>) {
        std::apply([&](const auto&... part) { (encode(out, part), ...); }, value);
    } else if constexpr (is_array<T>) {
        for (const auto& element : value) encode(out, element);
    } else if constexpr (!std::is_empty_v<T>) {
        for_each_field(value, [&](const auto& field) { encode(out, field); });
    }
}

template <class T>
void decode_composite(Reader& in, T& value) {
    if constexpr (is_optional<T>) {
        value.reset();
        if (read_bool(in)) value.emplace(read<typename T::value_type>(in));
    } else if constexpr (is_variant<T>) {
        read_alternative(in, value, in.number<std::uint8_t>());
    } else if constexpr (is_tuple<T>) {
        std::apply([&](auto&... part) { (decode_into(in, part), ...); }, value);
    } else if constexpr (is_array<T>) {
        for (auto& element : value) decode_into(in, element);
    } else if constexpr (!std::is_empty_v<T>) {
        for_each_field(value, [&](auto& field) { decode_into(in, field); });
    }
}

}  // namespace detail

template <class T>
void encode(Writer& out, const T& value) {
    static_assert(Encodable<T>,
                  "rafted: this type cannot be encoded; give it save(Writer&) const and "
                  "load(Reader&), both of them");
    if constexpr (detail::OwnCodec<T>) {
        const detail::Nested nested(out);
        value.save(out);
    } else if constexpr (std::is_same_v<T, bool>) {
        out.number(static_cast<std::uint8_t>(value));
    } else if constexpr (std::is_enum_v<T>) {
        encode(out, static_cast<std::underlying_type_t<T>>(value));
    } else if constexpr (std::is_arithmetic_v<T>) {
        out.number(value);
    } else if constexpr (detail::is_strong_number<T>) {
        out.number(value.value);
    } else if constexpr (detail::is_duration<T>) {
        encode(out, value.count());
    } else if constexpr (detail::Keyed<T> || detail::Sequence<T>) {
        detail::write_elements(out, value);
    } else if constexpr (Encodable<T>) {
        detail::encode_composite(out, value);
    }
}

template <class T>
void decode_into(Reader& in, T& value) {
    static_assert(Encodable<T>, "rafted: this type cannot be decoded; give it save and load");
    if (in.failed()) return;
    if constexpr (detail::OwnCodec<T>) {
        const detail::Nested nested(in);
        const detail::Handed handed(in);
        if constexpr (detail::LoadsAsNew<T>) {
            value = T::load(in);
        } else {
            value.load(in);
        }
    } else if constexpr (std::is_same_v<T, bool>) {
        value = detail::read_bool(in);
    } else if constexpr (std::is_enum_v<T>) {
        value = static_cast<T>(detail::read<std::underlying_type_t<T>>(in));
    } else if constexpr (std::is_arithmetic_v<T>) {
        value = in.number<T>();
    } else if constexpr (detail::is_strong_number<T>) {
        value = T(in.number<std::uint64_t>());
    } else if constexpr (detail::is_duration<T>) {
        value = T(detail::read<typename T::rep>(in));
    } else if constexpr (detail::Keyed<T>) {
        const detail::Nested nested(in);
        detail::read_keyed(in, value);
    } else if constexpr (detail::Sequence<T>) {
        const detail::Nested nested(in);
        detail::read_sequence(in, value);
    } else if constexpr (Encodable<T>) {
        detail::decode_composite(in, value);
    }
}

/// The value's bytes, complete and nothing else.
template <class T>
Bytes encode(const T& value) {
    Writer out;
    encode(out, value);
    return out.take();
}

/// The value that encode() made these bytes of. Fails with invalid on bytes that are malformed,
/// too short or too many, and if the type's own load throws.
template <class T>
Result<T> decode(BytesView bytes) {
    Reader in(bytes);
    try {
        auto value = detail::read<T>(in);
        if (in.complete()) return value;
    } catch (const std::exception& thrown) {
        return fail(ErrorCode::invalid, thrown.what());
    } catch (...) {
        return fail(ErrorCode::invalid, "the type's own load threw");
    }
    const auto size = std::to_string(bytes.size()) + " bytes cannot be decoded: ";
    return fail(ErrorCode::invalid,
                size + (in.failed() ? "they end too early or make no sense"
                                    : std::to_string(in.left()) + " are left over"));
}

}  // namespace rafted

// What a type has of a codec of its own: save and load, one of them, or neither; and whether it is
// an aggregate that cannot be taken apart by its fields.
#pragma once

#include <concepts>
#include <type_traits>

#include "rafted/bytes.hpp"

namespace rafted::detail {

template <class T>
concept SavesItself = requires(const T& value, Writer& out) { value.save(out); };
template <class T>
concept LoadsAsNew = requires(Reader& in) {
    { T::load(in) } -> std::same_as<T>;
};
template <class T>
concept LoadsInPlace = !LoadsAsNew<T> && requires(T& value, Reader& in) { value.load(in); };
template <class T>
concept OwnCodec = SavesItself<T> && (LoadsAsNew<T> || LoadsInPlace<T>);
/// Has one of the two, or a save that is not const: to go on by its fields one way, and by its own
/// function the other, would lose the value.
template <class T>
concept HalfACodec = !OwnCodec<T> && (LoadsAsNew<T> || LoadsInPlace<T> ||
                                      requires(T& value, Writer& out) { value.save(out); });

/// Becomes any proper base of T, and nothing else.
template <class T>
struct AnyBaseOf {
    template <class Base>
        requires(std::is_base_of_v<Base, T> && !std::is_same_v<Base, T>)
    operator Base() const;
};
/// An aggregate begins with its bases.
template <class T>
concept HasBase = requires { T{AnyBaseOf<T>{}}; };

}  // namespace rafted::detail

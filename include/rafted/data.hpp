// Data: what a value must be able to do to be replicated. A plain struct is enough:
//
//   struct Counter {
//       using Command = int;  using Query = rafted::Unit;   // or a std::variant of several
//       int total = 0;
//       int command(int by) { return total += by; }          // the result is the caller's answer
//       int query(rafted::Unit) const { return total; }
//   };
//
//   1. command() depends on its arguments and the value alone: every member runs it. The only clock
//      and chance is the Context it may take as first argument. query() changes nothing.
//   2. A type that is no Data gets one compile error, from RequireData.
#pragma once

#include <concepts>
#include <type_traits>
#include <utility>
#include <variant>

#include "rafted/codec.hpp"
#include "rafted/machine.hpp"

namespace rafted {

/// A list of types, to be taken apart by templates.
template <class... T>
struct TypeList {
    static constexpr std::size_t size = sizeof...(T);
};

namespace detail {

struct Missing {};

template <class T>
struct Alternatives {
    using type = TypeList<T>;
};
template <class... T>
struct Alternatives<std::variant<T...>> {
    using type = TypeList<T...>;
};
template <>
struct Alternatives<Missing> {
    using type = TypeList<>;
};

template <class D>
struct CommandType {
    using type = Missing;
};
template <class D>
    requires requires { typename D::Command; }
struct CommandType<D> {
    using type = typename D::Command;
};
template <class D>
struct QueryType {
    using type = Missing;
};
template <class D>
    requires requires { typename D::Query; }
struct QueryType<D> {
    using type = typename D::Query;
};

template <class D, class C>
concept CommandWithContext = requires(D& value, const Context& context, const C& command) {
    value.command(context, command);
};
template <class D, class C>
concept CommandAlone = requires(D& value, const C& command) { value.command(command); };
template <class D, class C>
concept TakesCommand = CommandWithContext<D, C> || CommandAlone<D, C>;
template <class D, class Q>
concept AnswersQuery = requires(const D& value, const Q& query) { value.query(query); };

/// The only way a value's command is called.
template <class D, class C>
decltype(auto) run_command(D& value, const Context& context, const C& command) {
    if constexpr (CommandWithContext<D, C>) {
        return value.command(context, command);
    } else {
        return value.command(command);
    }
}

template <class R>
using Returned = std::conditional_t<std::is_void_v<R>, Unit, std::remove_cvref_t<R>>;

template <class D, class C>
struct CommandResult {
    using type = Missing;
};
template <class D, class C>
    requires TakesCommand<D, C>
struct CommandResult<D, C> {
    using type = Returned<decltype(run_command(std::declval<D&>(), std::declval<const Context&>(),
                                               std::declval<const C&>()))>;
};
template <class D, class Q>
struct QueryResult {
    using type = Missing;
};
template <class D, class Q>
    requires AnswersQuery<D, Q>
struct QueryResult<D, Q> {
    using type = Returned<decltype(std::declval<const D&>().query(std::declval<const Q&>()))>;
};

template <class T, class... All>
inline constexpr int times_in = (0 + ... + (std::is_same_v<T, All> ? 1 : 0));
template <class... T>
consteval bool all_differ(TypeList<T...>) {
    return ((times_in<T, T...> == 1) && ...);
}

template <class D>
concept FreezesItself = requires(const D& value, Writer& out) { value.freeze().save(out); };
template <class D>
concept CanBeSaved = (Encodable<D> && std::copy_constructible<D>) ||
                     (FreezesItself<D> && (LoadsAsNew<D> || LoadsInPlace<D>));

}  // namespace detail

/// The commands of D as a TypeList: its Command, or the alternatives of that variant.
template <class D>
using CommandsOf = typename detail::Alternatives<typename detail::CommandType<D>::type>::type;
template <class D>
using QueriesOf = typename detail::Alternatives<typename detail::QueryType<D>::type>::type;
/// What D::command returns for C; Unit for void.
template <class D, class C>
using ResultOf = typename detail::CommandResult<D, C>::type;
/// What D::query returns for Q; Unit for void.
template <class D, class Q>
using QueryResultOf = typename detail::QueryResult<D, Q>::type;

namespace detail {

/// The place of T in a list, as it stands in front of one of several commands or queries.
template <class T, class... All>
consteval std::uint8_t place_in(TypeList<All...>) {
    std::uint8_t place = 0;
    static_cast<void>(((std::is_same_v<T, All> || (++place, false)) || ...));
    return place;
}
/// The bytes of Whole (a variant or a sole type) that holds `one`.
template <class Whole, class One>
void encode_one(Writer& out, const One& one) {
    if constexpr (is_variant<Whole>) {
        out.number(place_in<One>(typename Alternatives<Whole>::type{}));
    }
    encode(out, one);
}

template <class D, class C>
consteval bool command_is_good() {
    return TakesCommand<D, C> && Encodable<C> && Encodable<ResultOf<D, C>>;
}
template <class D, class Q>
consteval bool query_is_good() {
    return AnswersQuery<D, Q> && Encodable<Q> && Encodable<QueryResultOf<D, Q>>;
}
template <class D, class... C>
consteval bool commands_are_good(TypeList<C...>) {
    return (command_is_good<D, C>() && ...);
}
template <class D, class... Q>
consteval bool queries_are_good(TypeList<Q...>) {
    return (query_is_good<D, Q>() && ...);
}

enum class DataFault {
    none,
    not_default,
    no_command,
    no_query,
    doubled,
    many,
    bad_command,
    bad_query,
    not_saved
};

/// The first thing that is wrong with D, so that one error is printed and not ten.
template <class D>
consteval DataFault data_fault() {
    if constexpr (!std::is_class_v<D> || !std::is_default_constructible_v<D>) {
        return DataFault::not_default;
    } else if constexpr (CommandsOf<D>::size == 0) {
        return DataFault::no_command;
    } else if constexpr (QueriesOf<D>::size == 0) {
        return DataFault::no_query;
    } else if constexpr (!all_differ(CommandsOf<D>{}) || !all_differ(QueriesOf<D>{})) {
        return DataFault::doubled;
    } else if constexpr (CommandsOf<D>::size > 256 || QueriesOf<D>::size > 256) {
        return DataFault::many;
    } else if constexpr (!commands_are_good<D>(CommandsOf<D>{})) {
        return DataFault::bad_command;
    } else if constexpr (!queries_are_good<D>(QueriesOf<D>{})) {
        return DataFault::bad_query;
    } else if constexpr (!CanBeSaved<D>) {
        return DataFault::not_saved;
    } else {
        return DataFault::none;
    }
}

template <class D, class C>
struct CheckCommand {
    static_assert(TakesCommand<D, C>,
                  "rafted: D::command(const C&) is missing or not callable; D and C are named "
                  "with 'CheckCommand<D, C>' next to this error");
    static_assert(!TakesCommand<D, C> || Encodable<C>,
                  "rafted: command C has no codec; make it a plain aggregate or give it save(..) "
                  "const and load; C is named with 'CheckCommand<D, C>' next to this error");
    static_assert(!TakesCommand<D, C> || !Encodable<C> || Encodable<ResultOf<D, C>>,
                  "rafted: the result of D::command(const C&) has no codec; D and C are named "
                  "with 'CheckCommand<D, C>' next to this error");
};
template <class D, class Q>
struct CheckQuery {
    static_assert(AnswersQuery<D, Q>,
                  "rafted: D::query(const Q&) const is missing or not callable (is it const?); D "
                  "and Q are named with 'CheckQuery<D, Q>' next to this error");
    static_assert(!AnswersQuery<D, Q> || Encodable<Q>,
                  "rafted: query Q has no codec; make it a plain aggregate or give it save(..) "
                  "const and load; Q is named with 'CheckQuery<D, Q>' next to this error");
    static_assert(!AnswersQuery<D, Q> || !Encodable<Q> || Encodable<QueryResultOf<D, Q>>,
                  "rafted: the result of D::query(const Q&) has no codec; D and Q are named with "
                  "'CheckQuery<D, Q>' next to this error");
};

struct Blameless {};

/// Checks closely the first command (query) that is wrong, and only that one.
template <class D, class List>
struct BlameCommand : Blameless {};
template <class D, class C, class... Rest>
struct BlameCommand<D, TypeList<C, Rest...>>
    : std::conditional_t<command_is_good<D, C>(), BlameCommand<D, TypeList<Rest...>>,
                         CheckCommand<D, C>> {};
template <class D, class List>
struct BlameQuery : Blameless {};
template <class D, class Q, class... Rest>
struct BlameQuery<D, TypeList<Q, Rest...>>
    : std::conditional_t<query_is_good<D, Q>(), BlameQuery<D, TypeList<Rest...>>,
                         CheckQuery<D, Q>> {};

template <class D, DataFault fault>
struct Blame : Blameless {};
template <class D>
struct Blame<D, DataFault::bad_command> : BlameCommand<D, CommandsOf<D>> {};
template <class D>
struct Blame<D, DataFault::bad_query> : BlameQuery<D, QueriesOf<D>> {};

}  // namespace detail

/// D can be replicated: default constructible, with Command and Query, a command() for each
/// command, a const query() for each query, all of them and their results Encodable, and itself
/// Encodable and copyable, or with freeze() and load().
template <class D>
concept Data = detail::data_fault<D>() == detail::DataFault::none;

/// Prints, when it is instantiated, the one compile error that says what D lacks to be Data.
/// Written `static_cast<void>(sizeof(RequireData<D>))` in the body of what is made for a D; the
/// rest of that is compiled only `if constexpr (Data<D>)`, so that the error stays alone.
template <class D>
struct RequireData : detail::Blame<D, detail::data_fault<D>()> {
    static constexpr detail::DataFault fault = detail::data_fault<D>();
    static_assert(fault != detail::DataFault::not_default,
                  "rafted: D must be a class that is default constructible: the value before the "
                  "first command");
    static_assert(fault != detail::DataFault::no_command,
                  "rafted: D::Command is missing: name the type of its commands, or a std::variant "
                  "of several");
    static_assert(fault != detail::DataFault::no_query,
                  "rafted: D::Query is missing: name the type of its queries, a std::variant of "
                  "several, or rafted::Unit");
    static_assert(fault != detail::DataFault::doubled,
                  "rafted: D::Command or D::Query names the same type twice");
    static_assert(fault != detail::DataFault::many,
                  "rafted: D::Command or D::Query has more than 256 alternatives");
    static_assert(fault != detail::DataFault::not_saved,
                  "rafted: D cannot be saved: make it a copyable plain aggregate, or a copyable "
                  "type with save(Writer&) const and load(Reader&), or give it freeze() const "
                  "that returns a type with save(Writer&) const, and load(Reader&)");
};

}  // namespace rafted

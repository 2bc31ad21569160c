// The simulated world for a value with types: run<D>(options, workload). Included by sim.hpp.
//
// A workload is called as workload(Chance&) or workload(Chance&, unsigned client), and returns
//   - a command or a query of D (one of the types, or the whole D::Command or D::Query), or
//   - a Request made by command<D>(c), query<D>(q) or stale_query<D>(q): needed where one type is
//     both a command and a query of D, and for stale queries; or
//   - a std::variant of such.
// It may also have `std::string wrong(const D&) const`: an invariant, asked after every command on
// every member. What it returns, if anything, is a violation that names the command.
//   1. A workload is const and keeps nothing: equal chance and client give an equal request.
//   2. What cannot work is one compile error that says why, from RequireWorkload.
#pragma once

#include <atomic>
#include <concepts>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <type_traits>
#include <utility>

#include "rafted/sim.hpp"
#include "rafted/sim_words.hpp"

namespace rafted::sim {

namespace inside {

template <class T, class List>
inline constexpr bool is_one_of = false;
template <class T, class... All>
inline constexpr bool is_one_of<T, TypeList<All...>> = (std::is_same_v<T, All> || ...);

template <class D, class T>
inline constexpr bool is_command_of =
    is_one_of<T, CommandsOf<D>> || std::is_same_v<T, typename D::Command>;
template <class D, class T>
inline constexpr bool is_query_of =
    is_one_of<T, QueriesOf<D>> || std::is_same_v<T, typename D::Query>;

enum class RequestFault { none, neither, both };

template <class D, class R>
struct RequestFaultOf {
    static constexpr bool command = is_command_of<D, R>;
    static constexpr bool query = is_query_of<D, R>;
    static constexpr RequestFault value = std::is_same_v<R, Request> ? RequestFault::none
                                          : command && query         ? RequestFault::both
                                          : command || query         ? RequestFault::none
                                                                     : RequestFault::neither;
};
/// The first alternative that is wrong counts.
template <class D, class... R>
    requires(!is_command_of<D, std::variant<R...>> && !is_query_of<D, std::variant<R...>>)
struct RequestFaultOf<D, std::variant<R...>> {
    static constexpr RequestFault value = [] {
        RequestFault first = RequestFault::none;
        static_cast<void>(
            ((first = RequestFaultOf<D, R>::value, first != RequestFault::none) || ...));
        return first;
    }();
};

/// What a workload returns; void if it cannot be called.
template <class W>
struct Asked {
    using type = void;
};
template <class W>
    requires std::invocable<const W&, Chance&, unsigned>
struct Asked<W> {
    using type = std::remove_cvref_t<std::invoke_result_t<const W&, Chance&, unsigned>>;
};
template <class W>
    requires(std::invocable<const W&, Chance&> && !std::invocable<const W&, Chance&, unsigned>)
struct Asked<W> {
    using type = std::remove_cvref_t<std::invoke_result_t<const W&, Chance&>>;
};

template <class D, class W>
concept HasInvariant = requires(const W& workload, const D& value) {
    { workload.wrong(value) } -> std::convertible_to<std::string>;
};
template <class W>
concept NamesInvariant = requires { &W::wrong; };

enum class WorkloadFault { none, copyable, keeps, call, neither, both, invariant };

/// The first thing that is wrong with W, so that one error is printed and not ten.
template <class D, class W>
consteval WorkloadFault workload_fault() {
    using R = typename Asked<W>::type;
    constexpr bool calls = std::invocable<W&, Chance&> || std::invocable<W&, Chance&, unsigned>;
    if constexpr (!std::copy_constructible<W>) {
        return WorkloadFault::copyable;
    } else if constexpr (std::is_void_v<R>) {
        return calls ? WorkloadFault::keeps : WorkloadFault::call;
    } else if constexpr (RequestFaultOf<D, R>::value == RequestFault::neither) {
        return WorkloadFault::neither;
    } else if constexpr (RequestFaultOf<D, R>::value == RequestFault::both) {
        return WorkloadFault::both;
    } else if constexpr (NamesInvariant<W> && !HasInvariant<D, W>) {
        return WorkloadFault::invariant;
    } else {
        return WorkloadFault::none;
    }
}

/// `Returned` is named for the compiler's error.
template <class D, class W, class Returned = typename Asked<W>::type>
struct CheckWorkload {
    static constexpr WorkloadFault fault = workload_fault<D, W>();
    static_assert(fault != WorkloadFault::copyable,
                  "rafted: the workload must be copyable: each run has its own");
    static_assert(fault != WorkloadFault::keeps,
                  "rafted: the workload must be callable when it is const and return something: it "
                  "may keep nothing between two calls (is it a mutable lambda?)");
    static_assert(fault != WorkloadFault::call,
                  "rafted: the workload must be callable as workload(rafted::sim::Chance&) or "
                  "workload(rafted::sim::Chance&, unsigned client)");
    static_assert(fault != WorkloadFault::neither,
                  "rafted: the workload returns what is no command and no query of D; return one, "
                  "or a std::variant of such; the type is named 'Returned' next to this error");
    static_assert(fault != WorkloadFault::both,
                  "rafted: the workload returns a type that is both a command and a query of D; "
                  "return a Request from rafted::sim::command<D>(c) or query<D>(q) instead");
    static_assert(fault != WorkloadFault::invariant,
                  "rafted: the workload's wrong() must be callable as wrong(const D&) const, and "
                  "return a std::string: what is wrong, empty if nothing");
};

template <class D, class H, class W>
struct SubjectParts {
    static constexpr bool are_good = false;
    using Check = RequireData<D>;
};
template <Data D, class H, class W>
struct SubjectParts<D, H, W> {
    static constexpr bool are_good = false;
    using Check = RequireHooks<H, D>;
};
template <Data D, HooksFor<D> H, class W>
struct SubjectParts<D, H, W> {
    static constexpr bool are_good = workload_fault<D, W>() == WorkloadFault::none;
    using Check = CheckWorkload<D, W>;
};

template <class Whole, class One>
Bytes body_of(const One& one) {
    Writer out;
    if constexpr (std::is_same_v<Whole, One> && detail::is_variant<Whole>) {
        std::visit([&](const auto& held) { detail::encode_one<Whole>(out, held); }, one);
    } else {
        detail::encode_one<Whole>(out, one);
    }
    return out.take();
}

template <class D, class R>
Request request_of(const R& asked) {
    if constexpr (std::is_same_v<R, Request>) {
        return asked;
    } else if constexpr (is_command_of<D, R>) {
        return {false, false, body_of<typename D::Command>(asked), sim::words_of(asked)};
    } else if constexpr (is_query_of<D, R>) {
        return {true, false, body_of<typename D::Query>(asked), sim::words_of(asked)};
    } else {
        return std::visit([](const auto& one) { return inside::request_of<D>(one); }, asked);
    }
}

/// The words of the bytes of a command (query).
template <class Whole, class List>
std::string words_of_bytes(BytesView bytes) {
    std::string text;
    const auto said = detail::decode_one<Whole>(bytes, List{}, [&text](const auto& one) {
        text = sim::words_of(one);
        return Answered{};
    });
    return said ? text : "bytes of another type";
}

/// The words of the bytes of a result, whose type depends on what was asked.
template <class Whole, class List, class ResultFor>
std::string words_of_result(BytesView asked, BytesView result) {
    std::string text;
    const auto said = detail::decode_one<Whole>(asked, List{}, [&]<class One>(const One&) {
        const auto one = decode<typename ResultFor::template Of<One>>(result);
        if (one) inside::say(text, *one);
        return Answered{};
    });
    return said && !text.empty() ? text : "bytes of another type";
}
template <class D>
struct ResultsOf {
    template <class C>
    using Of = ResultOf<D, C>;
};
template <class D>
struct AnswersOf {
    template <class Q>
    using Of = QueryResultOf<D, Q>;
};

/// Memory for a value, filled so that members that nobody has set differ from value to value.
/// To be freed with operator delete.
void* soiled_memory(std::size_t size, std::uint64_t number);

template <class M>
std::unique_ptr<Machine> made_in_dirt(std::uint64_t number) {
    if constexpr (alignof(M) > __STDCPP_DEFAULT_NEW_ALIGNMENT__) {
        return std::make_unique<M>();
    } else {
        void* memory = soiled_memory(sizeof(M), number);
        try {
            return std::unique_ptr<Machine>(::new (memory) M());
        } catch (...) {
            ::operator delete(memory);
            throw;
        }
    }
}

template <class D, class W>
std::string wrong_with(const W& workload, const D& value) {
    try {
        return workload.wrong(value);
    } catch (const std::exception& thrown) {
        return std::string("wrong() itself threw: ") + thrown.what();
    }
}

}  // namespace inside

/// Prints, when it is instantiated, the one compile error that says why D, its hooks H and the
/// workload W do not fit together.
template <class D, class H, class W>
struct RequireWorkload : inside::SubjectParts<D, H, W>::Check {};

/// requires: C is a command of D.
template <class D, class C>
Request command(const C& one) {
    static_assert(inside::is_command_of<D, C>,
                  "rafted: C is no command of D; it must be of that very type");
    if constexpr (inside::is_command_of<D, C>) {
        return {false, false, inside::body_of<typename D::Command>(one), sim::words_of(one)};
    }
    return {};
}
/// Linearizable. requires: Q is a query of D.
template <class D, class Q>
Request query(const Q& one) {
    static_assert(inside::is_query_of<D, Q>,
                  "rafted: Q is no query of D; it must be of that very type");
    if constexpr (inside::is_query_of<D, Q>) {
        return {true, false, inside::body_of<typename D::Query>(one), sim::words_of(one)};
    }
    return {};
}
/// Of whatever node is at hand; it may be behind.
template <class D, class Q>
Request stale_query(const Q& one) {
    Request request = query<D>(one);
    request.is_stale = true;
    return request;
}

/// D under a workload, without types. H: leader hooks to run, default constructible.
template <class D, class H = LeaderHooks<D>, class W>
Subject subject_of(W workload) {
    static_cast<void>(sizeof(RequireWorkload<D, H, W>));
    Subject subject;
    if constexpr (inside::SubjectParts<D, H, W>::are_good) {
        using M = Typed<D, H>;
        subject.machine = [made = std::make_shared<std::atomic<std::uint64_t>>(0)] {
            return inside::made_in_dirt<M>(++*made);
        };
        subject.next = [workload](Chance& chance, unsigned client) {
            if constexpr (std::invocable<const W&, Chance&, unsigned>) {
                return inside::request_of<D>(workload(chance, client));
            } else {
                return inside::request_of<D>(workload(chance));
            }
        };
        subject.words = inside::words_of_bytes<typename D::Command, CommandsOf<D>>;
        subject.result_words =
            inside::words_of_result<typename D::Command, CommandsOf<D>, inside::ResultsOf<D>>;
        subject.answer_words =
            inside::words_of_result<typename D::Query, QueriesOf<D>, inside::AnswersOf<D>>;
        subject.query_words = inside::words_of_bytes<typename D::Query, QueriesOf<D>>;
        if constexpr (inside::HasInvariant<D, W>) {
            subject.wrong = [workload](const Machine& machine) {
                return inside::wrong_with(workload, static_cast<const M&>(machine).value());
            };
        }
    }
    return subject;
}

/// One run of D. Throws what the workload throws.
template <class D, class H = LeaderHooks<D>, class W>
Report run(const Options& options, W workload) {
    return run(options, subject_of<D, H>(std::move(workload)));
}

}  // namespace rafted::sim

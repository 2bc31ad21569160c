// Leader hooks: how a replicated value acts on the world. Derive from LeaderHooks<D> and declare
// what you need; what is not declared costs nothing. They run on the leader alone, in commit order,
// after the answer has left, off the loop, at least once per event.
//   1. A hook's arguments are its own: copies made when the event happened, at no cost to who does
//      not take them.
//   2. A hook that is declared but fits no event is one compile error, from RequireHooks.
#pragma once

#include <type_traits>

#include "rafted/data.hpp"

namespace rafted {

/// Base of a user's hooks for the value D. Declares nothing: a hook that is not there is not run.
/// A derived class may have, as members, overloads or templates:
///
///   on_command_committed([ctx,] command, result)                  per command type
///   on_command_committed([ctx,] command, result, after)           one copy of D per such command
///   on_command_committed([ctx,] before, command, result, after)   the same: `before` was kept
///   on_query_answered([ctx,] [value,] query, result)              per query type
///   on_follower_added([ctx,] [value,] member)                     member: HookMember
///   on_follower_removed([ctx,] [value,] member)
///   on_elected([ctx] [,] [value])
///   on_restored_from_files([ctx] [,] [value])
///
/// All arguments are const references; ctx is const HookContext&. A hook that is generic in its
/// first argument is called without ctx. Of several forms that fit, the longest is called.
template <class D>
struct LeaderHooks {
    using Value = D;
};

namespace detail {

enum class HookForm { none, plain, with_after, with_both };
/// How a hook is to be called.
struct HookCallForm {
    HookForm form = HookForm::none;
    bool context = false;
    constexpr bool exists() const { return form != HookForm::none; }
    constexpr bool takes_value() const { return form >= HookForm::with_after; }
};

template <class H, class D, class C>
consteval HookCallForm command_hook() {
    using X = HookContext;
    using R = ResultOf<D, C>;
    using enum HookForm;
    if constexpr (requires(H& h, const X& x, const D& d, const C& c, const R& r) {
                      h.on_command_committed(x, d, c, r, d);
                  }) {
        return {with_both, true};
    } else if constexpr (requires(H& h, const D& d, const C& c, const R& r) {
                             h.on_command_committed(d, c, r, d);
                         }) {
        return {with_both, false};
    } else if constexpr (requires(H& h, const X& x, const C& c, const R& r, const D& d) {
                             h.on_command_committed(x, c, r, d);
                         }) {
        return {with_after, true};
    } else if constexpr (requires(H& h, const C& c, const R& r, const D& d) {
                             h.on_command_committed(c, r, d);
                         }) {
        return {with_after, false};
    } else if constexpr (requires(H& h, const X& x, const C& c, const R& r) {
                             h.on_command_committed(x, c, r);
                         }) {
        return {plain, true};
    } else if constexpr (requires(H& h, const C& c, const R& r) { h.on_command_committed(c, r); }) {
        return {plain, false};
    } else {
        return {};
    }
}

template <class H, class D, class Q>
consteval HookCallForm query_hook() {
    using X = HookContext;
    using R = QueryResultOf<D, Q>;
    using enum HookForm;
    if constexpr (requires(H& h, const X& x, const D& d, const Q& q, const R& r) {
                      h.on_query_answered(x, d, q, r);
                  }) {
        return {with_after, true};
    } else if constexpr (requires(H& h, const D& d, const Q& q, const R& r) {
                             h.on_query_answered(d, q, r);
                         }) {
        return {with_after, false};
    } else if constexpr (requires(H& h, const X& x, const Q& q, const R& r) {
                             h.on_query_answered(x, q, r);
                         }) {
        return {plain, true};
    } else if constexpr (requires(H& h, const Q& q, const R& r) { h.on_query_answered(q, r); }) {
        return {plain, false};
    } else {
        return {};
    }
}

/// For each hook: a door to call it by, and whether H has any member of its name. The latter is
/// seen by an ambiguity: a second base has that name too (a final H cannot be asked).
#define RAFTED_EVENT_HOOK(Name)                                                                   \
    struct Name##_hook {                                                                          \
        template <class H, class... A>                                                            \
        static auto call(H& hooks, const A&... arguments) -> decltype(hooks.Name(arguments...)) { \
            return hooks.Name(arguments...);                                                      \
        }                                                                                         \
    };                                                                                            \
    struct Name##_probe {                                                                         \
        void Name();                                                                              \
    };                                                                                            \
    template <class H>                                                                            \
    struct Name##_both : H, Name##_probe {};                                                      \
    template <class H>                                                                            \
    concept declares_##Name = !std::is_final_v<H> && !requires { &Name##_both<H>::Name; };

RAFTED_EVENT_HOOK(on_command_committed)
RAFTED_EVENT_HOOK(on_query_answered)
RAFTED_EVENT_HOOK(on_follower_added)
RAFTED_EVENT_HOOK(on_follower_removed)
RAFTED_EVENT_HOOK(on_elected)
RAFTED_EVENT_HOOK(on_restored_from_files)
#undef RAFTED_EVENT_HOOK

template <class Hook, class H, class... A>
concept HookTakes = requires(H& hooks, const A&... arguments) { Hook::call(hooks, arguments...); };

/// `A` is the event's own argument, if it has one.
template <class Hook, class H, class D, class... A>
consteval HookCallForm event_hook() {
    using enum HookForm;
    if constexpr (HookTakes<Hook, H, HookContext, D, A...>) {
        return {with_after, true};
    } else if constexpr (HookTakes<Hook, H, D, A...>) {
        return {with_after, false};
    } else if constexpr (HookTakes<Hook, H, HookContext, A...>) {
        return {plain, true};
    } else if constexpr (HookTakes<Hook, H, A...>) {
        return {plain, false};
    } else {
        return {};
    }
}

template <class H, class D, class C>
inline constexpr HookCallForm command_form = command_hook<H, D, C>();
template <class H, class D, class Q>
inline constexpr HookCallForm query_form = query_hook<H, D, Q>();
template <class H, class D>
inline constexpr HookCallForm added_form = event_hook<on_follower_added_hook, H, D, HookMember>();
template <class H, class D>
inline constexpr HookCallForm removed_form =
    event_hook<on_follower_removed_hook, H, D, HookMember>();
template <class H, class D>
inline constexpr HookCallForm elected_form = event_hook<on_elected_hook, H, D>();
template <class H, class D>
inline constexpr HookCallForm restored_form = event_hook<on_restored_from_files_hook, H, D>();

struct HookForms {
    bool exists = false;
    bool takes_value = false;
    constexpr void add(HookCallForm form) {
        exists = exists || form.exists();
        takes_value = takes_value || form.takes_value();
    }
};
template <class H, class D, class... C>
consteval HookForms command_hooks(TypeList<C...>) {
    HookForms forms;
    (forms.add(command_form<H, D, C>), ...);
    return forms;
}
template <class H, class D, class... Q>
consteval HookForms query_hooks(TypeList<Q...>) {
    HookForms forms;
    (forms.add(query_form<H, D, Q>), ...);
    return forms;
}
template <class H, class D>
consteval HookForms all_hooks() {
    HookForms forms = command_hooks<H, D>(CommandsOf<D>{});
    const HookForms queries = query_hooks<H, D>(QueriesOf<D>{});
    forms.exists = forms.exists || queries.exists;
    forms.takes_value = forms.takes_value || queries.takes_value;
    for (const auto form :
         {added_form<H, D>, removed_form<H, D>, elected_form<H, D>, restored_form<H, D>}) {
        forms.add(form);
    }
    return forms;
}

enum class HooksFault { none, base, copyable, command, query, member, lead };

/// The first thing that is wrong with H, so that one error is printed and not ten.
template <class H, class D>
consteval HooksFault hooks_fault() {
    constexpr auto misfits = [](bool declared, bool matched) { return declared && !matched; };
    if constexpr (!std::is_base_of_v<LeaderHooks<D>, H>) {
        return HooksFault::base;
    } else if constexpr (misfits(declares_on_command_committed<H>,
                                 command_hooks<H, D>(CommandsOf<D>{}).exists)) {
        return HooksFault::command;
    } else if constexpr (misfits(declares_on_query_answered<H>,
                                 query_hooks<H, D>(QueriesOf<D>{}).exists)) {
        return HooksFault::query;
    } else if constexpr (misfits(declares_on_follower_added<H>, added_form<H, D>.exists()) ||
                         misfits(declares_on_follower_removed<H>, removed_form<H, D>.exists())) {
        return HooksFault::member;
    } else if constexpr (misfits(declares_on_elected<H>, elected_form<H, D>.exists()) ||
                         misfits(declares_on_restored_from_files<H>,
                                 restored_form<H, D>.exists())) {
        return HooksFault::lead;
    } else if constexpr (all_hooks<H, D>().takes_value && !std::is_copy_constructible_v<D>) {
        return HooksFault::copyable;
    } else {
        return HooksFault::none;
    }
}

}  // namespace detail

/// H can hold hooks for D: derived from LeaderHooks<D>, and every hook that it declares fits.
template <class H, class D>
concept HooksFor = detail::hooks_fault<H, D>() == detail::HooksFault::none;

/// Like RequireData: prints the one compile error that says why H does not hold hooks for D.
/// requires: Data<D>.
template <class H, class D>
struct RequireHooks {
    static constexpr detail::HooksFault fault = detail::hooks_fault<H, D>();
    static_assert(fault != detail::HooksFault::base,
                  "rafted: H must derive publicly from LeaderHooks<D>, for the same D");
    static_assert(
        fault != detail::HooksFault::command,
        "rafted: H::on_command_committed fits no command of D; take [const HookContext&,] "
        "[const D& before,] const C&, const R& [, const D& after], and make it public");
    static_assert(fault != detail::HooksFault::query,
                  "rafted: H::on_query_answered fits no query of D; take [const HookContext&,] "
                  "[const D&,] const Q&, const R&, and make it public");
    static_assert(fault != detail::HooksFault::member,
                  "rafted: H::on_follower_added or on_follower_removed has the wrong arguments; "
                  "take [const HookContext&,] [const D&,] const HookMember&, and make it public");
    static_assert(fault != detail::HooksFault::lead,
                  "rafted: H::on_elected or on_restored_from_files has the wrong arguments; take "
                  "[const HookContext&] [,] [const D&], and make it public");
    static_assert(fault != detail::HooksFault::copyable,
                  "rafted: a hook of H takes the value, but D is not copyable; use the form "
                  "without the value");
};

}  // namespace rafted

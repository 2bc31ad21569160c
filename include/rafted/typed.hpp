// Typed<D, Hooks>: turns a plain struct into a Machine. Bytes come in, the value's own functions
// are called with their own types, bytes go out.
//   1. No exception leaves: what the value throws is the answer value_threw, on every member alike.
//   2. The value is saved and loaded in pieces: its encoding is never in memory whole.
//   3. Hooks run later and elsewhere, so what they are given is theirs: at most one copy of the
//      value per applied command, and none unless a hook that takes the value is declared for it.
#pragma once

#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "rafted/data.hpp"
#include "rafted/hooks.hpp"
#include "rafted/machine.hpp"

namespace rafted {

namespace detail {

/// Runs `act`; what it throws becomes an error of this code, with the exception's text.
template <class Act>
auto guarded(ErrorCode code, Act&& act) -> decltype(act()) {
    try {
        return act();
    } catch (const std::exception& thrown) {
        return fail(code, thrown.what());
    } catch (...) {
        return fail(code, "something that is no std::exception was thrown");
    }
}

/// A copy of the value as of one moment, or why there is none (then the hook fails instead).
template <class D>
struct Copy {
    std::shared_ptr<const D> value;
    std::exception_ptr error;

    const D& get() const {
        if (error) std::rethrow_exception(error);
        return *value;
    }
};

/// What is saved of a value: itself (shared with the hooks) or what its freeze() returned.
template <class F>
class FrozenValue final : public Frozen {
public:
    explicit FrozenValue(std::shared_ptr<const F> value) : value_(std::move(value)) {}

    Result<void> save(const Sink& sink) const override {
        return guarded(ErrorCode::value_threw, [&]() -> Result<void> {
            Outlet outlet(sink);
            Writer out(outlet);
            if constexpr (SavesItself<F>) {
                value_->save(out);
            } else {
                encode(out, *value_);
            }
            out.flush();
            if (!outlet.result) return outlet.result;
            if (out.failed()) {
                return fail(ErrorCode::invalid,
                            "the value is nested too deep or has a container too long to be read "
                            "back; give it its own save and load");
            }
            return {};
        });
    }

private:
    class Outlet final : public ByteSink {
    public:
        explicit Outlet(const Sink& sink) : sink_(sink) {}
        bool take(BytesView piece) override {
            result = sink_(piece);
            return result.has_value();
        }
        Result<void> result;

    private:
        const Sink& sink_;
    };

    std::shared_ptr<const F> value_;
};

/// Calls `act` with the command (query) that the bytes hold, as its own type. Fails with invalid.
template <class Whole, class Act, class... One>
Result<Answered> decode_one(BytesView bytes, TypeList<One...>, Act&& act) {
    Reader in(bytes);
    std::size_t chosen = 0;
    if constexpr (is_variant<Whole>) chosen = in.number<std::uint8_t>();
    if (in.failed() || chosen >= sizeof...(One)) {
        return fail(ErrorCode::invalid,
                    "the bytes are no command or query of this value: "
                    "their first byte names none");
    }
    Result<Answered> answered;
    std::size_t place = 0;
    const auto attempt = [&]<class T>(std::type_identity<T>) {
        if (place++ != chosen) return false;
        if (auto one = decode<T>(in.rest())) {
            answered = act(std::move(*one));
        } else {
            answered = std::unexpected(std::move(one.error()));
        }
        return true;
    };
    static_cast<void>((attempt(std::type_identity<One>{}) || ...));
    return answered;
}

/// Hooks are looked at only if D is Data: otherwise that is the error.
template <class D, class H>
struct HooksForData {
    static constexpr bool value = false;
    using Check = Unit;
};
template <Data D, class H>
struct HooksForData<D, H> {
    static constexpr bool value = HooksFor<H, D>;
    using Check = RequireHooks<H, D>;
};

}  // namespace detail

/// requires: Data<D>; H derives from LeaderHooks<D>. Use by one thread at a time; the hooks it
/// returns may run on another.
template <class D, class H = LeaderHooks<D>>
class Typed final : public Machine {
    static constexpr bool ok_ = detail::HooksForData<D, H>::value;

public:
    explicit Typed(std::shared_ptr<H> hooks = std::make_shared<H>()) : hooks_(std::move(hooks)) {
        static_cast<void>(sizeof(RequireData<D>));
        static_cast<void>(sizeof(typename detail::HooksForData<D, H>::Check));
    }

    Answered command(const Context& context, BytesView bytes) override {
        if constexpr (ok_) {
            return settled(detail::guarded(ErrorCode::value_threw, [&] {
                return detail::decode_one<typename D::Command>(
                    bytes, CommandsOf<D>{}, [&]<class C>(C&& command) {
                        return run_command(context, std::forward<C>(command));
                    });
            }));
        }
        return {};
    }

    Answered query(BytesView bytes) const override {
        if constexpr (ok_) {
            return settled(detail::guarded(ErrorCode::value_threw, [&] {
                return detail::decode_one<typename D::Query>(
                    bytes, QueriesOf<D>{},
                    [&]<class Q>(Q&& query) { return run_query(std::forward<Q>(query)); });
            }));
        }
        return {};
    }

    Result<std::unique_ptr<Frozen>> freeze() const override {
        return detail::guarded(ErrorCode::value_threw, [&]() -> Result<std::unique_ptr<Frozen>> {
            if constexpr (!ok_) {
                return nullptr;
            } else if constexpr (detail::FreezesItself<D>) {
                using F = std::remove_cvref_t<decltype(value_.freeze())>;
                return std::make_unique<detail::FrozenValue<F>>(
                    std::make_shared<const F>(value_.freeze()));
            } else {
                return std::make_unique<detail::FrozenValue<D>>(shared_value());
            }
        });
    }

    using Machine::load;
    Result<void> load(Reader& in) override {
        copy_.reset();
        return detail::guarded(ErrorCode::corrupt, [&]() -> Result<void> {
            if constexpr (!ok_) {
                return {};
            } else if constexpr (detail::LoadsAsNew<D>) {
                value_ = D::load(in);
            } else if constexpr (detail::LoadsInPlace<D>) {
                value_.load(in);
            } else {
                decode_into(in, value_);
            }
            if (in.complete()) return {};
            return fail(ErrorCode::corrupt,
                        in.failed() ? "the saved value ends too early or makes no sense"
                                    : std::to_string(in.left()) +
                                          " bytes are left over behind the saved value");
        });
    }

    HookCall on_elected() const override {
        if constexpr (!ok_) return {};
        if constexpr (ok_) return event<detail::on_elected_hook, detail::elected_form<H, D>>();
    }
    HookCall on_restored_from_files() const override {
        if constexpr (!ok_) return {};
        if constexpr (ok_) {
            return event<detail::on_restored_from_files_hook, detail::restored_form<H, D>>();
        }
    }
    HookCall on_follower_added(const HookMember& member) const override {
        if constexpr (!ok_) return {};
        if constexpr (ok_) {
            return event<detail::on_follower_added_hook, detail::added_form<H, D>>(member);
        }
    }
    HookCall on_follower_removed(const HookMember& member) const override {
        if constexpr (!ok_) return {};
        if constexpr (ok_) {
            return event<detail::on_follower_removed_hook, detail::removed_form<H, D>>(member);
        }
    }
    bool has_hooks() const override {
        if constexpr (ok_) return detail::all_hooks<H, D>().exists;
        return false;
    }

    /// The value itself, to look at; only from the thread that uses the machine.
    const auto& value() const { return value_; }

private:
    using Form = detail::HookForm;
    using Copy = detail::Copy<D>;

    static Answered settled(Result<Answered> answered) {
        if (answered) return std::move(*answered);
        return {std::unexpected(std::move(answered.error())), {}};
    }

    template <class R>
    static Result<Bytes> encoded(const R& result) {
        Writer out;
        encode(out, result);
        if (!out.failed()) return out.take();
        return fail(ErrorCode::value_threw, "the result is nested too deep or too long to be sent");
    }

    /// The value as it is now, shared by everyone who asks until it changes.
    std::shared_ptr<const D> shared_value() const {
        if (!copy_) copy_ = std::make_shared<const D>(value_);
        return copy_;
    }
    template <bool wanted>
    Copy copy_if() const {
        if constexpr (wanted) {
            try {
                return {shared_value(), nullptr};
            } catch (...) {
                return {nullptr, std::current_exception()};
            }
        }
        return {};
    }

    template <class C>
    Result<Answered> run_command(const Context& context, C command) {
        constexpr const auto& hook = detail::command_form<H, D, C>;
        using R = ResultOf<D, C>;
        auto before = copy_if<hook.form == Form::with_both>();
        copy_.reset();
        R result = [&]() -> R {
            if constexpr (std::is_void_v<decltype(detail::run_command(value_, context, command))>) {
                detail::run_command(value_, context, command);
                return {};
            } else {
                return detail::run_command(value_, context, command);
            }
        }();
        Answered answered{encoded(result), {}};
        if constexpr (hook.exists()) {
            struct Event {
                std::shared_ptr<H> hooks;
                Copy before;
                C command;
                R result;
                Copy after;
            };
            auto event = std::make_shared<const Event>(Event{hooks_, std::move(before),
                                                             std::move(command), std::move(result),
                                                             copy_if<hook.takes_value()>()});
            answered.hook = [event = std::move(event)](const HookContext& context_of_hook) {
                call_command_hook<detail::command_form<H, D, C>>(context_of_hook, *event);
            };
        }
        return answered;
    }

    template <detail::HookCallForm hook, class Event>
    static void call_command_hook(const HookContext& context, const Event& event) {
        const auto call = [&](const auto&... before_all) {
            if constexpr (hook.form == Form::with_both) {
                event.hooks->on_command_committed(before_all..., event.before.get(), event.command,
                                                  event.result, event.after.get());
            } else if constexpr (hook.form == Form::with_after) {
                event.hooks->on_command_committed(before_all..., event.command, event.result,
                                                  event.after.get());
            } else {
                event.hooks->on_command_committed(before_all..., event.command, event.result);
            }
        };
        if constexpr (hook.context) {
            call(context);
        } else {
            call();
        }
    }

    template <class Q>
    Result<Answered> run_query(Q query) const {
        constexpr const auto& hook = detail::query_form<H, D, Q>;
        using R = QueryResultOf<D, Q>;
        R result = [&]() -> R {
            if constexpr (std::is_void_v<decltype(value_.query(query))>) {
                value_.query(query);
                return {};
            } else {
                return value_.query(query);
            }
        }();
        Answered answered{encoded(result), {}};
        if constexpr (hook.exists()) {
            struct Event {
                std::shared_ptr<H> hooks;
                Copy value;
                Q query;
                R result;
            };
            auto event = std::make_shared<const Event>(
                Event{hooks_, copy_if<hook.takes_value()>(), std::move(query), std::move(result)});
            answered.hook = [event = std::move(event)](const HookContext& context_of_hook) {
                call_query_hook<detail::query_form<H, D, Q>>(context_of_hook, *event);
            };
        }
        return answered;
    }

    template <detail::HookCallForm hook, class Event>
    static void call_query_hook(const HookContext& context, const Event& event) {
        const auto call = [&](const auto&... before_all) {
            if constexpr (hook.takes_value()) {
                event.hooks->on_query_answered(before_all..., event.value.get(), event.query,
                                               event.result);
            } else {
                event.hooks->on_query_answered(before_all..., event.query, event.result);
            }
        };
        if constexpr (hook.context) {
            call(context);
        } else {
            call();
        }
    }

    template <class Hook, detail::HookCallForm hook, class... A>
    HookCall event(const A&... arguments) const {
        if constexpr (!hook.exists()) {
            return {};
        } else {
            return [hooks = hooks_, value = copy_if<hook.takes_value()>(),
                    arguments...](const HookContext& context) {
                if constexpr (hook.context && hook.takes_value()) {
                    Hook::call(*hooks, context, value.get(), arguments...);
                } else if constexpr (hook.context) {
                    Hook::call(*hooks, context, arguments...);
                } else if constexpr (hook.takes_value()) {
                    Hook::call(*hooks, value.get(), arguments...);
                } else {
                    Hook::call(*hooks, arguments...);
                }
            };
        }
    }

    std::shared_ptr<H> hooks_;
    std::conditional_t<ok_, D, Unit> value_{};
    mutable std::shared_ptr<const D> copy_;
};

}  // namespace rafted

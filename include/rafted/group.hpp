// Group<D>: a typed, copyable handle to one replicated value, wherever its leader is. It finds the
// leader itself, and one call is one command: retries within its timeout carry the same id.
//   1. Thread-safe; copies share one session.
//   2. Each call has two forms: start_x() returns a Pending at once, x() waits for it.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "rafted/caller.hpp"
#include "rafted/data.hpp"
#include "rafted/pending.hpp"
#include "rafted/status.hpp"

namespace rafted {

/// The body of RequestKind::add_member.
struct NewMember {
    NodeId node;
    std::string address;
    Standing standing = Standing::joining;
    bool operator==(const NewMember&) const = default;
};

/// The untyped part of a handle: what works for any value.
class GroupHandle {
public:
    explicit GroupHandle(std::shared_ptr<Caller> caller) : caller_(std::move(caller)) {}

    const std::string& name() const { return caller_->group_name(); }

    /// The group as one member sees it, at once; needs no leader.
    Result<Status> status(const CallOptions& options = {}) const;
    /// As status() says.
    Result<std::vector<MemberInfo>> members(const CallOptions& options = {}) const;
    Result<GroupConfig> config(const CallOptions& options = {}) const;

    /// Replaces the config of the whole group; answers when it is committed. Fails with invalid and
    /// the reason if it is out of range.
    Result<void> set_config(const GroupConfig& config, const CallOptions& options = {}) const;

    /// Adds a node that runs this group already or is about to (it joins by itself, see
    /// Node::join_group). Answers when the change is committed. Fails with already_member,
    /// change_in_progress, leader_change_pending.
    Result<void> add_member(const NewMember& member, const CallOptions& options = {}) const;
    /// Makes a learner a voter. Fails with not_member, change_in_progress, unresponsive.
    Result<void> promote_member(NodeId node, const CallOptions& options = {}) const;
    /// Removes a member; answers when it is committed. Fails with cannot_remove_leader, not_member,
    /// would_break_quorum, change_in_progress, leader_change_pending.
    Result<void> remove_member(NodeId node, const CallOptions& options = {}) const;
    /// After a majority is lost: the answering member alone forgets the node. Unsafe while the node
    /// or any of its majority lives; run it on every survivor. Never replicated.
    Result<void> force_remove_member(NodeId node, const CallOptions& options = {}) const;
    /// Hands the lead to a voter; answers when it leads. Fails with already_leader, not_member,
    /// unresponsive, change_in_progress, cancelled.
    Result<void> move_lead(NodeId node, const CallOptions& options = {}) const;
    /// Gives up a hand-over that is under way.
    Result<void> cancel_move(const CallOptions& options = {}) const;

protected:
    std::shared_ptr<detail::AnswerSlot> start(RequestKind kind, Bytes body,
                                              const CallOptions& options) const;

private:
    Result<void> ask(RequestKind kind, Bytes body, const CallOptions& options) const;

    std::shared_ptr<Caller> caller_;
};

namespace detail {

/// The one of All that an argument of type A stands for: itself, or a sole one it converts to.
template <class A, class... All>
struct Chosen {
    using type = Missing;
};
template <class A, class... All>
    requires(times_in<A, All...> > 0)
struct Chosen<A, All...> {
    using type = A;
};
template <class A, class Sole>
    requires(!std::is_same_v<A, Sole> && std::is_convertible_v<const A&, Sole>)
struct Chosen<A, Sole> {
    using type = Sole;
};

template <class A, class List>
struct ChosenOf;
template <class A, class... All>
struct ChosenOf<A, TypeList<All...>> : Chosen<A, All...> {};

/// The sole type of a list, so that braces may stand for it; or nothing.
template <class List>
struct SoleOf {
    using type = Missing;
};
template <class T>
struct SoleOf<TypeList<T>> {
    using type = T;
};

}  // namespace detail

/// requires: Data<D>. D must be the type (and version) that the group's members run.
template <class D>
class Group : public GroupHandle {
    static constexpr bool ok_ = Data<D>;
    template <class A>
    using Command = typename detail::ChosenOf<A, CommandsOf<D>>::type;
    template <class A>
    using Query = typename detail::ChosenOf<A, QueriesOf<D>>::type;
    template <class A>
    using CommandAnswer = std::conditional_t<ok_, ResultOf<D, Command<A>>, detail::Missing>;
    template <class A>
    using QueryAnswer = std::conditional_t<ok_, QueryResultOf<D, Query<A>>, detail::Missing>;
    using SoleCommand = typename detail::SoleOf<CommandsOf<D>>::type;
    using SoleQuery = typename detail::SoleOf<QueriesOf<D>>::type;

public:
    explicit Group(std::shared_ptr<Caller> caller) : GroupHandle(std::move(caller)) {
        static_cast<void>(sizeof(RequireData<D>));
    }

    /// Runs a command once, on a majority's disks when this returns. Its result type is what
    /// D::command returns for it. Fails as the closed list of result.hpp says; outcome_of(error)
    /// tells whether it happened.
    template <class A = SoleCommand>
    Result<CommandAnswer<A>> command(const A& command, const CallOptions& options = {}) const {
        return start_command(command, options).get();
    }
    template <class A = SoleCommand>
    Pending<CommandAnswer<A>> start_command(const A& command,
                                            const CallOptions& options = {}) const {
        static_assert(!ok_ || !std::is_same_v<Command<A>, detail::Missing>,
                      "rafted: this argument is no command of D");
        return begin<CommandAnswer<A>, Command<A>, typename detail::CommandType<D>::type>(
            RequestKind::command, command, options);
    }

    /// Reads the newest value: everything acknowledged before the call is in it (linearizable).
    template <class A = SoleQuery>
    Result<QueryAnswer<A>> query(const A& query, const CallOptions& options = {}) const {
        return start_query(query, options).get();
    }
    template <class A = SoleQuery>
    Pending<QueryAnswer<A>> start_query(const A& query, const CallOptions& options = {}) const {
        static_assert(!ok_ || !std::is_same_v<Query<A>, detail::Missing>,
                      "rafted: this argument is no query of D");
        return begin<QueryAnswer<A>, Query<A>, typename detail::QueryType<D>::type>(
            RequestKind::query, query, options);
    }

    /// Reads what the nearest member has applied, old as it may be; needs no leader.
    template <class A = SoleQuery>
    Result<QueryAnswer<A>> query_stale(const A& query, const CallOptions& options = {}) const {
        return start_query_stale(query, options).get();
    }
    template <class A = SoleQuery>
    Pending<QueryAnswer<A>> start_query_stale(const A& query,
                                              const CallOptions& options = {}) const {
        static_assert(!ok_ || !std::is_same_v<Query<A>, detail::Missing>,
                      "rafted: this argument is no query of D");
        return begin<QueryAnswer<A>, Query<A>, typename detail::QueryType<D>::type>(
            RequestKind::query_stale, query, options);
    }

private:
    /// Sends `argument` as the One of Whole that it stands for.
    template <class Answer, class One, class Whole, class A>
    Pending<Answer> begin(RequestKind kind, const A& argument, const CallOptions& options) const {
        static_cast<void>(sizeof(RequireData<D>));
        if constexpr (ok_ && !std::is_same_v<One, detail::Missing>) {
            // Most arguments fit, and need memory once.
            constexpr std::size_t usual_bytes = 512;
            Writer body;
            body.reserve(usual_bytes);
            try {
                detail::encode_one<Whole, One>(body, argument);
            } catch (const std::exception& thrown) {
                return refused<Answer>(std::string("the argument's save threw: ") + thrown.what());
            }
            if (!body.failed()) return Pending<Answer>(start(kind, body.take(), options));
        }
        return refused<Answer>(
            "the argument is nested too deep or has a container too long to be sent");
    }

    template <class Answer>
    static Pending<Answer> refused(std::string why) {
        auto slot = std::make_shared<detail::AnswerSlot>();
        slot->put(fail(ErrorCode::invalid, std::move(why)));
        return Pending<Answer>(std::move(slot));
    }
};

}  // namespace rafted

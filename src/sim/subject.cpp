#include "sim/subject.hpp"

#include <algorithm>
#include <utility>

#include "core/checksum.hpp"
#include "sim/guard.hpp"

namespace rafted::sim {
namespace {

struct Split {
    std::uint64_t operation = 0;
    BytesView body;
};

Split split(BytesView bytes) {
    Reader in(bytes);
    const auto operation = in.number<std::uint64_t>();
    if (in.failed()) return {};
    return {operation, in.rest()};
}

/// What the inner value saves, behind the index of the last command it ran.
class FrozenAt final : public Frozen {
public:
    FrozenAt(std::unique_ptr<Frozen> inner, Index applied)
        : inner_(std::move(inner)), applied_(applied) {}
    Result<void> save(const Sink& sink) const override {
        Writer out;
        out.number(applied_.value);
        if (auto written = sink(out.view()); !written) return written;
        return inner_->save(sink);
    }

private:
    std::unique_ptr<Frozen> inner_;
    Index applied_;
};

class Watched final : public Machine {
public:
    Watched(std::unique_ptr<Machine> inner, NodeId node, ValueWitness& witness, Guard& guard)
        : inner_(std::move(inner)), node_(node), witness_(witness), guard_(guard) {}

    Answered command(const Context& context, BytesView bytes) override {
        const auto [operation, body] = split(bytes);
        guard_.before(context.index, *inner_, body);
        Answered answered = inner_->command(context, body);
        applied_ = context.index;
        Applied fact{node_, context.index, context.term, operation, digest_of(answered.answer), {}};
        guard_.after({context, body, answered.answer, *inner_}, fact.state);
        witness_.applied(fact);
        guard_.done();
        answered.hook = told(HookKind::command, std::move(answered.hook), operation);
        return answered;
    }
    Answered query(BytesView bytes) const override {
        const auto [operation, body] = split(bytes);
        Answered answered = inner_->query(body);
        guard_.queried({applied_, body, answered.answer, *inner_});
        Queried fact;
        fact.node = node_;
        // Before any command there is the group's first entry.
        fact.index = std::max(applied_, Index(1));
        fact.operation = operation;
        fact.result = digest_of(answered.answer);
        witness_.queried(fact);
        answered.hook = told(HookKind::query, std::move(answered.hook), operation);
        return answered;
    }
    Result<std::unique_ptr<Frozen>> freeze() const override {
        auto inner = inner_->freeze();
        if (!inner) return inner;
        return std::make_unique<FrozenAt>(std::move(*inner), applied_);
    }
    Result<void> load(Reader& saved) override {
        applied_ = Index(saved.number<std::uint64_t>());
        return inner_->load(saved);
    }

    HookCall on_elected() const override { return told(HookKind::elected, inner_->on_elected()); }
    HookCall on_restored_from_files() const override {
        return told(HookKind::restored, inner_->on_restored_from_files());
    }
    HookCall on_follower_added(const HookMember& member) const override {
        return told(HookKind::added, inner_->on_follower_added(member));
    }
    HookCall on_follower_removed(const HookMember& member) const override {
        return told(HookKind::removed, inner_->on_follower_removed(member));
    }
    bool has_hooks() const override { return true; }

private:
    HookCall told(HookKind kind, HookCall inner, std::uint64_t operation = 0) const {
        return [node = node_, kind, operation, &witness = witness_,
                inner = std::move(inner)](const HookContext& context) {
            HookRan ran;
            ran.node = node;
            ran.kind = kind;
            ran.operation = operation;
            ran.index = context.index;
            ran.term = context.term;
            ran.replaying = context.replaying;
            witness.hook(ran);
            if (inner) inner(context);
        };
    }

    std::unique_ptr<Machine> inner_;
    NodeId node_;
    ValueWitness& witness_;
    Guard& guard_;
    Index applied_;
};

}  // namespace

Bytes with_operation(std::uint64_t operation, BytesView body) {
    Writer out;
    out.number(operation);
    out.raw(body);
    return out.take();
}

std::uint64_t digest_of(const Result<Bytes>& answer) {
    if (answer) return core::checksum(*answer);
    return static_cast<std::uint64_t>(answer.error().code) + 1;
}

MachineFactory watched(MachineFactory inner, NodeId node, ValueWitness& witness, Guard& guard) {
    return [inner = std::move(inner), node, &witness, &guard] {
        return std::make_unique<Watched>(inner(), node, witness, guard);
    };
}

}  // namespace rafted::sim

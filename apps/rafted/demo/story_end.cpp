// The last steps of the story: the majority is lost and recovered, and the books are checked.
#include <algorithm>

#include "demo/story.hpp"

namespace rafted::app::demo {
namespace {

constexpr auto late_order = "the late order";
/// The client's own name for that command: however often it is sent, it is run once.
constexpr CommandId late_id{0x7261667465640001, 1};

}  // namespace

Result<Index> Story::await_all_equal() {
    Index all;
    auto waited = cluster_.wait_until("the members did not become equal", patience, [&] {
        const auto leader = leader_status();
        if (!leader || leader->applied != leader->last) return false;
        all = leader->last;
        return std::ranges::all_of(cluster_.running(), [&](int number) {
            const auto own = cluster_.status(number);
            return own && own->applied == all;
        });
    });
    if (!waited) return std::unexpected(waited.error());
    return all;
}

Result<void> Story::force_out(int survivor, const std::vector<int>& lost) {
    const auto alone = cluster_.group_at(survivor);
    if (!alone) return std::unexpected(alone.error());
    for (const int number : lost) {
        const auto forced = alone->force_remove_member(cluster_.node(number).id);
        if (!forced) return forced;
        cluster_.node(number).is_member = false;
    }
    return {};
}

Result<void> Story::majority_is_lost() {
    telling_.step("A majority is lost for good, and the survivor is told so");
    writer_->stop();
    const auto orders = writer_->acknowledged();
    expected_.insert(expected_.end(), orders.begin(), orders.end());
    telling_.say("the client stops after " + std::to_string(orders.size()) +
                 " acknowledged orders");
    if (auto equal = await_all_equal(); !equal) return std::unexpected(equal.error());
    int survivor = 0;
    std::vector<int> lost;
    for (const int number : cluster_.running()) {
        const bool stays = survivor == 0 && number != leading_.number;
        if (stays) survivor = number;
        if (!stays) lost.push_back(number);
    }
    const auto alone = cluster_.group_at(survivor);
    if (!alone) return std::unexpected(alone.error());
    for (const int number : lost) cluster_.kill(number);
    telling_.say("SIGKILL to " + name(lost[0]) + " and " + name(lost[1]) + "; only " +
                 name(survivor) + " is left of three");
    const auto start = Clock::now();
    const auto refused = alone->command(Enqueue{late_order}, {milliseconds(1000), late_id});
    const auto stale = alone->query_stale(Length{});
    telling_.say("a command is not accepted within " + text_of_ms(ms_since(start)) + " (" +
                 (refused ? "but it was!" : std::string(name_of(refused.error().code))) +
                 "); a stale read is still answered: length " +
                 (stale ? std::to_string(*stale) : "none"));
    if (auto checked = telling_.check(!refused && stale && *stale == expected_.size(),
                                      "one of three promises nothing, and loses nothing");
        !checked) {
        return checked;
    }
    const auto forced_at = Clock::now();
    if (auto forced = force_out(survivor, lost); !forced) return forced;
    const auto next = cluster_.await_leader(leading_.term, patience);
    if (!next) return std::unexpected(next.error());
    leading_ = *next;
    telling_.say("force-removed both at " + name(survivor) + ": it leads alone in term " +
                 to_string(leading_.term) + " after " + text_of_ms(ms_since(forced_at)));
    const auto again = alone->command(Enqueue{late_order}, {patience, late_id});
    if (!again) return std::unexpected(again.error());
    expected_.emplace_back(late_order);
    telling_.say("the late order, sent again under the same id, was number " +
                 std::to_string(*again + 1));
    telling_.measured("leads again " + text_of_ms(ms_since(forced_at)) + " after force-remove");
    telling_.measured("down for " + text_of_ms(ms_since(start)));
    if (auto full = refill(); !full) return full;
    const auto count = voters();
    return telling_.check(count && *count == 3, "three voters again");
}

/// Fresh nodes take the places of the lost ones, whose directories must not come back.
Result<void> Story::refill() {
    for (int i = 0; i < 2; ++i) {
        const auto start = Clock::now();
        const auto joined = cluster_.add(DemoCluster::Start::join);
        if (!joined) return std::unexpected(joined.error());
        telling_.say(name(*joined) + " takes a lost one's place: " + text_of_ms(ms_since(start)));
    }
    return {};
}

Result<void> Story::check_member(int number) {
    const auto at = cluster_.group_at(number);
    if (!at) return std::unexpected(at.error());
    const auto items = at->query_stale(Items{});
    if (!items) return std::unexpected(items.error());
    const auto status = cluster_.status(number);
    if (!status) return std::unexpected(status.error());
    auto sorted = *items;
    std::ranges::sort(sorted);
    const auto doubled = std::ranges::adjacent_find(sorted) != sorted.end();
    return telling_.check(*items == expected_ && !doubled,
                          name(number) + " at entry " + to_string(status->applied) + ": " +
                              std::to_string(items->size()) + " items, in order");
}

Result<void> Story::everything_is_there() {
    telling_.step("Every acknowledged command is in the queue once, on every member");
    const auto all = await_all_equal();
    if (!all) return std::unexpected(all.error());
    telling_.say(std::to_string(expected_.size()) + " items were acknowledged and not taken out; " +
                 "each member is asked for all it has");
    for (const int number : cluster_.running()) {
        if (auto checked = check_member(number); !checked) return checked;
    }
    telling_.measured(std::to_string(expected_.size()) + " items on each of " +
                      std::to_string(cluster_.running().size()) + " members");
    return telling_.check(writer_->doubts().empty(), "none lost, none doubled, none other");
}

}  // namespace rafted::app::demo

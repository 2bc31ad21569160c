// Users' values, their commands and queries, sessions and whole snapshots of a group.
#include "fuzz/seeds/seeds.hpp"
#include "fuzz/support/values.hpp"
#include "rafted/typed.hpp"
#include "value/applier.hpp"

namespace rafted::test {
namespace {

Everything everything() {
    Everything all;
    all.text = "text";
    all.run = {1, 2, UINT64_MAX};
    all.bits = {true, false, true};
    all.trees = {{1, {{2, {}}, {3, {{4, {}}}}}}, {5, {}}};
    all.doubles = {1.5, -0.0};
    all.nothings.resize(3);
    all.table = {{"a", {"b", "c"}}, {"d", {}}};
    all.points = {{1, {2, 3}}, {1, {4, 5}}};
    all.places = {{6, 7}, {8, 9}};
    all.names = {{1, "one"}, {2, "two"}};
    all.words = {"this", "that"};
    all.colour = Colour::blue;
    all.choice = std::vector<Tree>{{7, {}}};
    all.parts = {true, 'x', NodeId(9)};
    all.corners[1] = Point{10, 11};
    all.time = std::chrono::milliseconds(12);
    return all;
}

Tree nested(int depth) {
    Tree tree{depth, {}};
    if (depth > 0) tree.children.push_back(nested(depth - 1));
    return tree;
}

/// Levels that each claim as many children as there are bytes left.
Bytes greedy_levels(std::uint32_t count) {
    Writer out;
    for (std::uint32_t left = count * 8; left > 0; left -= 8) {
        out.number(left);
        out.number(left - 8);
    }
    return out.take();
}

void add_values(Seeds& seeds) {
    seeds.add("value_fuzz", "everything", 0, encode(everything()));
    seeds.add("value_fuzz", "empty", 0, encode(Everything()));
    seeds.add("value_fuzz", "tree", 1, encode(nested(5)));
    seeds.add("value_fuzz", "deep_tree", 1, encode(nested(255)));
    seeds.add("value_fuzz", "too_deep_tree", 1, encode(nested(300)));
    seeds.add("value_fuzz", "greedy_tree", 1, greedy_levels(400));
    seeds.add("value_fuzz", "put", 2, encode(Store::Command(Store::Put{"key", {"a", "b"}})));
    seeds.add("value_fuzz", "put_throws", 2, encode(Store::Command(Store::Put{"", {}})));
    seeds.add("value_fuzz", "erase", 2, encode(Store::Command(Store::Erase{"key"})));
    seeds.add("value_fuzz", "get", 3, encode(Store::Query(Store::Get{"key"})));
    seeds.add("value_fuzz", "count", 3, encode(Store::Query(Store::Count{})));
    seeds.add("value_fuzz", "saved", 4, encode(Store{{{"a", {"1", "2"}}, {"b", {}}}}));
}

/// Commands as the target takes them: log time, size, envelope.
Bytes commands() {
    Writer out;
    const std::uint8_t command = 1;
    const BytesView body = std::as_bytes(std::span(&command, 1));
    for (const value::Identity& id : std::initializer_list<value::Identity>{
             CommandId{1, 9}, value::SessionId{2, 6, 4}, value::SessionId{2, 6, 4},
             value::SessionId{2, 9, 7}, value::SessionId{2, 1, 0}, value::SessionId{77, 1, 0}}) {
        const Bytes envelope = value::seal(id, body);
        out.number(std::uint16_t{500});
        out.number(static_cast<std::uint8_t>(envelope.size()));
        out.raw(envelope);
    }
    return out.take();
}

value::Sessions some_sessions() {
    value::Sessions sessions{GroupConfig()};
    sessions.advance(core::LogTime(400));
    for (std::uint64_t id = 1; id <= 5; ++id) {
        sessions.open(id);
        sessions.remember(CommandId{id, id}, encode(id));
        for (std::uint64_t n = 0; n < id; ++n) {
            const value::SessionId command{id, n * 2, 0};
            if (!sessions.recall(command)) sessions.remember(command, encode(n));
        }
    }
    sessions.remember(CommandId{9, 9}, fail(ErrorCode::value_threw, "no"));
    return sessions;
}

void add_saved(Seeds& seeds) {
    Writer out;
    value::Sessions(GroupConfig()).save(out);
    seeds.add("saved_fuzz", "no_sessions", 0, out.view());
    out = {};
    some_sessions().save(out);
    seeds.add("saved_fuzz", "sessions", 0, out.view());
    out.raw(commands());
    seeds.add("saved_fuzz", "sessions_used", 0, out.view());

    const value::Applier::MachineFactory make = [] { return std::make_unique<Typed<Store>>(); };
    value::Applier applier(make, GroupConfig());
    const Bytes put = encode(Store::Command(Store::Put{"key", {"a"}}));
    std::vector<core::Entry> entries{
        core::Entry::make({Term(1), Index(1), core::EntryKind::open_session}, {})};
    for (std::uint64_t i = 2; i < 6; ++i) {
        entries.push_back(
            core::Entry::make({Term(1), Index(i)}, value::seal(CommandId{i, i}, put)));
    }
    applier.apply(entries);
    Bytes whole;
    const auto frozen = applier.freeze();
    const auto saved = (*frozen)->save([&](BytesView piece) -> Result<void> {
        whole.insert(whole.end(), piece.begin(), piece.end());
        return {};
    });
    if (saved) seeds.add("saved_fuzz", "snapshot", 1, whole);
}

}  // namespace

void add_value_seeds(Seeds& seeds) {
    add_values(seeds);
    add_saved(seeds);
}

}  // namespace rafted::test

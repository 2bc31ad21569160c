// A key-value store that keeps its data in a directory: log time from the Context, answers taken
// without waiting, and a restart as the same member.
#include <cstdio>
#include <map>

#include "rafted/rafted.hpp"

struct Put {
    std::string key, text;
};
struct Get {
    std::string key;
};

struct Store {
    struct Stored {
        std::string text;
        std::chrono::milliseconds at{};
    };
    using Command = Put;
    using Query = Get;
    std::map<std::string, Stored> all;

    void command(const rafted::Context& context, const Put& put) {
        all[put.key] = {put.text, context.time};
    }
    std::optional<Stored> query(const Get& get) const {
        const auto at = all.find(get.key);
        return at == all.end() ? std::nullopt : std::optional(at->second);
    }
};

rafted::Result<void> visit(int round) {
    auto node = rafted::Node::open({.listen = "127.0.0.1:0", .dir = "key_value.data"});
    if (!node) return std::unexpected(node.error());
    auto store = node->create_group<Store>("store");  // opens what the directory holds
    if (!store) return std::unexpected(store.error());

    const auto before = store->query(Get{"round"});
    if (!before) return std::unexpected(before.error());
    std::printf("round was %s\n", *before ? (*before)->text.c_str() : "never stored");

    auto name = store->start_command(Put{"name", "rafted"});  // both are on their way at once
    auto count = store->start_command(Put{"round", std::to_string(round)});
    if (auto put = name.get(); !put) return std::unexpected(put.error());
    if (auto put = count.get(); !put) return std::unexpected(put.error());
    return {};
}

int main() {
    for (const int round : {1, 2}) {
        const auto done = visit(round);
        if (!done) return std::fprintf(stderr, "%s\n", to_string(done.error()).c_str()), 1;
    }
}

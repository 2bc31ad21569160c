#include "demo/prompt.hpp"

#include <unistd.h>

#include <charconv>
#include <iostream>

#include "demo/telling.hpp"
#include "table.hpp"

namespace rafted::app::demo {
namespace {

constexpr auto help =
    "  enqueue TEXT   put an item at the end; answers the length before it\n"
    "  dequeue        take the first item\n"
    "  length         how many there are\n"
    "  items          all of them\n"
    "  status         the nodes and what they say of themselves\n"
    "  kill N         SIGKILL to node N\n"
    "  restart N      start it again on its directory\n"
    "  move N         hand the lead to node N\n"
    "  add            one more node\n"
    "  remove N       remove node N from the group\n"
    "  help           this\n"
    "  quit           end the demo\n";

/// What the words of one line do; prints its own answer.
class Prompt {
public:
    explicit Prompt(DemoCluster& cluster) : cluster_(cluster) {}

    void run(const std::string& line) {
        const auto space = line.find(' ');
        const std::string verb = line.substr(0, space);
        const std::string rest = space == std::string::npos ? "" : line.substr(space + 1);
        const auto start = Clock::now();
        const auto done = obey(verb, rest);
        if (!done) {
            std::cout << to_string(done.error()) << "\n";
        } else if (!done->empty()) {
            std::cout << *done << "  (" << text_of_ms(ms_since(start)) << ")\n";
        }
    }

private:
    using Answer = Result<std::string>;

    Answer obey(const std::string& verb, const std::string& rest);
    Answer ask(const std::string& verb, const std::string& rest);
    Answer tend(const std::string& verb, int number);
    Answer items(const Group<Queue>& queue);
    void status();
    Result<int> number_in(const std::string& text) const;

    DemoCluster& cluster_;
};

Result<int> Prompt::number_in(const std::string& text) const {
    int number = 0;
    const auto* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number);
    if (read.ec == std::errc() && read.ptr == end && cluster_.exists(number)) return number;
    return fail(ErrorCode::invalid, "'" + text + "' is no node's number; see status");
}

Prompt::Answer Prompt::obey(const std::string& verb, const std::string& rest) {
    if (verb == "help") {
        std::cout << help;
        return "";
    }
    if (verb == "status") {
        status();
        return "";
    }
    if (verb == "add") {
        const auto added = cluster_.add(DemoCluster::Start::join);
        if (!added) return std::unexpected(added.error());
        return "node " + std::to_string(*added) + " votes";
    }
    for (const char* one : {"kill", "restart", "move", "remove"}) {
        if (verb != one) continue;
        const auto number = number_in(rest);
        if (!number) return std::unexpected(number.error());
        return tend(verb, *number);
    }
    return ask(verb, rest);
}

Prompt::Answer Prompt::ask(const std::string& verb, const std::string& rest) {
    const auto queue = cluster_.group();
    if (!queue) return std::unexpected(queue.error());
    if (verb == "enqueue") {
        const auto before = queue->command(Enqueue{rest});
        if (!before) return std::unexpected(before.error());
        return std::to_string(*before) + " before it";
    }
    if (verb == "dequeue") {
        const auto taken = queue->command(Dequeue{});
        if (!taken) return std::unexpected(taken.error());
        return taken->value_or("(the queue is empty)");
    }
    if (verb == "length") {
        const auto length = queue->query(Length{});
        if (!length) return std::unexpected(length.error());
        return std::to_string(*length);
    }
    if (verb == "items") return items(*queue);
    return fail(ErrorCode::invalid, "'" + verb + "' is no command here; help lists them");
}

Prompt::Answer Prompt::items(const Group<Queue>& queue) {
    const auto all = queue.query(Items{});
    if (!all) return std::unexpected(all.error());
    constexpr std::size_t shown = 20;
    for (std::size_t i = 0; i < all->size() && i < shown; ++i) {
        std::cout << "  " << (*all)[i] << "\n";
    }
    return std::to_string(all->size()) + " in all" +
           (all->size() > shown ? ", the first " + std::to_string(shown) + " shown" : "");
}

Prompt::Answer Prompt::tend(const std::string& verb, int number) {
    const std::string name = "node " + std::to_string(number);
    if (verb == "kill") {
        cluster_.kill(number);
        return name + " is gone";
    }
    if (verb == "restart") {
        if (auto done = cluster_.restart(number); !done) return std::unexpected(done.error());
        return name + " is back at " + cluster_.node(number).address;
    }
    const auto queue = cluster_.group();
    if (!queue) return std::unexpected(queue.error());
    const NodeId id = cluster_.node(number).id;
    if (verb == "move") {
        auto done = cluster_.change([&] { return queue->move_lead(id); });
        if (!done) return std::unexpected(done.error());
        return name + " leads";
    }
    auto done = cluster_.change([&] { return queue->remove_member(id); });
    if (!done) return std::unexpected(done.error());
    cluster_.node(number).is_member = false;
    if (auto ended = cluster_.stop(number); !ended) return std::unexpected(ended.error());
    return name + " is removed";
}

void Prompt::status() {
    Table table({"NODE", "ADDRESS", "ID", "STATE", ">TERM", ">LAST", ">APPLIED"});
    for (const auto& [number, node] : cluster_.nodes()) {
        const bool runs = cluster_.runs(number);
        const auto said = runs ? cluster_.status(number) : fail(ErrorCode::unreachable);
        std::string state = runs ? "does not answer" : node.is_member ? "killed" : "out";
        if (said) state = name_of(said->role);
        table.add({std::to_string(number), node.address, to_string(node.id), state,
                   said ? to_string(said->current_term) : "-", said ? to_string(said->last) : "-",
                   said ? to_string(said->applied) : "-"});
    }
    table.print(std::cout);
}

}  // namespace

void prompt(DemoCluster& cluster, Interrupt& interrupt) {
    std::cout << "\nThe cluster stays up. Type a command:\n" << help;
    Prompt here(cluster);
    std::string typed;
    char buffer[1024];
    while (true) {
        std::cout << "> " << std::flush;
        auto end = typed.find('\n');
        while (end == std::string::npos) {
            if (!interrupt.wait_for_input(STDIN_FILENO)) return;
            const auto got = read(STDIN_FILENO, buffer, sizeof buffer);
            if (got <= 0) return;
            typed.append(buffer, static_cast<std::size_t>(got));
            end = typed.find('\n');
        }
        const std::string line = typed.substr(0, end);
        typed.erase(0, end + 1);
        if (line == "quit" || line == "exit") return;
        if (!line.empty()) here.run(line);
    }
}

}  // namespace rafted::app::demo

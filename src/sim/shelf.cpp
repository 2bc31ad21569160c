#include "sim/shelf.hpp"

#include "rafted/typed.hpp"

namespace rafted::sim {
namespace {

constexpr std::uint64_t keys = 8;

template <class Whole, class One>
Bytes bytes_of(const One& one) {
    Writer out;
    rafted::detail::encode_one<Whole>(out, one);
    return out.take();
}

Request next(Chance& chance, unsigned client) {
    const std::string key = "k" + std::to_string(chance.below(keys));
    // Never twice the same, so that whoever reads it knows who wrote it.
    const std::uint64_t value = chance.next() >> 20U;
    Request request;
    request.is_query = chance.percent(35);
    if (request.is_query) {
        request.is_stale = chance.percent(10);
        const bool counts = chance.percent(20);
        request.body = counts ? bytes_of<Shelf::Query>(Shelf::Count{})
                              : bytes_of<Shelf::Query>(Shelf::Get{key});
        request.text = counts ? "count" : "get " + key;
        return request;
    }
    const auto kind = chance.below(10);
    if (kind < 5) {
        request.body = bytes_of<Shelf::Command>(Shelf::Put{key, value});
        request.text = "put " + key + " " + std::to_string(value);
    } else if (kind < 6) {
        request.body = bytes_of<Shelf::Command>(Shelf::Swap{key, 0, value});
        request.text = "swap " + key + " 0 " + std::to_string(value);
    } else if (kind < 8) {
        request.body = bytes_of<Shelf::Command>(Shelf::Add{1 + client});
        request.text = "add " + std::to_string(1 + client);
    } else {
        request.body = bytes_of<Shelf::Command>(Shelf::Append{value});
        request.text = "append " + std::to_string(value);
    }
    return request;
}

std::string words(BytesView command) {
    const auto decoded = decode<Shelf::Command>(command);
    if (!decoded) return "no command of the shelf";
    constexpr std::string_view names[] = {"put", "swap", "add", "append"};
    return std::string(names[decoded->index()]);
}

}  // namespace

std::uint64_t Shelf::command(const Put& put) {
    std::uint64_t& value = values[put.key];
    return std::exchange(value, put.value);
}

bool Shelf::command(const Swap& swap) {
    std::uint64_t& value = values[swap.key];
    if (value != swap.from) return false;
    value = swap.to;
    return true;
}

std::int64_t Shelf::command(const Add& add) { return count += add.by; }

Shelf::Appended Shelf::command(const Append& append) {
    ++appended.count;
    appended.digest = (appended.digest ^ append.value) * 0xff51afd7ed558ccdU + appended.count;
    return appended;
}

std::uint64_t Shelf::query(const Get& get) const {
    const auto found = values.find(get.key);
    return found == values.end() ? 0 : found->second;
}

std::int64_t Shelf::query(const Count&) const { return count; }

Subject shelf() {
    Subject subject;
    subject.machine = [] { return std::make_unique<Typed<Shelf>>(); };
    subject.next = next;
    subject.words = words;
    subject.judge = judge_shelf;
    subject.program = "rafted sim";
    return subject;
}

}  // namespace rafted::sim

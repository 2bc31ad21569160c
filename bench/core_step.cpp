// What the core costs per committed entry, without any I/O. All three members' work is counted.
#include "trio.hpp"

namespace {

using namespace rafted;

void per_committed_entry(benchmark::State& state) {
    bench::Trio trio;
    const Bytes payload(256);
    const auto batch = static_cast<std::size_t>(state.range(0));
    const std::uint64_t before = trio.committed();
    for (auto _ : state) trio.commit(batch, payload);
    const auto entries = static_cast<double>(trio.committed() - before);
    state.counters["per_entry"] =
        benchmark::Counter(entries, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(per_committed_entry)->Arg(1)->Arg(8)->Arg(64)->Arg(512);

}  // namespace

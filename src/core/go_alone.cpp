#include "core/go_alone.hpp"

#include <algorithm>

#include "core/codec.hpp"

namespace rafted::core {
namespace {

/// The newest log time that is known here: log time never falls (D6), whatever the wall clock does.
LogTime last_time(const Start& start) {
    auto time = start.snapshot ? start.snapshot->time : LogTime();
    if (!start.entries.empty()) time = std::max(time, start.entries.back().time());
    return time;
}

}  // namespace

LogPlace end_of(const Start& start) {
    if (!start.entries.empty()) return {start.entries.back().term(), start.entries.back().index()};
    if (start.snapshot) return {start.snapshot->term, start.snapshot->index};
    return {};
}

LogPlace go_alone(Start& start, const Peer& self, LogTime wall) {
    const LogPlace end = end_of(start);
    const Entry::Head head{end.term, end.index + 1, EntryKind::members,
                           std::max(last_time(start), wall)};
    start.entries.push_back(Entry::make(head, encode(Members({self}))));
    start.hard_state.forced_out.clear();
    start.hard_state.let_go = {};
    return end;
}

}  // namespace rafted::core

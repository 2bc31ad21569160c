#include "core/effects.hpp"

namespace rafted::core {
namespace {

/// More than this is given back: one large step shall not hold its memory for ever.
constexpr std::size_t most_kept = 4096;

template <class T>
void clear_all(std::vector<T>& list) {
    if (list.empty()) return;
    list.clear();
    if (list.capacity() > most_kept) std::vector<T>().swap(list);
}

}  // namespace

void Effects::clear() {
    // All fields by name, so that one more does not compile until it has its line here.
    auto& [now, hard, let_go, truncated, added, repaired, pieces, durable, later, compacted, load,
           applied, hooks, accepts, reads, ends, role, members, lost, wake] = *this;
    hard.reset();
    let_go = false;
    truncated.reset();
    durable.reset();
    compacted.reset();
    load.reset();
    hooks.reset();
    role.reset();
    members.reset();
    lost.reset();
    wake = never;
    clear_all(now);
    clear_all(added);
    clear_all(repaired);
    clear_all(pieces);
    clear_all(later);
    clear_all(applied);
    clear_all(accepts);
    clear_all(reads);
    clear_all(ends);
}

Effects Effects::write_alone() const {
    Effects part;
    part.hard_state = hard_state;
    part.let_go_log = let_go_log;
    part.truncate_from = truncate_from;
    part.append = append;
    part.repair = repair;
    part.snapshot_to_save = snapshot_to_save;
    part.when_durable = when_durable;
    part.send_after_write = send_after_write;
    part.compact_below = compact_below;
    return part;
}

}  // namespace rafted::core

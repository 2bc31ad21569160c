#include "core/effects.hpp"

namespace rafted::core {

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

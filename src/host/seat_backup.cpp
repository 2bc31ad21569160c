// A seat's part in backups: it sees to it that the snapshots are made that its desk waits for.
#include <utility>

#include "host/seat.hpp"

namespace rafted::host {

void Seat::back_up(ports::ClientRequest request, ports::Reply reply) {
    const std::uint64_t piece_bytes = member_.state().config().snapshot_chunk_bytes;
    backups_.request(std::move(request), std::move(reply), {piece_bytes, nonces_.next() | 1U});
    changed_();
}

void Seat::mind_backups(core::Time now) {
    backups_.stored(member_.state().log.snapshot());
    const Index wanted = backups_.wanted();
    snapshotter_.want(wanted);
    if (wanted > Index()) start_snapshot_if_due();
    backups_.give_up(now, snapshotter_.failure());
}

}  // namespace rafted::host

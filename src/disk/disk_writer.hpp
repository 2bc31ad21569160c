// The writer's core: takes the batches that wait and makes them durable, as many as it can with one
// write and one sync. Has no thread: whoever owns it drives it.
//   1. Batches are taken, and answered, in the order given.
//   2. A received snapshot is on disk before the journal says that it counts, and gets its name
//      after; so a crash leaves the batch whole or absent.
//   3. After a refusal a group's log goes on where the refused entries began, or before. Batches
//      that followed may be on their way: they would stand behind entries of another past.
#pragma once

#include <atomic>
#include <deque>
#include <map>

#include "disk/journal.hpp"
#include "disk/snapshots.hpp"

namespace rafted::disk {

/// A batch and who waits for it.
struct Waiting {
    ports::Batch batch;
    ports::Done done;
};

class DiskWriter {
public:
    /// Both must outlive the writer; so must the state, which others may read at any time.
    DiskWriter(Journal& journal, Snapshots& snapshots, std::atomic<DiskState>& state)
        : journal_(journal), snapshots_(snapshots), state_(state) {}

    /// Writes all of it and answers everybody.
    void perform(std::deque<Waiting> work);
    /// Some of what lives in damaged segments of the journal, up to this one, is written anew.
    /// Returns whether there is more to do now; what found no space is left as it is.
    bool write_again(std::uint64_t upto);

private:
    /// A batch on its way, with what it will be answered.
    struct InHand {
        Waiting waiting;
        Result<void> answer;
        bool refused = false;
        std::vector<ReceivedSnapshot> received;
    };

    std::vector<InHand> gather(std::deque<Waiting>& work, Draft& draft);
    void receive_pieces(InHand& item);
    void keep_order(InHand& item);
    void refuse(InHand& item, Error error);
    void commit(std::vector<InHand>& hand, Draft& draft);
    void commit_urgent(std::vector<InHand>& hand, const Error& full);
    void commit_together(const std::vector<InHand*>& items);
    void look_for_space();
    Result<void> finish(const std::vector<InHand>& hand);

    Journal& journal_;
    Snapshots& snapshots_;
    std::atomic<DiskState>& state_;
    std::optional<Error> failed_;
    std::map<ports::Slot, Index> refused_;  ///< From here on entries were refused.
};

}  // namespace rafted::disk

// Backups of one group, as clients ask for them: a snapshot that covers what they want is waited
// for, then held readable while they fetch it piece by piece. Makes no snapshot itself.
//   1. How many wait and are held is bounded; one that nobody reads is let go after a while.
//   2. Whoever waits is answered once.
//   3. Only the lane reads a held snapshot.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "host/services.hpp"
#include "ports/backup.hpp"

namespace rafted::host {

class BackupDesk {
public:
    static constexpr std::size_t max_backups = 8;
    static constexpr core::Duration max_idle = std::chrono::seconds(60);

    BackupDesk(Services& services, const ports::GroupRecord& record);

    static bool takes(RequestKind kind);
    /// What the seat knows when a request comes.
    struct Sight {
        std::uint64_t piece_bytes = 0;
        std::uint64_t nonce = 0;  ///< Never the same: names what is held from now on.
    };
    /// requires: takes(request.kind).
    void request(ports::ClientRequest request, ports::Reply reply, const Sight& sight);

    /// The least index that somebody waits for; 0: nobody waits.
    Index wanted() const;
    /// The newest snapshot in place covers this much.
    void stored(Index upto);
    /// Ends what is too late, and all that waits if the last try to save a snapshot has failed.
    void give_up(core::Time now, const std::optional<Error>& failure);
    core::Time wake_at() const;
    void stop(const Error& why);

private:
    struct Waiting {
        Index want;
        core::Time deadline;
        std::uint64_t ticket = 0;
        std::uint64_t piece_bytes = 0;
        ports::Reply reply;
    };
    struct Held {
        std::shared_ptr<ports::SnapshotSource> source;  ///< Null: it is being opened.
        std::uint64_t piece_bytes = 0;
        core::Time used{};
    };

    void begin(const ports::ClientRequest& request, ports::Reply reply, const Sight& sight);
    void read(const ports::ClientRequest& request, ports::Reply reply);
    void end(const ports::ClientRequest& request, ports::Reply reply);
    void open(Waiting waiting);
    void opened(Waiting& waiting, std::shared_ptr<ports::SnapshotSource> source);
    ports::Lane lane();
    core::Time now() const { return services_.clock.steady(); }

    Services& services_;
    const ports::GroupRecord& record_;
    std::optional<ports::Lane> lane_;  ///< Opened by the first backup.
    std::vector<Waiting> waiting_;
    std::map<std::uint64_t, Held> held_;  ///< By ticket.
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace rafted::host

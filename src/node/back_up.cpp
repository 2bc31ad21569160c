// A backup over the client protocol: one member is asked to hold a snapshot, and its pieces are
// fetched one after the other.
//   1. A piece whose answer was lost is asked for again; a member that was started anew is asked
//      for a snapshot again, and if that is the same one the transfer goes on where it was.
#include <thread>

#include "core/codec.hpp"
#include "disk/backup_dir.hpp"
#include "disk/posix_files.hpp"
#include "node/backup_info.hpp"
#include "node/system.hpp"
#include "node/wait.hpp"
#include "ports/backup.hpp"
#include "rafted/backup.hpp"
#include "rafted/codec.hpp"

namespace rafted {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

constexpr milliseconds first_pause{50};
constexpr milliseconds last_pause{1000};
constexpr milliseconds piece_patience{10'000};
/// A member that is started anew again and again gives no backup.
constexpr int max_losses = 10;

/// The next try may find the member, or its group, there again.
bool passes(ErrorCode code) {
    switch (code) {
        case ErrorCode::unreachable:
        case ErrorCode::timeout:
        case ErrorCode::stopped:
        case ErrorCode::busy:
        case ErrorCode::no_such_group: return true;
        default: return false;
    }
}

class Transfer {
public:
    Transfer(const Client& client, const BackupOptions& options, disk::BackupWriter writer)
        : client_(client), options_(options), writer_(std::move(writer)) {}

    /// `own`: what the member said of itself.
    Result<BackupInfo> run(const Status& own) {
        const Index least = least_index(own);
        auto begun = begin(least);
        for (int losses = 0; begun; ++losses) {
            auto whole = fetch();
            if (whole && *whole) return finish();
            if (!whole) return std::unexpected(whole.error());
            if (losses == max_losses) {
                return fail(ErrorCode::unreachable, options_.address + " was started anew " +
                                                        std::to_string(losses) +
                                                        " times meanwhile; given up");
            }
            tell(options_.address + " does not hold the snapshot any more; asking it again");
            begun = with_patience([&] { return begin(least); });
        }
        return std::unexpected(begun.error());
    }

private:
    void tell(const std::string& text) const {
        if (options_.tell) options_.tell(text);
    }

    /// Until it succeeds, fails for good or has had no success for too long.
    template <class Ask>
    auto with_patience(Ask ask) -> decltype(ask()) {
        const auto end = SteadyClock::now() + options_.patience;
        for (milliseconds pause = first_pause;; pause = std::min(pause * 2, last_pause)) {
            auto answer = ask();
            if (answer || !passes(answer.error().code)) return answer;
            if (SteadyClock::now() + pause >= end) return answer;
            std::this_thread::sleep_for(pause);
        }
    }

    Index least_index(const Status& own) const {
        if (options_.at_least) return *options_.at_least;
        if (own.role == Role::leader) return own.commit;
        if (own.leader) {
            const auto leader = client_.status(own.leader->address, options_.group, piece_patience);
            const bool leads =
                leader && leader->role == Role::leader && leader->group_id == own.group_id;
            if (leads) return leader->commit;
        }
        tell("no leader was found: the backup is as far as " + options_.address +
             " has come, entry " + to_string(own.applied) + " at least");
        return own.applied;
    }

    Result<void> begin(Index least) {
        const Bytes body = encode(ports::BackupWanted{least});
        auto answer = client_.ask(
            options_.address, {RequestKind::begin_backup, options_.group, body}, options_.patience);
        if (!answer) return std::unexpected(answer.error());
        auto held = decode<ports::HeldBackup>(*answer);
        if (!held) return std::unexpected(held.error());
        Reader in(held->meta);
        auto meta = core::decode_snapshot_meta(in);
        if (!in.complete() || held->piece_bytes == 0) {
            return fail(ErrorCode::invalid, options_.address + " gives an answer without sense");
        }
        const bool is_same = held->bytes == held_.bytes && held->checksum == held_.checksum &&
                             held->group == held_.group && meta == meta_;
        held_ = std::move(*held);
        meta_ = std::move(meta);
        if (is_same) return {};
        if (writer_.size() > 0) tell("it has another snapshot now; starting over");
        return writer_.start_over();
    }

    /// False if the member holds the snapshot no more.
    Result<bool> fetch() {
        while (writer_.size() < held_.bytes) {
            const auto piece = with_patience([&] { return ask_piece(); });
            if (!piece && piece.error().code == ErrorCode::invalid) return false;
            if (!piece) return std::unexpected(piece.error());
            if (piece->empty() || piece->size() > held_.bytes - writer_.size()) {
                return fail(ErrorCode::corrupt, options_.address + " sends " +
                                                    std::to_string(piece->size()) +
                                                    " bytes where others were asked for");
            }
            if (auto written = writer_.write(*piece); !written) {
                return std::unexpected(written.error());
            }
        }
        return true;
    }

    Result<Bytes> ask_piece() const {
        const ports::BackupPiece piece{held_.ticket, writer_.size(), held_.piece_bytes};
        return client_.ask(options_.address,
                           {RequestKind::read_backup, options_.group, encode(piece)},
                           std::min(piece_patience, options_.patience));
    }

    Result<BackupInfo> finish() {
        // If nobody hears it, the member lets go by itself.
        static_cast<void>(client_.ask(
            options_.address, {RequestKind::end_backup, options_.group, encode(held_.ticket)},
            last_pause));
        disk::BackupManifest manifest;
        manifest.cluster = held_.cluster;
        manifest.node = held_.node;
        manifest.group = held_.group;
        manifest.name = held_.name;
        manifest.meta = meta_;
        manifest.made_at = node::SystemClock().wall();
        manifest.bytes = held_.bytes;
        manifest.checksum = held_.checksum;
        if (auto done = writer_.finish(manifest); !done) return std::unexpected(done.error());
        return node::info_of(manifest);
    }

    const Client& client_;
    const BackupOptions& options_;
    disk::BackupWriter writer_;
    ports::HeldBackup held_;
    core::SnapshotMeta meta_;
};

}  // namespace

Result<BackupInfo> back_up(const Client& client, const BackupOptions& wanted,
                           const std::string& dir) {
    BackupOptions options = wanted;
    options.patience = node::bounded(wanted.patience);
    // Nothing is left behind where nobody is there to be asked.
    const auto own = client.status(options.address, options.group, options.patience);
    if (!own) return std::unexpected(own.error());
    disk::PosixFiles files;
    auto writer = disk::BackupWriter::create(files, dir);
    if (!writer) return std::unexpected(writer.error());
    return Transfer(client, options, std::move(*writer)).run(*own);
}

}  // namespace rafted

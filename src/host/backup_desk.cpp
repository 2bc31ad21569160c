#include "host/backup_desk.hpp"

#include <algorithm>
#include <utility>

#include "core/codec.hpp"
#include "rafted/codec.hpp"

namespace rafted::host {

BackupDesk::BackupDesk(Services& services, const ports::GroupRecord& record)
    : services_(services), record_(record) {}

bool BackupDesk::takes(RequestKind kind) {
    return kind == RequestKind::begin_backup || kind == RequestKind::read_backup ||
           kind == RequestKind::end_backup;
}

void BackupDesk::request(ports::ClientRequest request, ports::Reply reply, const Sight& sight) {
    if (request.kind == RequestKind::begin_backup) return begin(request, std::move(reply), sight);
    if (request.kind == RequestKind::read_backup) return read(request, std::move(reply));
    end(request, std::move(reply));
}

void BackupDesk::begin(const ports::ClientRequest& request, ports::Reply reply,
                       const Sight& sight) {
    const auto wanted = decode<ports::BackupWanted>(request.body);
    if (!wanted) return reply(std::unexpected(wanted.error()));
    if (waiting_.size() + held_.size() >= max_backups) {
        return reply(fail(ErrorCode::busy, "this member has " + std::to_string(max_backups) +
                                               " backups of the group under way already"));
    }
    const Index want = std::max(wanted->at_least, Index(1));
    // Earlier than the caller goes away: it should hear why.
    const auto patience = request.timeout - request.timeout / 10;
    waiting_.push_back({want, now() + patience, sight.nonce, sight.piece_bytes, std::move(reply)});
}

void BackupDesk::read(const ports::ClientRequest& request, ports::Reply reply) {
    const auto piece = decode<ports::BackupPiece>(request.body);
    if (!piece) return reply(std::unexpected(piece.error()));
    const auto found = held_.find(piece->ticket);
    if (found == held_.end() || !found->second.source) {
        return reply(fail(ErrorCode::invalid,
                          "this member holds no such backup (any more); it was started anew, or "
                          "nothing was read for " +
                              std::to_string(max_idle / std::chrono::seconds(1)) + " s"));
    }
    Held& held = found->second;
    held.used = now();
    const auto most = static_cast<std::size_t>(std::min(piece->max, held.piece_bytes));
    services_.workers.post(
        lane(), [source = held.source, offset = piece->offset, most,
                 reply = std::move(reply)]() mutable { reply(source->read(offset, most)); });
}

void BackupDesk::end(const ports::ClientRequest& request, ports::Reply reply) {
    const auto ticket = decode<std::uint64_t>(request.body);
    if (!ticket) return reply(std::unexpected(ticket.error()));
    held_.erase(*ticket);
    reply(Bytes{});
}

Index BackupDesk::wanted() const {
    if (waiting_.empty()) return {};
    return std::ranges::min_element(waiting_, {}, &Waiting::want)->want;
}

void BackupDesk::stored(Index upto) {
    const auto is_covered = [&](const Waiting& waiting) { return waiting.want <= upto; };
    for (Waiting& waiting : waiting_) {
        if (is_covered(waiting)) open(std::move(waiting));
    }
    std::erase_if(waiting_, is_covered);
}

void BackupDesk::open(Waiting waiting) {
    held_[waiting.ticket] = {nullptr, waiting.piece_bytes, now()};
    const auto shared = std::make_shared<Waiting>(std::move(waiting));
    services_.workers.post(lane(), [this, shared, alive = std::weak_ptr(alive_),
                                    slot = record_.slot, &services = services_] {
        auto source = std::make_shared<Result<std::unique_ptr<ports::SnapshotSource>>>(
            services.storage.open_snapshot(slot));
        services.mailbox.put(Completion([this, shared, alive, source] {
            if (alive.expired()) return shared->reply(fail(ErrorCode::stopped));
            if (*source) return opened(*shared, std::move(**source));
            held_.erase(shared->ticket);
            shared->reply(std::unexpected(source->error()));
        }));
    });
}

void BackupDesk::opened(Waiting& waiting, std::shared_ptr<ports::SnapshotSource> source) {
    const auto found = held_.find(waiting.ticket);
    if (found == held_.end()) return waiting.reply(fail(ErrorCode::stopped));
    Writer meta;
    core::encode(meta, source->meta());
    const ports::HeldBackup backup{waiting.ticket, services_.cluster(), services_.self,
                                   record_.group,  record_.name,        meta.take(),
                                   source->size(), source->checksum(),  waiting.piece_bytes};
    found->second.source = std::move(source);
    found->second.used = now();
    waiting.reply(encode(backup));
}

void BackupDesk::give_up(core::Time now, const std::optional<Error>& failure) {
    std::erase_if(held_, [&](const auto& each) {
        return each.second.source && each.second.used + max_idle <= now;
    });
    const auto is_over = [&](const Waiting& waiting) { return failure || waiting.deadline <= now; };
    for (Waiting& waiting : waiting_) {
        if (!is_over(waiting)) continue;
        waiting.reply(
            failure ? std::unexpected(*failure)
                    : fail(ErrorCode::timeout, "this member had no snapshot that covers entry " +
                                                   to_string(waiting.want) +
                                                   " in time: it has not applied it yet, or "
                                                   "leader hooks still wait to be run"));
    }
    std::erase_if(waiting_, is_over);
}

core::Time BackupDesk::wake_at() const {
    core::Time first = core::never;
    for (const Waiting& waiting : waiting_) first = std::min(first, waiting.deadline);
    for (const auto& [ticket, held] : held_) {
        if (held.source) first = std::min(first, held.used + max_idle);
    }
    return first;
}

void BackupDesk::stop(const Error& why) {
    for (Waiting& waiting : std::exchange(waiting_, {})) waiting.reply(std::unexpected(why));
    held_.clear();
}

ports::Lane BackupDesk::lane() {
    if (!lane_) lane_ = services_.workers.open_lane(ports::Urgency::prompt);
    return *lane_;
}

}  // namespace rafted::host

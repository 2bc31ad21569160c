#include "host/piece_sender.hpp"

namespace rafted::host {

struct PieceSender::Job {
    core::Message message;
    std::shared_ptr<Source> source;
    std::uint64_t piece_bytes = 0;

    core::SnapshotPiece& piece() { return std::get<core::SnapshotPiece>(message.body); }

    Result<void> fill(ports::Storage& storage, ports::Slot slot) {
        const core::SnapshotMeta& wanted = piece().meta;
        if (!source->open || source->open->meta() != wanted) {
            auto opened = storage.open_snapshot(slot);
            if (!opened) return std::unexpected(opened.error());
            source->open = std::move(*opened);
        }
        if (source->open->meta() != wanted) {
            return fail(ErrorCode::invalid, "a newer snapshot has replaced the one in transfer");
        }
        auto data = source->open->read(piece().offset, piece_bytes);
        if (!data) return std::unexpected(data.error());
        piece().data = std::move(*data);
        piece().last = piece().offset + piece().data.size() >= source->open->size();
        if (piece().last) piece().checksum = source->open->checksum();
        return {};
    }
};

PieceSender::PieceSender(Services& services, ports::Slot slot, GroupId group)
    : services_(services), slot_(slot), group_(group), lane_(services.workers.open_lane()) {}

void PieceSender::send(core::Message message, std::uint64_t piece_bytes) {
    auto& source = sources_[message.to];
    if (!source) source = std::make_shared<Source>();
    auto job = std::make_shared<Job>(Job{std::move(message), source, piece_bytes});
    services_.workers.post(lane_, [job, slot = slot_, group = group_, &services = services_] {
        if (const auto filled = job->fill(services.storage, slot); !filled) {
            services.log(LogLevel::warning,
                         "a snapshot piece was not sent: " + to_string(filled.error()));
            return;
        }
        services.mailbox.put(Completion([job, group, &services] {
            services.transport.send({group, std::move(job->message)});
        }));
    });
}

}  // namespace rafted::host

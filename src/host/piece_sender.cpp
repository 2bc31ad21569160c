#include "host/piece_sender.hpp"

#include <algorithm>

namespace rafted::host {
namespace {

/// How many pieces an election timeout has room for, at least: a piece that waits for its turn for
/// longer would be taken for lost.
constexpr std::uint64_t pieces_per_timeout = 8;

constexpr core::Duration longest_pause = std::chrono::milliseconds(2);

}  // namespace

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
        auto data = source->open->read_packed(piece().offset, piece_bytes);
        if (!data) return std::unexpected(data.error());
        piece().data = std::move(*data);
        piece().last = piece().offset + piece().data.size() >= source->open->packed_size();
        piece().checksum = source->open->checksum();
        return {};
    }
};

PieceSender::PieceSender(Services& services, Of of, Broken broken)
    : services_(services),
      of_(of),
      broken_(std::move(broken)),
      lane_(services.workers.open_lane(ports::Urgency::prompt)) {}

void PieceSender::send(core::Message message, const GroupConfig& config) {
    Held held = hold(std::move(message), config);
    const auto same = std::ranges::find(held_, held.message.to,
                                        [](const Held& other) { return other.message.to; });
    if (same != held_.end()) {
        *same = std::move(held);
    } else {
        held_.push_back(std::move(held));
    }
    release(services_.clock.steady());
}

PieceSender::Held PieceSender::hold(core::Message message, const GroupConfig& config) {
    const core::Time now = services_.clock.steady();
    const Follower& follower = followers_[message.to];
    Held held{std::move(message), config.snapshot_chunk_bytes, {}, now};
    if (follower.sent_at) held.due += std::min(now - *follower.sent_at, longest_pause);
    if (const std::uint64_t rate = config.snapshot_bytes_per_second; rate > 0) {
        const auto timeout = static_cast<std::uint64_t>(config.election_timeout.count());
        const std::uint64_t most = rate / 1'000 * timeout / pieces_per_timeout / followers_.size();
        held.piece_bytes = std::clamp<std::uint64_t>(most, 1, held.piece_bytes);
        const double seconds = static_cast<double>(held.piece_bytes) / static_cast<double>(rate);
        held.takes =
            std::chrono::duration_cast<core::Duration>(std::chrono::duration<double>(seconds));
    }
    return held;
}

core::Time PieceSender::due_at() const {
    if (held_.empty()) return core::never;
    return std::max(free_at_, std::ranges::min(held_, {}, &Held::due).due);
}

void PieceSender::release(core::Time now) {
    for (auto held = held_.begin(); held != held_.end();) {
        if (now < std::max(held->due, free_at_)) {
            ++held;
            continue;
        }
        const auto to = followers_.find(held->message.to);
        if (to != followers_.end()) {
            free_at_ = now + held->takes;
            to->second.sent_at = now;
            post(std::move(*held), to->second);
        }
        held = held_.erase(held);
    }
}

void PieceSender::post(Held held, const Follower& to) {
    auto job = std::make_shared<Job>(Job{std::move(held.message), to.source, held.piece_bytes});
    services_.workers.post(
        lane_, [this, job, of = of_, alive = std::weak_ptr(alive_), &services = services_] {
            if (const auto filled = job->fill(services.storage, of.slot); !filled) {
                services.log(LogLevel::warning,
                             "a snapshot piece was not sent: " + to_string(filled.error()));
                services.mailbox.put(Completion([this, job, alive] {
                    if (!alive.expired()) broken_(job->piece().meta);
                }));
                return;
            }
            services.mailbox.put(Completion([job, of, &services] {
                services.transport.send({of.group, std::move(job->message)});
            }));
        });
}

void PieceSender::follow(const core::Leader& leader) {
    std::erase_if(followers_, [&](const auto& one) {
        const auto found = leader.followers.find(one.first);
        return found == leader.followers.end() || !found->second.snapshot;
    });
}

void PieceSender::forget_all() {
    followers_.clear();
    held_.clear();
}

}  // namespace rafted::host

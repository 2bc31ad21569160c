#include "core/codec.hpp"

#include <algorithm>
#include <chrono>

namespace rafted::core {
namespace {

using Milliseconds = std::chrono::milliseconds;

void put(Writer& out, Index index) { out.number(index.value); }
void put(Writer& out, Term term) { out.number(term.value); }
void put(Writer& out, bool flag) { out.number(static_cast<std::uint8_t>(flag)); }
void put(Writer& out, Milliseconds time) { out.number(std::int64_t{time.count()}); }
void put(Writer& out, const Stamp& stamp) {
    out.number(stamp.round);
    out.number(std::int64_t{stamp.sent_at.time_since_epoch().count()});
}

Index get_index(Reader& in) { return Index(in.number<std::uint64_t>()); }
Term get_term(Reader& in) { return Term(in.number<std::uint64_t>()); }
bool get_bool(Reader& in) {
    const auto value = in.number<std::uint8_t>();
    if (value > 1) in.fail();
    return value == 1;
}
Milliseconds get_time(Reader& in) { return Milliseconds(in.number<std::int64_t>()); }
Stamp get_stamp(Reader& in) {
    const auto round = in.number<std::uint64_t>();
    return {round, Time(Duration(in.number<std::int64_t>()))};
}

void put_body(Writer& out, const AppendRequest& body) {
    put(out, body.prev_index);
    put(out, body.prev_term);
    put(out, body.commit);
    put(out, body.hooks_done);
    put(out, body.stamp);
    out.number(static_cast<std::uint32_t>(body.entries.size()));
}
void put_body(Writer& out, const AppendReply& body) {
    put(out, body.accepted);
    put(out, body.index);
    put(out, body.index_term);
    put(out, body.refused_prev);
    put(out, body.stamp);
}
void put_body(Writer& out, const VoteRequest& body) {
    put(out, body.last_index);
    put(out, body.last_term);
    put(out, body.pre);
    put(out, body.handed_over);
}
void put_body(Writer& out, const VoteReply& body) {
    put(out, body.granted);
    put(out, body.pre);
}
void put_body(Writer& out, const SnapshotPiece& body) {
    encode(out, body.meta);
    out.number(body.offset);
    put(out, body.last);
    put(out, body.stamp);
    out.number(body.checksum);
    out.blob(body.data);
}
void put_body(Writer& out, const SnapshotReply& body) {
    put(out, body.index);
    out.number(body.next_offset);
    put(out, body.stamp);
}
void put_body(Writer&, const TimeoutNow&) {}
void put_body(Writer& out, const RemovedNotice& body) { encode(out, body.list); }
void put_body(Writer& out, const MovedNotice& body) {
    out.number(body.member.value);
    out.text(body.address);
}

void put_body(Writer& out, const OwedRequest& body) {
    out.number(static_cast<std::uint32_t>(body.places.size()));
    for (const LogPlace& place : body.places) encode(out, place);
    put(out, body.has_nothing);
}
void put_body(Writer& out, const OwedReply& body) {
    out.number(static_cast<std::uint32_t>(body.lacking.size()));
    for (const Index index : body.lacking) put(out, index);
    out.number(static_cast<std::uint32_t>(body.entries.size()));
}

void put_body(Writer& out, const QuiesceRequest& body) {
    encode(out, body.end);
    put(out, body.hooks_done);
    put(out, body.stamp);
}
void put_body(Writer& out, const QuiesceReply& body) { put(out, body.stamp); }

/// Entries, each a block of its own in the frame.
std::vector<Entry> get_entries(const std::shared_ptr<const void>& owner, Reader& in) {
    const std::size_t count = in.number<std::uint32_t>();
    std::vector<Entry> entries;
    entries.reserve(std::min(count, in.left() / Entry::header_bytes));
    for (std::size_t i = 0; i < count && !in.failed(); ++i) {
        auto entry = Entry::decode(owner, in.rest());
        if (!entry) {
            in.fail();
            break;
        }
        in.raw(entry->size());
        entries.push_back(std::move(*entry));
    }
    return entries;
}

AppendRequest get_append(const std::shared_ptr<const void>& owner, Reader& in) {
    AppendRequest body;
    body.prev_index = get_index(in);
    body.prev_term = get_term(in);
    body.commit = get_index(in);
    body.hooks_done = get_index(in);
    body.stamp = get_stamp(in);
    body.entries = get_entries(owner, in);
    Index last = body.prev_index;
    for (const Entry& entry : body.entries) {
        if (entry.index() != last + 1) in.fail();
        last = entry.index();
    }
    return body;
}

AppendReply get_append_reply(Reader& in) {
    AppendReply body;
    body.accepted = get_bool(in);
    body.index = get_index(in);
    body.index_term = get_term(in);
    body.refused_prev = get_index(in);
    body.stamp = get_stamp(in);
    return body;
}

VoteRequest get_vote(Reader& in) {
    VoteRequest body;
    body.last_index = get_index(in);
    body.last_term = get_term(in);
    body.pre = get_bool(in);
    body.handed_over = get_bool(in);
    return body;
}

VoteReply get_vote_reply(Reader& in) {
    VoteReply body;
    body.granted = get_bool(in);
    body.pre = get_bool(in);
    return body;
}

SnapshotPiece get_piece(Reader& in) {
    SnapshotPiece body;
    body.meta = decode_snapshot_meta(in);
    body.offset = in.number<std::uint64_t>();
    body.last = get_bool(in);
    body.stamp = get_stamp(in);
    body.checksum = in.number<std::uint64_t>();
    body.data = copy_of(in.blob());
    return body;
}

SnapshotReply get_snapshot_reply(Reader& in) {
    SnapshotReply body;
    body.index = get_index(in);
    body.next_offset = in.number<std::uint64_t>();
    body.stamp = get_stamp(in);
    return body;
}

MovedNotice get_moved(Reader& in) {
    MovedNotice body;
    body.member = NodeId(in.number<std::uint64_t>());
    body.address = in.text();
    return body;
}

OwedRequest get_owed_request(Reader& in) {
    OwedRequest body;
    const auto count = in.number<std::uint32_t>();
    if (count > OwedRequest::most) in.fail();
    for (std::uint32_t i = 0; i < count && !in.failed(); ++i) {
        body.places.push_back(decode_log_place(in));
    }
    body.has_nothing = get_bool(in);
    return body;
}

OwedReply get_owed_reply(const std::shared_ptr<const void>& owner, Reader& in) {
    OwedReply body;
    const auto count = in.number<std::uint32_t>();
    if (count > OwedRequest::most) in.fail();
    for (std::uint32_t i = 0; i < count && !in.failed(); ++i) body.lacking.push_back(get_index(in));
    body.entries = get_entries(owner, in);
    return body;
}

QuiesceRequest get_quiesce(Reader& in) {
    QuiesceRequest body;
    body.end = decode_log_place(in);
    body.hooks_done = get_index(in);
    body.stamp = get_stamp(in);
    return body;
}

std::optional<Body> get_body(const std::shared_ptr<const void>& owner, Reader& in) {
    switch (in.number<std::uint8_t>()) {
        case 0: return get_append(owner, in);
        case 1: return get_append_reply(in);
        case 2: return get_vote(in);
        case 3: return get_vote_reply(in);
        case 4: return get_piece(in);
        case 5: return get_snapshot_reply(in);
        case 6: return TimeoutNow{};
        case 7: return RemovedNotice{decode_log_place(in)};
        case 8: return get_moved(in);
        case 9: return get_owed_request(in);
        case 10: return get_owed_reply(owner, in);
        case 11: return get_quiesce(in);
        case 12: return QuiesceReply{get_stamp(in)};
        default: return std::nullopt;
    }
}

template <class T, class Decode>
std::optional<T> whole(BytesView payload, Decode decode) {
    Reader in(payload);
    T value = decode(in);
    if (!in.complete()) return std::nullopt;
    return value;
}

}  // namespace

std::size_t EncodedMessage::size() const {
    std::size_t sum = head.size();
    for (const Entry& block : blocks) sum += block.size();
    return sum;
}

EncodedMessage encode(const Message& message) {
    Writer out;
    out.reserve(128);
    out.number(message.from.value);
    out.number(message.to.value);
    put(out, message.term);
    out.number(static_cast<std::uint8_t>(message.body.index()));
    std::visit([&out](const auto& body) { put_body(out, body); }, message.body);
    EncodedMessage encoded{out.take(), {}};
    if (const auto* append = std::get_if<AppendRequest>(&message.body)) {
        encoded.blocks = append->entries;
    } else if (const auto* owed = std::get_if<OwedReply>(&message.body)) {
        encoded.blocks = owed->entries;
    }
    return encoded;
}

std::optional<Message> decode_message(const std::shared_ptr<const void>& owner, BytesView bytes) {
    Reader in(bytes);
    Message message;
    message.from = NodeId(in.number<std::uint64_t>());
    message.to = NodeId(in.number<std::uint64_t>());
    message.term = get_term(in);
    auto body = get_body(owner, in);
    if (!body || !in.complete()) return std::nullopt;
    message.body = std::move(*body);
    return message;
}

void encode(Writer& out, const HardState& state) {
    put(out, state.term);
    out.number(state.vote.value);
    out.number(static_cast<std::uint32_t>(state.forced_out.size()));
    for (const NodeId id : state.forced_out) out.number(id.value);
}

HardState decode_hard_state(Reader& in) {
    HardState state;
    state.term = get_term(in);
    state.vote = NodeId(in.number<std::uint64_t>());
    const auto count = in.number<std::uint32_t>();
    for (std::uint32_t i = 0; i < count && !in.failed(); ++i) {
        state.forced_out.emplace_back(in.number<std::uint64_t>());
    }
    return state;
}

void encode(Writer& out, const LogPlace& end) {
    put(out, end.term);
    put(out, end.index);
}

LogPlace decode_log_place(Reader& in) {
    const Term term = get_term(in);
    return {term, get_index(in)};
}

void encode(Writer& out, const SnapshotMeta& meta) {
    put(out, meta.index);
    put(out, meta.term);
    put(out, meta.time);
    meta.members.encode(out);
    encode(out, meta.config);
}

SnapshotMeta decode_snapshot_meta(Reader& in) {
    SnapshotMeta meta;
    meta.index = get_index(in);
    meta.term = get_term(in);
    meta.time = get_time(in);
    meta.members = Members::decode(in);
    meta.config = decode_group_config(in);
    if (meta.index > max_index) in.fail();
    return meta;
}

void encode(Writer& out, const GroupConfig& config) {
    put(out, config.heartbeat_interval);
    put(out, config.election_timeout);
    put(out, config.clock_drift_margin.has_value());
    put(out, config.clock_drift_margin.value_or(Milliseconds{}));
    put(out, config.leader_transfer_timeout);
    out.number(config.max_retained_command_results);
    put(out, config.session_timeout);
    out.number(config.max_sessions);
    out.number(config.max_results_per_session);
    out.number(config.max_command_bytes);
    out.number(config.max_append_bytes);
    out.number(config.max_inflight_bytes);
    out.number(config.max_uncommitted_bytes);
    out.number(config.max_log_bytes);
    out.number(config.log_bytes_kept);
    out.number(config.log_file_expansion_factor);
    out.number(config.snapshot_floor_bytes);
    out.number(config.snapshot_chunk_bytes);
    out.number(config.snapshot_bytes_per_second);
    out.number(config.max_hook_backlog);
}

GroupConfig decode_group_config(Reader& in) {
    GroupConfig config;
    config.heartbeat_interval = get_time(in);
    config.election_timeout = get_time(in);
    const bool has_margin = get_bool(in);
    const auto margin = get_time(in);
    if (has_margin) config.clock_drift_margin = margin;
    config.leader_transfer_timeout = get_time(in);
    config.max_retained_command_results = in.number<std::uint32_t>();
    config.session_timeout = get_time(in);
    config.max_sessions = in.number<std::uint32_t>();
    config.max_results_per_session = in.number<std::uint32_t>();
    config.max_command_bytes = in.number<std::uint64_t>();
    config.max_append_bytes = in.number<std::uint64_t>();
    config.max_inflight_bytes = in.number<std::uint64_t>();
    config.max_uncommitted_bytes = in.number<std::uint64_t>();
    config.max_log_bytes = in.number<std::uint64_t>();
    config.log_bytes_kept = in.number<std::uint64_t>();
    config.log_file_expansion_factor = in.number<double>();
    config.snapshot_floor_bytes = in.number<std::uint64_t>();
    config.snapshot_chunk_bytes = in.number<std::uint64_t>();
    config.snapshot_bytes_per_second = in.number<std::uint64_t>();
    config.max_hook_backlog = in.number<std::uint32_t>();
    if (!in.failed() && !config.validate()) in.fail();
    return config;
}

Bytes encode(const Founding& founding) {
    Writer out;
    founding.members.encode(out);
    encode(out, founding.config);
    return out.take();
}

std::optional<Founding> decode_founding(BytesView payload) {
    return whole<Founding>(payload, [](Reader& in) {
        Founding founding;
        founding.members = Members::decode(in);
        founding.config = decode_group_config(in);
        return founding;
    });
}

Bytes encode(const Members& members) {
    Writer out;
    members.encode(out);
    return out.take();
}

std::optional<Members> decode_members(BytesView payload) {
    return whole<Members>(payload, [](Reader& in) { return Members::decode(in); });
}

Bytes encode(const GroupConfig& config) {
    Writer out;
    encode(out, config);
    return out.take();
}

std::optional<GroupConfig> decode_config(BytesView payload) {
    return whole<GroupConfig>(payload, [](Reader& in) { return decode_group_config(in); });
}

}  // namespace rafted::core

// What the bodies of frames say (docs/protocol.md). Pure: decoders take bytes from outside and
// answer with nothing rather than trust a length.
//
//   body = type:u8 rest
//   1 hello     magic:u64 version:u32 kind:u8 cluster:u64 node:u64 address:text
//   2 refusal   error
//   3 message   group:u64 message (core/codec.hpp)
//   4 request   id:u64 kind:u8 timeout_ms:u64 group:text body
//   5 response  id:u64 ok:u8 (1: answer, 0: error)
//   6 beat      epoch:u64 is_answer:u8
//   error = code:u8 message:text has_leader:u8 [node:u64 address:text];  text = length:u32 bytes
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/codec.hpp"
#include "net/frame.hpp"
#include "ports/door.hpp"
#include "ports/transport.hpp"
#include "rafted/ids.hpp"
#include "rafted/result.hpp"

namespace rafted::net {

/// Both sides must speak the same one. `magic` and `version` stay where they are for ever.
inline constexpr std::uint32_t protocol_version = 1;
/// "RAFTED\r\n": no text protocol begins like this, and line-end mangling breaks it.
inline constexpr std::uint64_t protocol_magic = 0x0a0d'4445'5446'4152;
/// No hello or refusal is larger; nothing larger is accepted before the hello.
inline constexpr std::size_t max_hello_bytes = 4096;

enum class FrameType : std::uint8_t { hello = 1, refusal, message, request, response, beat };
/// The type of a body; nothing if there is no such type.
std::optional<FrameType> type_of(BytesView body);

enum class HelloKind : std::uint8_t { peer, client };

struct Hello {
    std::uint32_t version = protocol_version;
    HelloKind kind = HelloKind::client;
    ClusterId cluster;    ///< None: has no cluster yet, or (client) insists on none.
    NodeId node;          ///< None for a client.
    std::string address;  ///< Where the sender is to be found; empty for a client.
    bool operator==(const Hello&) const = default;
};

Bytes encode(const Hello& hello);
/// `rest` is what follows the type. A hello of another version has only its version read. Fails
/// with invalid.
Result<Hello> decode_hello(BytesView rest);
/// Fails with wrong_version (names both) or wrong_cluster (names both).
Result<void> check_hello(const Hello& theirs, ClusterId ours);

Bytes encode_refusal(const Error& error);
std::optional<Error> decode_refusal(BytesView rest);

OutFrame encode_message(GroupId group, core::EncodedMessage message);
/// Keeps the frame's memory for as long as an entry of it lives.
std::optional<ports::Envelope> decode_message(const Frame& frame);

OutFrame encode_beat(const ports::Beat& beat);
std::optional<ports::Beat> decode_beat(BytesView rest);

struct RequestFrame {
    std::uint64_t id = 0;
    ports::ClientRequest request;
};

OutFrame encode_request(std::uint64_t id, ports::ClientRequest request);
/// The kind may be one that is not known here: a newer client's.
std::optional<RequestFrame> decode_request(BytesView rest);

struct ResponseFrame {
    std::uint64_t id = 0;
    Result<Bytes> answer;
};

OutFrame encode_response(std::uint64_t id, Result<Bytes> answer);
std::optional<ResponseFrame> decode_response(BytesView rest);

}  // namespace rafted::net

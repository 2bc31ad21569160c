// The worlds that wait for their turn, one after the other in one array of bytes; and how each was
// met first. Kept small, as these two and the set of digests are all that grows with the states.
//   1. Worlds are numbered as they are met, and pushed in that order, without a gap.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "explore/world.hpp"

namespace rafted::explore {

class Frontier {
public:
    /// The worlds of one search have the same number of nodes and terms.
    Frontier(std::size_t nodes, std::size_t terms) : nodes_(nodes), terms_(terms) {}

    void push(const World& world) {
        for (std::size_t i = 0; i < nodes_; ++i) put(world.nodes[i]);
        for (const std::uint8_t spent : world.spent) put(spent);
        for (std::size_t term = 1; term <= terms_; ++term) put(world.leaders[term]);
        put(world.history);
        put(static_cast<std::uint32_t>(world.messages.size()));
        for (const MessageNumber message : world.messages) put(message);
        ++size_;
    }
    /// requires: size() > 0. The next world in order; it is gone from here then.
    void pop(World& world) {
        world.leaders.fill(0);
        for (std::size_t i = 0; i < nodes_; ++i) world.nodes[i] = get();
        for (std::uint8_t& spent : world.spent) spent = static_cast<std::uint8_t>(get());
        for (std::size_t term = 1; term <= terms_; ++term) {
            world.leaders[term] = static_cast<std::uint8_t>(get());
        }
        world.history = get();
        world.messages.resize(get());
        for (MessageNumber& message : world.messages) message = get();
        --size_;
    }
    /// Starts anew; the memory stays.
    void clear() {
        bytes_.clear();
        at_ = size_ = 0;
    }
    std::size_t size() const { return size_; }
    std::size_t bytes() const { return bytes_.capacity(); }

private:
    /// Seven bits at a time, the lowest first.
    void put(std::uint32_t number) {
        for (; number >= 0x80; number >>= 7) {
            bytes_.push_back(static_cast<std::uint8_t>(number | 0x80U));
        }
        bytes_.push_back(static_cast<std::uint8_t>(number));
    }
    std::uint32_t get() {
        std::uint32_t number = 0;
        for (unsigned shift = 0;; shift += 7) {
            const std::uint8_t byte = bytes_[at_++];
            number |= std::uint32_t{byte & 0x7fU} << shift;
            if (byte < 0x80) return number;
        }
    }

    std::size_t nodes_;
    std::size_t terms_;
    std::vector<std::uint8_t> bytes_;
    std::size_t at_ = 0;
    std::size_t size_ = 0;
};

/// How a state was met first: from which one, and by what.
struct Link {
    std::uint32_t from = 0;
    Action action;
};

/// Links by number; grows without moving.
class Links {
public:
    void push(const Link& link) {
        if (size_ % per_chunk == 0) chunks_.push_back(std::make_unique<Link[]>(per_chunk));
        chunks_.back()[size_++ % per_chunk] = link;
    }
    const Link& operator[](std::size_t number) const {
        return chunks_[number / per_chunk][number % per_chunk];
    }
    std::size_t size() const { return size_; }
    std::size_t bytes() const { return chunks_.size() * per_chunk * sizeof(Link); }

private:
    static constexpr std::size_t per_chunk = std::size_t{1} << 16;
    std::vector<std::unique_ptr<Link[]>> chunks_;
    std::size_t size_ = 0;
};

}  // namespace rafted::explore

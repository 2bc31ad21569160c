// Elements of unordered containers in the order of their bytes, so that equal values give equal
// bytes. Two ways to the same order: all are written and then sorted, or, when the Writer has a
// sink, their places are sorted first and they are written one at a time.
//   1. Encodings of one type's values are no prefixes of each other, or no Reader could tell where
//      one ends: so pairs with different keys are in order if their keys are.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "rafted/bytes.hpp"

namespace rafted::detail {

inline bool is_before(BytesView a, BytesView b) {
    const auto common = std::min(a.size(), b.size());
    const int order = common == 0 ? 0 : std::memcmp(a.data(), b.data(), common);
    return order != 0 ? order < 0 : a.size() < b.size();
}

/// `write` writes one element.
template <class T, class Write>
void write_sorted(Writer& out, const T& all, const Write& write) {
    const auto start = out.size();
    std::vector<std::size_t> ends;
    ends.reserve(all.size());
    for (const auto& element : all) {
        write(out, element);
        ends.push_back(out.size() - start);
    }
    const auto place = out.written_from(start);
    const Bytes copy(place.begin(), place.end());
    std::vector<BytesView> runs;
    runs.reserve(ends.size());
    std::size_t from = 0;
    for (const auto end : ends) {
        runs.push_back(BytesView(copy).subspan(from, end - from));
        from = end;
    }
    std::sort(runs.begin(), runs.end(), is_before);
    std::size_t at = 0;
    for (const auto run : runs) {
        if (!run.empty()) std::memcpy(place.data() + at, run.data(), run.size());
        at += run.size();
    }
}

/// `rank` writes of an element what decides its place. Keeps 24 bytes per element, and asks for the
/// rank again where the first bytes do not decide.
template <class T, class Rank, class Write>
void write_ranked(Writer& out, const T& all, const Rank& rank, const Write& write) {
    struct Place {
        std::array<std::byte, 16> start{};
        decltype(all.begin()) at;
    };
    const auto bytes_of_rank = [&](const auto& element) {
        Writer own;
        rank(own, element);
        return own.take();
    };
    std::vector<Place> places;
    places.reserve(all.size());
    for (auto at = all.begin(); at != all.end(); ++at) {
        const Bytes bytes = bytes_of_rank(*at);
        Place& place = places.emplace_back(Place{{}, at});
        std::copy_n(bytes.begin(), std::min(bytes.size(), place.start.size()), place.start.begin());
    }
    std::sort(places.begin(), places.end(), [&](const Place& a, const Place& b) {
        if (a.start != b.start) return a.start < b.start;
        return is_before(bytes_of_rank(*a.at), bytes_of_rank(*b.at));
    });
    for (const Place& place : places) write(out, *place.at);
}

}  // namespace rafted::detail

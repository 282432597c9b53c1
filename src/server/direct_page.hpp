#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/clock.hpp"
#include "cache/cache.hpp"
#include "wire/direct_frame.hpp"

namespace scache::server {

// What a page of a list is made of.

// Whole milliseconds of a duration, and 0 for one that is over.
std::uint64_t milliseconds(Duration duration) noexcept;

// A place in the cache, as a client carries it.
inline constexpr std::size_t kCursorSize = 16;
std::array<char, kCursorSize> cursor_of(const Position& place) noexcept;
// The beginning where it is no cursor.
Position place_of(std::string_view cursor) noexcept;

// Puts an entry of the cache. Throws std::bad_alloc.
void put_entry(direct::FrameWriter& frame, const Cache::Entry& entry, Instant now);

}  // namespace scache::server

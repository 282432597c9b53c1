#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/clock.hpp"
#include "cache/cache.hpp"
#include "wire/direct_frame.hpp"

namespace scache::server {

// The parts of a page of a list.

// Whole milliseconds of a duration; 0 if it is negative.
std::uint64_t milliseconds(Duration duration) noexcept;

// A position in the cache, encoded for the client.
inline constexpr std::size_t kCursorSize = 16;
std::array<char, kCursorSize> cursor_of(const Position& place) noexcept;
// The beginning of the cache if the cursor is invalid.
Position place_of(std::string_view cursor) noexcept;

// Appends an entry of the cache to the frame. Throws std::bad_alloc.
void put_entry(direct::FrameWriter& frame, const Cache::Entry& entry, Instant now);

}  // namespace scache::server

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/clock.hpp"
#include "cache/cache.hpp"
#include "wire/direct_reply.hpp"

namespace scache::server {

// The parts of a page of a list.

// A position in the cache, encoded for the client.
inline constexpr std::size_t kCursorSize = 16;
std::array<char, kCursorSize> cursor_of(const Position& place) noexcept;
// The beginning of the cache if the cursor is invalid.
Position place_of(std::string_view cursor) noexcept;

// An entry of the cache as it is listed.
direct::EntryReply reply_of(const Cache::Entry& entry, Instant now) noexcept;

}  // namespace scache::server

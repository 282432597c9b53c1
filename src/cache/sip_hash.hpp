// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/rooms.hpp"

namespace scache::cache {

// A secret of 128 bits.
using SipKey = std::array<std::uint64_t, 2>;

// SipHash-1-3 (Aumasson and Bernstein): a keyed hash for tables of untrusted names. Without the
// key, clients cannot choose names that collide more often than random names. The variant with one
// round for each word and three final rounds is used by the hash tables of several languages. A
// faster variant matters, because hashing names is a large part of the cost of a request.
std::uint64_t sip_hash(const SipKey& key, std::string_view bytes) noexcept;

}  // namespace scache::cache

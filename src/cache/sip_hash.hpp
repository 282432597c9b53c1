#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/rooms.hpp"

namespace scache::cache {

// A secret of 128 bits.
using SipKey = std::array<std::uint64_t, 2>;

// SipHash-1-3 (Aumasson and Bernstein): a keyed hash for tables that hold names from strangers.
// Nobody without the key can choose names that collide more often than chance has it. One round for
// each word and three at the end, which is what the hash tables of several languages use: names are
// most of what a request has to be read for.
std::uint64_t sip_hash(const SipKey& key, std::string_view bytes) noexcept;

}  // namespace scache::cache

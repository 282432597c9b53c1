// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "base/rooms.hpp"
#include "cache/sip_hash.hpp"

namespace scache::cache {

// NameHash hashes names with a secret key, so that clients cannot choose colliding names.
// Immutable after construction.
class NameHash {
 public:
  // Uses a random key from the kernel.
  NameHash();
  std::uint64_t operator()(std::string_view name) const noexcept;

 private:
  SipKey key_{};
};

// A name with its hash, the key of the tables.
struct HashedName {
  std::string_view text;
  std::uint64_t hash;
};

}  // namespace scache::cache

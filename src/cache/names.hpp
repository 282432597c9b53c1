#pragma once

#include <cstdint>
#include <string_view>

#include "base/rooms.hpp"
#include "cache/sip_hash.hpp"

namespace scache::cache {

// NameHash hashes names with a secret key, so that no client can choose names that collide.
// Immutable after construction.
class NameHash {
 public:
  // Draws the key from the kernel.
  NameHash();
  std::uint64_t operator()(std::string_view name) const noexcept;

 private:
  SipKey key_{};
};

// A name with its hash, as a table looks it up.
struct HashedName {
  std::string_view text;
  std::uint64_t hash;
};

}  // namespace scache::cache

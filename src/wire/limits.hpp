#pragma once

#include <cstddef>

#include "base/rooms.hpp"

namespace scache::wire {

// How much of what a client sends is taken. Postfix sends names of up to about 2,000 bytes (a
// transport name, a domain or SASL sender of at most 1,024, an address), and properties of up to
// about 4,000 (TLS certificate names); the defaults are far above.
struct WireLimits {
  // Bytes of a destination's or endpoint's name.
  std::size_t name = 16'384;
  // Bytes of destination or endpoint properties.
  std::size_t properties = 65'536;
  // Bytes of a whole attribute list, from its first byte to its terminator.
  std::size_t list = 262'144;
};

}  // namespace scache::wire

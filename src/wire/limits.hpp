// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "base/rooms.hpp"

namespace scache::wire {

// Limits of the input from clients. Postfix sends names of up to about 2,000 bytes (a transport
// name, a domain or SASL sender of at most 1,024, an address), and properties of up to about 4,000
// bytes (TLS certificate names). The defaults are far above that.
struct WireLimits {
  // Bytes of the name of a destination or endpoint.
  std::size_t name = 16'384;
  // Bytes of the properties of a destination or endpoint.
  std::size_t properties = 65'536;
  // Bytes of an attribute list with its terminator.
  std::size_t list = 262'144;
};

}  // namespace scache::wire

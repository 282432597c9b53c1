// SPDX-License-Identifier: Apache-2.0
#include "server/hand_out.hpp"

namespace scache::server {

Duration HandOut::life_of(std::uint64_t id) const noexcept {
  // Ids are consecutive. The product with this odd number (2^64 divided by the golden ratio)
  // spreads consecutive numbers evenly in its upper bits.
  constexpr std::uint64_t kSpread = 0x9e37'79b9'7f4a'7c15;
  const auto part = static_cast<Duration::rep>((id * kSpread) >> 54);
  return max_age - max_age / 10 / 1'024 * part;
}

}  // namespace scache::server

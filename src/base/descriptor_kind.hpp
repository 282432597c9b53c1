// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/rooms.hpp"

namespace scache::base {

// The kinds of descriptors that the cache accepts (docs/what-not-to-cache.md has the reasons).
enum class DescriptorKind : std::uint8_t {
  // A connected UNIX-domain stream socket.
  local,
  // A TCP socket over IPv4 or IPv6 that does not listen.
  network,
  // An end of a pipe or of a FIFO.
  pipe,
  // Any other kind, which the server refuses.
  other,
};

constexpr bool is_socket(DescriptorKind kind) noexcept {
  return kind == DescriptorKind::local || kind == DescriptorKind::network;
}

}  // namespace scache::base

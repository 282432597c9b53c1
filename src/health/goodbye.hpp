// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/rooms.hpp"

namespace scache::health {

// Goodbye is what an idle connection sends before it is closed, so that the other side sees the end
// that its protocol has, and no lost connection.
struct Goodbye {
  // A goodbye is a short message. This fits into the send buffer of any socket.
  static constexpr std::size_t kMaxBytes = 1'024;
  // The time that the other side has for its answer, or for its own close: several round trips to
  // the far side of the earth, and a lost packet.
  static constexpr Duration kWait = std::chrono::seconds{2};
  // The longest time that a configuration may give: a silent receiver keeps a descriptor for it.
  static constexpr Duration kMaxWait = std::chrono::minutes{1};

  std::string bytes;
  Duration wait = kWait;
};

// A goodbye known by the name of its protocol.
struct KnownGoodbye {
  std::string_view protocol;
  std::string_view bytes;
};

// All of them, in the order of the alphabet.
std::span<const KnownGoodbye> known_goodbyes() noexcept;
// The bytes of a protocol; none if it is unknown.
std::optional<std::string_view> goodbye_of(std::string_view protocol) noexcept;

}  // namespace scache::health

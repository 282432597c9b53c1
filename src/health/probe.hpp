// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/rooms.hpp"

namespace scache::health {

// Probe is a request that has no effect, with which the server checks that an idle connection works
// and keeps it from being closed as idle.
struct Probe {
  // A request is a short message. This fits into the send buffer of any socket.
  static constexpr std::size_t kMaxBytes = 1'024;
  // A longer answer is a wrong one.
  static constexpr std::size_t kMaxAnswer = 4'096;
  // The time without use after which a connection is probed: firewalls forget connections, and many
  // servers close them, after some minutes.
  static constexpr Duration kIdle = std::chrono::minutes{1};
  // The shortest: several round trips, so that connections are not probed all the time.
  static constexpr Duration kLeastIdle = std::chrono::milliseconds{100};
  // The time that the other side has for its answer, as with a goodbye.
  static constexpr Duration kWait = std::chrono::seconds{2};
  static constexpr Duration kMaxWait = std::chrono::minutes{1};

  enum class Match : std::uint8_t { yes, no, incomplete };
  // Whether the bytes are the expected answer, so far.
  Match match(std::string_view answer) const noexcept;

  std::string send{};
  // The answer begins with `expect` and ends with the first occurrence of `end` behind it. Without
  // an `end` it is `expect`.
  std::string expect{};
  std::string end{};
  Duration idle = kIdle;
  Duration wait = kWait;
};

// A probe known by the name of its protocol.
struct KnownProbe {
  std::string_view protocol;
  std::string_view send;
  std::string_view expect;
  std::string_view end;
};

// All of them, in the order of the alphabet.
std::span<const KnownProbe> known_probes() noexcept;
// The probe of a protocol; none if it is unknown.
std::optional<KnownProbe> probe_of(std::string_view protocol) noexcept;

}  // namespace scache::health

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/clock.hpp"
#include "base/rooms.hpp"

namespace scache::base {

// The kinds of log lines that clients can cause. Each kind has its own limit, so that many lines of
// one kind do not suppress another.
enum class LogKind : std::uint8_t {
  // A malformed request; an incomplete one.
  malformed,
  unfinished,
  // A descriptor could not be received or sent.
  transfer,
  // A valid request was refused, for example because the cache is full.
  refused,
  // A connection was saved with unread input.
  unread,
  // A client or a request was refused: no access, too many clients of its user, too many blocked
  // close(2).
  access,
  // The server ended a session, or did not begin it: a protocol violation, or a lack of memory.
  session,
  // The server cannot accept clients: a lack of descriptors or memory.
  shortage,
  // The server cannot watch a cached connection: a lack of memory or a limit of epoll(7).
  unwatched,
  // A probe of a cached connection had no answer, or a wrong one.
  probe,
};
inline constexpr std::size_t kLogKinds = 10;

// LogLimit limits the lines that clients cause: each kind has a number of lines in a period, which
// begins with the first line. It counts the others, and the count is reported at the end of the
// period. Pure: the time is a parameter, and must not decrease.
class LogLimit {
 public:
  // With all kinds at their limits a day has half a million lines, which log rotation handles; and
  // the counts are still timely.
  static constexpr Duration kPeriod = std::chrono::minutes{10};
  // Each user without access should be visible soon, and fill no disk.
  static constexpr Duration kPeriodOfAccess = std::chrono::minutes{1};
  // Enough to diagnose the requests of a faulty client.
  static constexpr std::uint32_t kMostOfRequests = 1'000;
  // These lines repeat; some of them show the clients and the frequency.
  static constexpr std::uint32_t kMostOfRefusals = 100;
  // For what occurs at each attempt, ten times a second or more: a shortage, a client without
  // access.
  static constexpr std::uint32_t kMostOfAttempts = 1;

  static constexpr std::uint32_t most(LogKind kind) noexcept {
    switch (kind) {
      case LogKind::malformed:
      case LogKind::unfinished:
      case LogKind::transfer:
        return kMostOfRequests;
      case LogKind::refused:
      case LogKind::unread:
      case LogKind::session:
      case LogKind::probe:
        return kMostOfRefusals;
      case LogKind::access:
      case LogKind::shortage:
      case LogKind::unwatched:
        break;
    }
    return kMostOfAttempts;
  }
  static constexpr Duration period(LogKind kind) noexcept {
    return kind == LogKind::access ? kPeriodOfAccess : kPeriod;
  }
  // The name of the kind in the line that reports the count.
  static std::string_view name(LogKind kind) noexcept;

  // Whether to write a line; counts it if not. The caller reports counts that are due first.
  bool admits(LogKind kind, Instant now) noexcept;

  // When the next count is due; kNever if no line was left out.
  Instant next_due() const noexcept { return next_due_; }
  // Takes one count that is due at `now`: how many lines of a kind were left out, or 0.
  struct LeftOut {
    LogKind kind{};
    std::uint64_t lines = 0;
  };
  LeftOut take_due(Instant now) noexcept;

 private:
  struct State {
    Instant end = Instant::min();
    std::uint32_t written = 0;
    std::uint64_t left_out = 0;
  };
  void find_next_due() noexcept;

  std::array<State, kLogKinds> states_{};
  Instant next_due_ = kNever;
};

}  // namespace scache::base

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/clock.hpp"
#include "base/rooms.hpp"

namespace scache::base {

// What clients can cause to be logged, by what it is about. Each kind has a limit of its own, so
// that one kind in masses hides no other.
enum class LogKind : std::uint8_t {
  // A request that cannot be understood; one that is not finished.
  malformed,
  unfinished,
  // A descriptor that is not received or not sent.
  transfer,
  // A request that is understood and not done: the cache is full, or the like.
  refused,
  // A client without access.
  access,
  // A session that is ended, or not begun: it cannot be followed, or memory is short.
  session,
  // No client is accepted for want of descriptors or memory.
  shortage,
};
inline constexpr std::size_t kLogKinds = 7;

// LogLimit decides which of the lines that clients cause are written: of each kind so many in a
// period, which begins with the first of them. The others are counted, and the count is told when
// the period is over. Pure: the moment is a parameter, and does not go back.
class LogLimit {
 public:
  // Long enough that a day of all kinds at their limits has half a million lines, which a log that
  // is rotated stands; short enough that a count is news.
  static constexpr Duration kPeriod = std::chrono::minutes{10};
  // Enough to see, request by request, what is wrong with a client.
  static constexpr std::uint32_t kMostOfRequests = 1'000;
  // These say the same again and again; some show who is concerned, and how often.
  static constexpr std::uint32_t kMostOfRefusals = 100;
  // A shortage is found anew at each attempt, ten times a second: one line tells of all.
  static constexpr std::uint32_t kMostOfShortages = 1;

  static constexpr std::uint32_t most(LogKind kind) noexcept {
    switch (kind) {
      case LogKind::malformed:
      case LogKind::unfinished:
      case LogKind::transfer:
        return kMostOfRequests;
      case LogKind::refused:
      case LogKind::access:
      case LogKind::session:
        return kMostOfRefusals;
      case LogKind::shortage:
        break;
    }
    return kMostOfShortages;
  }
  // What a line on those left out calls them.
  static std::string_view name(LogKind kind) noexcept;

  // Whether a line is to be written; if not, it is counted. Counts that are due are told first.
  bool admits(LogKind kind, Instant now) noexcept;

  // When the next count is due; kNever where nothing was left out.
  Instant next_due() const noexcept { return next_due_; }
  // Takes out one count that is due at `now`: how many lines of a kind were left out, or 0.
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

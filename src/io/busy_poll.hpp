#pragma once

#include <algorithm>
#include <chrono>

#include "base/clock.hpp"

namespace scache {

// BusyPoll decides before which sleeps a loop first goes on looking for a while: waking an idle
// processor takes longer than a request. It is worth its processor time as long as something comes;
// after each time in vain it is left out before twice as many sleeps.
class BusyPoll {
 public:
  // A lone client is back within 15 us; waking takes 15 to 20 (docs/benchmarks.md).
  static constexpr Duration kTime = std::chrono::microseconds{40};
  // So that looking in vain costs next to nothing, and a client that gets busy is soon noticed.
  static constexpr unsigned kMostLeftOut = 64;

  // Whether to look before this sleep.
  bool is_due() noexcept {
    if (left_out_ == 0) return true;
    --left_out_;
    return false;
  }

  // What looking has come to.
  void looked(bool found) noexcept {
    next_ = found ? 0 : std::clamp(2 * next_, 1U, kMostLeftOut);
    left_out_ = next_;
  }

 private:
  unsigned next_ = 0;
  unsigned left_out_ = 0;
};

}  // namespace scache

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>

#include "base/clock.hpp"
#include "support/rooms.hpp"

namespace scache::test {

// FakeClock changes only when a test moves it.
class FakeClock {
 public:
  Instant now() const { return now_; }
  void advance(Duration by) { now_ += by; }
  // A function that reads this clock, which must not be moved in memory.
  std::function<Instant()> reader() {
    return [this] { return now_; };
  }

 private:
  Instant now_{std::chrono::seconds{1'000}};
};

}  // namespace scache::test

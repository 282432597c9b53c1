#pragma once

#include <chrono>
#include <functional>

#include "base/clock.hpp"
#include "support/rooms.hpp"

namespace scache::test {

// FakeClock stands still until it is moved.
class FakeClock {
 public:
  Instant now() const { return now_; }
  void advance(Duration by) { now_ += by; }
  // Reads this clock, which must stay where it is.
  std::function<Instant()> reader() {
    return [this] { return now_; };
  }

 private:
  Instant now_{std::chrono::seconds{1'000}};
};

}  // namespace scache::test

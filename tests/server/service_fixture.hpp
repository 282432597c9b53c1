#pragma once

#include <chrono>

#include "io/closer.hpp"
#include "io/loop.hpp"
#include "server/service.hpp"
#include "server/statistics.hpp"
#include "support/descriptors.hpp"
#include "support/fake_clock.hpp"
#include "support/recording_log.hpp"

namespace scache::test {

// A service with all that it needs, and a loop whose clock is moved by hand.
class ServiceFixture : public DescriptorCensus {
 protected:
  void turn() { loop.turn(Loop::Wait::poll); }
  // All the turns that anybody needs.
  void settle() {
    for (int i = 0; i < 100; ++i) turn();
  }

  FakeClock clock;
  Loop loop{clock.reader()};
  Closer closer;
  RecordingLog log;
  Statistics statistics{0};
  Service service{{.limits = {}, .ttl_limit = std::chrono::seconds{1'000}, .listening = {}},
                  statistics,
                  closer,
                  log};
};

}  // namespace scache::test

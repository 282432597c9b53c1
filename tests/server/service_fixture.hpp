#pragma once

#include <chrono>
#include <cstdlib>

#include "io/closer.hpp"
#include "io/loop.hpp"
#include "ring/ring.hpp"
#include "server/service.hpp"
#include "server/statistics.hpp"
#include "support/descriptors.hpp"
#include "support/fake_clock.hpp"
#include "support/recording_log.hpp"

namespace scache::test {

// A service with all that it needs, and a loop whose clock is moved by hand; with SCACHE_TEST_RING
// in the environment and a kernel that can, everything is sent, closed and watched by a ring.
class ServiceFixture : public DescriptorCensus {
 protected:
  ServiceFixture() {
    if (std::getenv("SCACHE_TEST_RING") != nullptr) loop.use(Ring::make(loop.epoll(), {}));
  }
  void turn() { loop.turn(Loop::Wait::poll); }
  // All the turns that anybody needs.
  void settle() {
    for (int i = 0; i < 100; ++i) turn();
  }

  FakeClock clock;
  Loop loop{clock.reader()};
  Closer closer{loop};
  RecordingLog log;
  Statistics statistics{0};
  Service service{{.limits = {}, .ttl_limit = std::chrono::seconds{1'000}, .listening = {}},
                  statistics,
                  closer,
                  log};
};

}  // namespace scache::test

#pragma once

#include <chrono>
#include <optional>

#include "io/closer.hpp"
#include "io/loop.hpp"
#include "server/server.hpp"
#include "server/service.hpp"
#include "server/statistics.hpp"
#include "support/descriptors.hpp"
#include "support/fake_clock.hpp"
#include "support/listening.hpp"
#include "support/recording_log.hpp"

namespace scache::test {

// A server with all that it needs, on a real socket and with a clock that is moved by hand.
class ServerFixture : public DescriptorCensus {
 protected:
  // Starts to accept; settings may be changed before.
  void start() {
    server.emplace(loop, closer, service, log, settings);
    server->accept_from(listening.descriptor());
  }
  void turn() { loop.turn(Loop::Wait::poll); }
  void settle() {
    for (int i = 0; i < 50; ++i) turn();
  }

  Listening listening;
  FakeClock clock;
  Loop loop{clock.reader()};
  Closer closer;
  RecordingLog log;
  Statistics statistics{0};
  Service service{{.limits = {}, .ttl_limit = std::chrono::seconds{1'000}, .listening = {}},
                  statistics,
                  closer,
                  log};
  int first_requests = 0;
  int idle_exits = 0;
  Server::Settings settings{.session = {.limits = {}, .time_limit = std::chrono::seconds{10}},
                            .clients = 4,
                            .max_idle = {},
                            .first_request = [this] { ++first_requests; },
                            .idle_too_long = [this] { ++idle_exits; }};
  std::optional<Server> server;
};

}  // namespace scache::test

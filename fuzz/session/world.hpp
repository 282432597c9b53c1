// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

#include "base/fd.hpp"
#include "io/closer.hpp"
#include "io/loop.hpp"
#include "rooms.hpp"
#include "server/server.hpp"
#include "server/service.hpp"
#include "silent_log.hpp"
#include "support/fake_clock.hpp"

namespace scache::fuzz {

// World is a server with a small capacity, on a clock that stands still until it is moved.
class World {
 public:
  struct Settings {
    bool verbose = false;
    bool announces = true;
    // Small limits are reached by small inputs.
    bool small_limits = true;
    // Goodbyes and probes.
    bool upkeep = false;
  };
  static constexpr std::size_t kClients = 4;
  static constexpr std::size_t kConnections = 6;
  // Clients that may wait for a place.
  static constexpr int kBacklog = 16;
  static constexpr std::chrono::seconds kTimeLimit{60};
  static constexpr std::chrono::seconds kTtlLimit{100};

  World(const Settings& settings, Closer& closer);

  // The client's end of a new connection: one that the server is to accept, or nothing where too
  // many wait for that already; or a socket pair that it adopts, with little room for replies.
  Fd connect();
  Fd connect_narrowly();
  int listening() const { return listening_.get(); }

  // Turns the loop until it has nothing to do, and looks at whether all is in order.
  void settle();
  void wait(Duration time);

  std::size_t clients() const { return server_.clients(); }
  // Whether a client is not accepted yet.
  bool somebody_waits() const;
  // Whether nothing is cached, nor claimed.
  bool empty() const;

 private:
  void keep_up();
  void check() const;

  test::FakeClock clock_;
  Fd listening_;
  SilentLog log_;
  const bool upkeep_;
  const Goodbye goodbye_{.bytes = "QUIT\r\n"};
  const Probe probe_{.send = "NOOP\r\n",
                     .expect = "2",
                     .end = "\n",
                     .idle = std::chrono::seconds{10},
                     .wait = std::chrono::seconds{2}};
  Loop loop_;
  Service service_;
  const ListenPolicy policy_;
  Server server_;
};

}  // namespace scache::fuzz

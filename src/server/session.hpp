// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "base/clock.hpp"
#include "wire/limits.hpp"

namespace scache::server {

// Common to the sessions of both protocols.

// A session reports its state to SessionEvents, so that the server can choose a client to close.
class SessionEvents {
 public:
  virtual ~SessionEvents() = default;
  // idle(): the session is between requests and has sent all replies. busy(): the first byte of a
  // request has arrived.
  virtual void idle() noexcept = 0;
  virtual void busy() noexcept = 0;
  // The next request began before the session became idle.
  virtual void busy_again() noexcept {}
};

struct SessionSettings {
  WireLimits limits;
  // Time limit of a request, from its first byte to the end of its exchange.
  Duration time_limit = std::chrono::seconds{3'600};
  // Whether the session sends the greeting.
  bool announces = true;
  // The name of a client's stream in log lines.
  std::string source = "scache socket";
};

}  // namespace scache::server

#pragma once

#include <chrono>
#include <string>

#include "base/clock.hpp"
#include "wire/limits.hpp"

namespace scache::server {

// What the sessions of both protocols have in common.

// SessionEvents is told how a session stands, so that its server can keep order among many.
class SessionEvents {
 public:
  virtual ~SessionEvents() = default;
  // Between requests, with nothing left to send; and the first byte of a request has come.
  virtual void idle() noexcept = 0;
  virtual void busy() noexcept = 0;
  // The next request has begun before the one before had come to its end.
  virtual void busy_again() noexcept {}
};

struct SessionSettings {
  WireLimits limits;
  // For a whole request, from its first byte to the end of its last exchange.
  Duration time_limit = std::chrono::seconds{3'600};
  // Whether the server speaks first, as it does when it has accepted the client itself.
  bool announces = true;
  // What log lines call a client's stream.
  std::string source = "scache socket";
};

}  // namespace scache::server

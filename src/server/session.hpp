// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace scache::server {

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

}  // namespace scache::server

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/clock.hpp"
#include "io/loop.hpp"
#include "server/last_goodbyes.hpp"
#include "server/server.hpp"
#include "server/service.hpp"

namespace scache::server {

// ChildLife ends a server that a parent process starts on demand and stops:
//
//   serving -> leaving -> stopped
//      ^  |                  ^
//      |  v                  |
//     resting ---------------+
//
// While it leaves or rests, the cached connections say goodbye, for at most kGoodbyeTime. It leaves
// if the parent is gone or a signal arrives, and accepts no more clients. It rests if it has had no
// client for long, and a client that comes in the meantime is served: the parent starts no other
// server as long as this one exists. It stops the loop when it is stopped.
class ChildLife {
 public:
  enum class State : std::uint8_t { serving, resting, leaving, stopped };

  // Time limit for all goodbyes. At a reload the parent starts the next server when this one is
  // gone, and clients wait for it: no longer than they themselves wait before they try again.
  static constexpr Duration kGoodbyeTime = std::chrono::seconds{1};

  ChildLife(Loop& loop, Service& service, Server& server)
      : loop_{loop}, server_{server}, goodbyes_{loop, service} {}
  ChildLife(const ChildLife&) = delete;
  ChildLife& operator=(const ChildLife&) = delete;

  void parent_gone() { leave(); }
  // A signal that ends the server. A second one ends it at once.
  void handle_signal(int number);
  void idle_too_long();

  State state() const noexcept { return state_; }
  // The first signal, if there was one.
  std::optional<int> signal() const noexcept { return signal_; }

 private:
  void leave();
  void rested();
  void stop() noexcept;

  Loop& loop_;
  Server& server_;
  LastGoodbyes goodbyes_;
  State state_ = State::serving;
  std::optional<int> signal_;
};

}  // namespace scache::server

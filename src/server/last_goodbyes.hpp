// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>

#include "base/clock.hpp"
#include "io/loop.hpp"
#include "server/service.hpp"

namespace scache::server {

// LastGoodbyes empties the cache at the end of a server: the connections leave as expired, as many
// at once as have places for their goodbyes, within a time limit.
class LastGoodbyes {
 public:
  // What one turn removes: about a millisecond of work.
  static constexpr std::size_t kRemovedOfTurn = 128;
  // The interval of the checks for free places and for the end of the last goodbye.
  static constexpr Duration kInterval = std::chrono::milliseconds{5};

  LastGoodbyes(Loop& loop, Service& service)
      : loop_{loop}, service_{service}, timer_{loop, [this] { run(); }} {}
  LastGoodbyes(const LastGoodbyes&) = delete;
  LastGoodbyes& operator=(const LastGoodbyes&) = delete;

  // Calls `done` when the cache is empty and all goodbyes have ended, or at the limit; at once if
  // no connection may say goodbye. Goodbyes that have begun before count.
  void start(Duration limit, std::function<void()> done);
  // Ends the goodbyes at once, without a call of `done`.
  void stop() noexcept;
  bool is_running() const noexcept { return static_cast<bool>(done_); }

 private:
  void run();
  void finish();

  Loop& loop_;
  Service& service_;
  std::function<void()> done_;
  Instant limit_{};
  Timer timer_;
};

}  // namespace scache::server

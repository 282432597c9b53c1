// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "base/rooms.hpp"
#include "io/loop.hpp"
#include "server/service.hpp"

namespace scache::server {

// Expiry removes the expired entries of the cache, in slices.
class Expiry {
 public:
  // Expired entries that are removed in one turn, about a millisecond of work.
  static constexpr std::size_t kExpiriesOfTurn = 128;

  Expiry(Loop& loop, Service& service)
      : loop_{loop}, service_{service}, timer_{loop, [this] { expire(); }} {}
  Expiry(const Expiry&) = delete;
  Expiry& operator=(const Expiry&) = delete;

  // Call this before each wait of the loop.
  void before_wait() noexcept {
    // If the next deadline has moved to a later time, the timer adjusts when it fires.
    if (const Instant next = service_.next_deadline(); next < timer_.deadline()) timer_.set(next);
  }

 private:
  void expire() noexcept {
    // An expired connection occupies its descriptor until the closer has closed it.
    if (!service_.is_closing()) service_.expire(loop_.now(), kExpiriesOfTurn);
    timer_.set(service_.next_deadline());
  }

  Loop& loop_;
  Service& service_;
  Timer timer_;
};

}  // namespace scache::server

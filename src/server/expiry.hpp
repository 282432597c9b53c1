// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "base/rooms.hpp"
#include "io/loop.hpp"
#include "server/service.hpp"

namespace scache::server {

// Expiry removes the expired entries of the cache, in slices. While all places for a goodbye are
// taken, expired entries wait for a limited time; lookups do not find them.
class Expiry {
 public:
  // Expired entries that are removed in one turn, about a millisecond of work.
  static constexpr std::size_t kExpiriesOfTurn = 128;

  // The longest wait of an expired entry for a place: as long as a goodbye usually takes at most,
  // so that a place becomes free. And the interval of the checks, short beside a round trip.
  static constexpr Duration kPatience = Goodbye::kWait;
  static constexpr Duration kRoomInterval = std::chrono::milliseconds{5};

  Expiry(Loop& loop, Service& service)
      : loop_{loop}, service_{service}, timer_{loop, [this] { expire(); }} {}
  Expiry(const Expiry&) = delete;
  Expiry& operator=(const Expiry&) = delete;

  // Call this before each wait of the loop.
  void before_wait() noexcept {
    // If the next deadline has moved to a later time, the timer adjusts when it fires.
    if (const Instant next = next_time(); next < timer_.deadline()) timer_.set(next);
  }

 private:
  void expire() noexcept {
    const Instant now = loop_.now();
    const bool is_patient = now < after(service_.next_deadline(), kPatience);
    const std::size_t most =
        is_patient ? std::min(kExpiriesOfTurn, service_.room_for_goodbyes()) : kExpiriesOfTurn;
    not_before_ = most == 0 ? after(now, kRoomInterval) : Instant::min();
    // An expired connection occupies its descriptor until the closer has closed it.
    if (!service_.is_closing()) service_.expire(now, most);
    timer_.set(next_time());
  }
  Instant next_time() const noexcept { return std::max(service_.next_deadline(), not_before_); }

  Loop& loop_;
  Service& service_;
  Timer timer_;
  Instant not_before_ = Instant::min();
};

}  // namespace scache::server

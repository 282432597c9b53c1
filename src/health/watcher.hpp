// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/intrusive/list.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "cache/observer.hpp"
#include "cache/position.hpp"
#include "cache/record.hpp"
#include "io/loop.hpp"

namespace scache::health {

// What has happened to a watched connection.
enum class Sign : std::uint8_t {
  // The peer has sent something.
  input,
  // The peer has closed its side, or the connection is closed.
  end,
};

// Keeper is the owner of the cache, as a Watcher sees it.
class Keeper {
 public:
  // Whether a connection may be removed: not while too many descriptors wait for close(2).
  virtual bool may_remove() const noexcept = 0;
  // Removes the connection at a position as dead. Returns false, and does nothing, if input is
  // allowed for it and it only has input.
  virtual bool remove(const Position& place, Sign sign) noexcept = 0;

 protected:
  ~Keeper() = default;
};

// Watcher watches the cached sockets and has those removed that end, or on which something arrives.
//
//   quiet -> watched -> signalled -> removed
//
// Watching begins after kQuiet without a use, so that a connection in frequent use costs no system
// call. It ends before the descriptor is sent to a client or closed: another process may have a
// copy of the descriptor, whose events epoll would go on to report. Each event is reported once.
//
// The slot of a connection has the number of its descriptor, of which the process has only one. The
// key of its events also has the lower half of its sequence, so that an event never belongs to
// another connection than the one that was watched.
class Watcher final : public CacheObserver, private EventTarget {
 public:
  // A connection that ends is removed within this time and a turn of the loop.
  static constexpr Duration kQuiet = std::chrono::milliseconds{50};
  // Connections that begin to be watched, and connections that are removed, in one turn: less than
  // a millisecond of work each.
  static constexpr std::size_t kBegunOfTurn = 256;
  static constexpr std::size_t kRemovedOfTurn = 128;

  Watcher(Loop& loop, Keeper& keeper, Log& log);
  ~Watcher() override;
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  void connection_saved(const ConnectionRecord& connection) noexcept override;
  void connection_claimed(const ConnectionRecord& connection) noexcept override;
  void connection_returned(const ConnectionRecord& connection) noexcept override;
  void connection_left(const ConnectionRecord& connection, Departure why) noexcept override;

 private:
  enum class State : std::uint8_t { unused, quiet, watched, signalled };

  struct Slot : boost::intrusive::list_base_hook<> {
    Position place{};
    // When watching begins.
    Instant due{};
    int descriptor = -1;
    // The lower half of the sequence.
    std::uint32_t sequence = 0;
    State state = State::unused;
    Sign sign = Sign::input;
  };
  using Queue = boost::intrusive::list<Slot, boost::intrusive::constant_time_size<false>>;

  void receive_event(std::uint64_t key, std::uint32_t events) noexcept override;
  void begin_quiet(const ConnectionRecord& connection) noexcept;
  void forget(const ConnectionRecord& connection) noexcept;
  void release(Slot& slot) noexcept;

  void run() noexcept;
  void begin_watching() noexcept;
  void remove_signalled() noexcept;
  void set_timer() noexcept;
  void warn(int error) noexcept;

  Loop& loop_;
  Keeper& keeper_;
  Log& log_;
  // By descriptor. A deque moves nothing when it grows.
  std::deque<Slot> slots_;
  // Oldest first. All wait for the same time, so the order is that of their deadlines.
  Queue quiet_;
  Queue signalled_;
  Timer timer_;
};

}  // namespace scache::health

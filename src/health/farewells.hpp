// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <boost/intrusive/list.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "health/goodbye.hpp"
#include "io/closer.hpp"
#include "io/loop.hpp"

namespace scache::health {

// Farewells are the connections that have left the cache and say goodbye:
//
//   the bytes are sent -> an answer or the end is awaited, for a limited time -> closed
//
// The loop watches a connection and never calls send(2) or recv(2): they take locks of the socket
// that a client can hold. The threads of the Closer send and read, and the Closer charges the time
// to the user that saved the connection.
//
// There is a fixed number of places. If all are taken, the user with the most gives up its oldest
// for a user with fewer, so that silent receivers of one user are in nobody's way.
class Farewells {
 public:
  enum class End : std::uint8_t {
    // The other side has answered, or closed its side.
    answered,
    // It did neither within the time limit, or as long as there was a place.
    unanswered,
  };
  using Ended = std::function<void(End)>;

  // `places` is the maximum number at once. `ended` must not throw. Throws std::bad_alloc.
  Farewells(Loop& loop, Closer& closer, std::size_t places, Ended ended);
  // Closes all connections without waiting for answers.
  ~Farewells() { end_all(); }
  Farewells(const Farewells&) = delete;
  Farewells& operator=(const Farewells&) = delete;

  // Whether a connection of this user may begin: see Closer::may_send().
  bool may_begin(uid_t user) noexcept;
  // Begins the goodbye of a connected socket, which it owns from then on. Returns false, and leaves
  // `fd` to the caller, if may_begin() is false or a system call fails.
  bool begin(Fd& fd, const Goodbye& goodbye, uid_t user) noexcept;

  // The connections that say goodbye, and the free places.
  std::size_t count() const noexcept { return count_; }
  std::size_t room() const noexcept { return farewells_.size() - count_; }
  // Closes all without waiting for answers.
  void end_all() noexcept;

 private:
  class Farewell final : public Waiter, public boost::intrusive::list_base_hook<> {
   public:
    explicit Farewell(Farewells& owner) : owner_{owner} {}
    ~Farewell() = default;

    Fd fd;
    uid_t user = 0;

   private:
    void wake(bool timed_out) noexcept override {
      owner_.end(*this, timed_out ? End::unanswered : End::answered);
    }

    Farewells& owner_;
  };
  using List = boost::intrusive::list<Farewell, boost::intrusive::constant_time_size<false>>;

  std::size_t count_of(uid_t user) const noexcept;
  // The oldest of the user with the most; null if no user has so many that a place for `user`
  // makes them more equal.
  Farewell* giver(uid_t user) noexcept;
  void end(Farewell& farewell, End how) noexcept;

  Loop& loop_;
  Closer& closer_;
  Ended ended_;
  std::deque<Farewell> farewells_;
  List free_;
  // Oldest first.
  List taken_;
  std::size_t count_ = 0;
};

}  // namespace scache::health

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "cache/claim.hpp"
#include "cache/observer.hpp"
#include "cache/position.hpp"
#include "cache/record.hpp"
#include "health/probe.hpp"
#include "io/answers.hpp"
#include "io/closer.hpp"
#include "io/loop.hpp"

namespace scache::health {

// ProbeKeeper is the owner of the cache, as a Prober sees it.
class ProbeKeeper {
 public:
  enum class Result : std::uint8_t { passed, wrong_answer, no_answer };

  // The probe of an endpoint; null if it has none. Valid until the next call.
  virtual const Probe* probe_for(std::string_view endpoint) const noexcept = 0;
  // The connection at a position; none if it no longer exists. Valid until the next change.
  virtual std::optional<ConnectionRecord> connection_at(const Position& place) const noexcept = 0;
  // Claims it.
  virtual std::optional<Claim> claim(const Position& place) noexcept = 0;
  // The connections of an endpoint that a lookup can find.
  virtual std::size_t idle_connections(std::string_view endpoint) const noexcept = 0;
  // A probe has ended.
  virtual void count_probe(Result result) noexcept = 0;

 protected:
  ~ProbeKeeper() = default;
};

// Prober probes connections that were not used for a time, and removes those that do not answer as
// they should:
//
//   idle -> claimed -> the request is sent -> the answer is read -> returned, or removed as dead
//
// A lookup does not find a connection that is claimed, so at most half of the connections of an
// endpoint are probed at once, or one. As with Farewells, the loop never calls send(2) or recv(2)
// on it: the threads of the Closer send and read.
class Prober final : public CacheObserver {
 public:
  // Connections that are probed at once: each is out of reach of lookups for a round trip. With an
  // answer after 20 milliseconds that is 1,600 probes in a second.
  static constexpr std::size_t kProbes = 32;
  // Probes that begin, or are postponed, in one turn.
  static constexpr std::size_t kBegunOfTurn = 64;
  // When a probe that cannot begin is tried again.
  static constexpr Duration kRetry = std::chrono::seconds{1};
  // The maximum time until a thread has sent the request: if all threads that the Closer may have
  // get stuck, it replaces each in this time. The time limit of the answer begins afterwards.
  static constexpr Duration kSendLimit = Closer::kMaxThreads * 2 * Closer::kLookEvery;

  // Throws std::bad_alloc.
  Prober(Loop& loop, Closer& closer, ProbeKeeper& keeper, Log& log);
  // Removes the connections that are probed: their answers are still to come.
  ~Prober() override;
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;

  void connection_saved(const ConnectionRecord& connection) noexcept override;
  void connection_claimed(const ConnectionRecord& connection) noexcept override;
  void connection_returned(const ConnectionRecord& connection) noexcept override;
  void connection_left(const ConnectionRecord& connection, Departure why) noexcept override;

  // Removes the connections that are being probed and match a predicate of a ConnectionRecord, as
  // withdrawn. Returns the number removed.
  template <typename Matches>
  std::size_t cancel(const Matches& matches) noexcept {
    std::size_t count = 0;
    for (auto each = taken_.begin(); each != taken_.end();) {
      Probing& probing = *each++;
      if (!matches(probing.claim->record())) continue;
      finish(probing, &Claim::withdraw);
      ++count;
    }
    if (count > 0) set_timer();
    return count;
  }

  // The connections that are probed at present.
  std::size_t count() const noexcept { return count_; }

 private:
  using Result = ProbeKeeper::Result;

  // A connection that waits for its probe. Its slot has the number of its descriptor.
  struct Slot : boost::intrusive::set_base_hook<> {
    Position place{};
    Instant due{};
    uid_t user = 0;
  };
  struct Earlier {
    bool operator()(const Slot& a, const Slot& b) const noexcept { return a.due < b.due; }
  };
  using Schedule = boost::intrusive::multiset<Slot, boost::intrusive::compare<Earlier>,
                                              boost::intrusive::constant_time_size<false>>;

  class Probing final : public Waiter, public boost::intrusive::list_base_hook<> {
   public:
    Probing(Prober& owner, std::uint32_t place) : number{place}, owner_{owner} {}
    ~Probing() = default;

    const std::uint32_t number;
    // How often it was used: an answer that comes too late has an earlier number.
    std::uint32_t turn = 0;
    std::optional<Claim> claim;
    Probe probe;
    std::string answer;
    uid_t user = 0;

   private:
    void wake(bool timed_out) noexcept override { owner_.woken(*this, timed_out); }

    Prober& owner_;
  };
  using List = boost::intrusive::list<Probing, boost::intrusive::constant_time_size<false>>;

  // Wakes the prober when a thread has read something.
  class Receiver final : public Waiter {
   public:
    explicit Receiver(Prober& owner) : owner_{owner} {}
    ~Receiver() = default;

   private:
    void wake(bool) noexcept override { owner_.take_answers(); }

    Prober& owner_;
  };

  static std::uint64_t key_of(const Probing& probing) noexcept {
    return std::uint64_t{probing.number} << 32 | probing.turn;
  }

  void schedule(const ConnectionRecord& connection) noexcept;
  void forget(const ConnectionRecord& connection) noexcept;
  void set_timer() noexcept;
  void run() noexcept;
  bool may_begin(const Slot& slot) const noexcept;
  // If a resource is missing, it returns the connection to the cache, or throws.
  void begin(Claim claim);
  void woken(Probing& probing, bool timed_out) noexcept;
  // Waits for input. Returns false if the loop cannot watch the connection.
  bool await(Probing& probing) noexcept;
  void take_answers() noexcept;
  void take_answer(Probing& probing, const Answers::Answer& answer);
  void take_bytes(Probing& probing, const Answers::Answer& answer);
  void end(Probing& probing, Result result) noexcept;
  // Frees the place and ends the claim in this way, or by default by returning the connection.
  void finish(Probing& probing, void (Claim::*how)() noexcept = nullptr) noexcept;

  Loop& loop_;
  Closer& closer_;
  ProbeKeeper& keeper_;
  Log& log_;
  // By descriptor. A deque moves nothing when it grows.
  std::deque<Slot> slots_;
  Schedule schedule_;
  std::deque<Probing> probings_;
  List free_;
  List taken_;
  std::size_t count_ = 0;
  // Made by the first probe.
  std::shared_ptr<Answers> answers_;
  Receiver receiver_{*this};
  Timer timer_;
};

}  // namespace scache::health

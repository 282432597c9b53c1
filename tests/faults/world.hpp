// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "faults/faults.hpp"
#include "faults/ledger.hpp"
#include "faults/visitor.hpp"
#include "io/closer.hpp"
#include "io/loop.hpp"
#include "server/server.hpp"
#include "server/service.hpp"
#include "support/fake_clock.hpp"

namespace scache::test {

// A log that keeps its lines; what it needs for that never fails.
class SafeLog final : public Log {
 public:
  void write(Severity, std::string_view text) noexcept override {
    const Unguarded unguarded;
    lines_.emplace_back(text);
  }
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::vector<std::string> lines_;
};

// World is a server on a real socket, with a clock that is moved by hand, and its visitors. The
// server's turns are guarded: faults befall it, and nobody else.
class World {
 public:
  // For a whole request; and the steps in which time passes, as long as the server pauses when it
  // cannot accept.
  static constexpr Duration kTimeLimit = std::chrono::seconds{1};
  static constexpr Duration kStep = Acceptor::kAcceptPause;
  // Turns that a server may take before it sleeps, for each visitor and step of time.
  static constexpr unsigned kMostTurns = 2'000;
  // How often server and visitors may take turns before both rest.
  static constexpr unsigned kMostRounds = 10'000;

  struct Settings {
    bool verbose = false;
    std::size_t clients = 64;
    std::size_t connections = 256;
  };

  World() : World{Settings{}} {}
  explicit World(const Settings& settings);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Visitor& invite(std::vector<Visitor::Request> requests);
  // Lets the server turn until it would sleep. A failure when it never does.
  void settle();
  // Lets server and visitors go on until nobody has anything to do.
  void run();
  // Lets time pass, in steps.
  void pass(Duration time);
  bool all_done() const;
  // Ends the server with all its clients, faults included.
  void end_server();

  // Connects a client.
  Fd connect();
  // Everybody leaves; everything that must be in the cache is, and nothing that must not be; all
  // of it expires; the descriptors are those from before. For when no fault is on any more.
  void audit();

  unsigned interruptions() const;
  unsigned refusals() const;
  // What visitors can be the reason of, on both sides; and what is open beyond an idle server's.
  std::size_t descriptors_of_visitors() const { return 2 * visitors_.size() + 2 * ledger.size(); }
  std::size_t descriptors_opened() const { return open_descriptors() - descriptors_; }

  SafeLog log;
  FakeClock clock;
  Ledger ledger;

  Cache const& cache() const { return service_.cache(); }
  Server& server() { return *server_; }

 private:
  void start();

  std::unique_ptr<Loop> loop_;
  Closer closer_{Closer::kMaxThreads, &start_thread};
  Fd listening_;
  Service service_;
  const ListenPolicy policy_{
      .time_limit = kTimeLimit, .ttl_limit = std::chrono::seconds{1'000}, .source = "socket"};
  std::unique_ptr<Server> server_;
  std::vector<std::unique_ptr<Visitor>> visitors_;
  std::size_t descriptors_ = 0;
};

}  // namespace scache::test

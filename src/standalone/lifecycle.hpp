// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "base/clock.hpp"
#include "base/rooms.hpp"
#include "base/user_namespace.hpp"
#include "io/loop.hpp"
#include "server/capacity.hpp"
#include "server/last_goodbyes.hpp"
#include "server/server.hpp"
#include "server/service.hpp"
#include "server/statistics_report.hpp"
#include "standalone/configuration_file.hpp"
#include "standalone/listeners.hpp"
#include "standalone/notifier.hpp"
#include "standalone/server_log.hpp"

namespace scache::standalone {

// Lifecycle takes scached through its states:
//
//   starting -> serving -> draining -> leaving -> stopped
//
// While it serves, it applies a changed configuration, creates lost sockets again, and reports to
// the service manager. While it drains, the sockets are closed, and clients with unfinished
// requests have kDrainTime to finish them. While it leaves, the cached connections say goodbye, for
// at most kGoodbyeTime. It stops the loop when it is stopped.
class Lifecycle {
 public:
  enum class State : std::uint8_t { starting, serving, draining, leaving, stopped };

  // Time limit for unfinished requests while it drains.
  static constexpr Duration kDrainTime = std::chrono::seconds{5};
  // Time limit for all goodbyes: that of one, so that a restart takes no longer than an answer may.
  static constexpr Duration kGoodbyeTime = Goodbye::kWait;
  // Interval between two checks that the sockets are still in the file system.
  static constexpr Duration kSocketInterval = std::chrono::seconds{5};

  // What it works on. All of it must outlive the Lifecycle.
  struct Parts {
    Loop& loop;
    Service& service;
    Server& server;
    StatisticsReport& report;
    ServerLog& log;
    Notifier& notifier;
    // A reload changes these in place.
    Configuration& configuration;
    // Their policies are set.
    Listeners& listeners;
  };
  struct Settings {
    Capacity capacity;
    OverflowIds overflow{};
    // Interval of the messages to the watchdog of the service manager.
    std::optional<Duration> watchdog{};
    // Reads the configuration again.
    std::function<Reading()> configure;
  };

  Lifecycle(const Parts& parts, Settings settings);
  Lifecycle(const Lifecycle&) = delete;
  Lifecycle& operator=(const Lifecycle&) = delete;

  // Begins to serve.
  void start();
  // SIGHUP reloads while it serves, and has no effect otherwise. Any other signal drains, and stops
  // at once if it is draining or leaving already.
  void handle_signal(int number);

  State state() const noexcept { return state_; }
  // EXIT_FAILURE if it has lost a socket and cannot create it again.
  int exit_status() const noexcept { return exit_status_; }

 private:
  void reload_or_log() noexcept;
  void reload();
  void apply(Configuration configuration);
  void drain();
  void leave();
  void stop() noexcept;
  void keep_sockets();

  Parts parts_;
  Settings settings_;
  // The limits and the sockets stay as they were at the start.
  const Configuration at_start_;
  State state_ = State::starting;
  int exit_status_;
  LastGoodbyes goodbyes_;
  Timer late_;
  Timer socket_check_;
  Timer watchdog_;
};

}  // namespace scache::standalone

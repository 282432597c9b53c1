// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/fd.hpp"

namespace scache::standalone {

// Notifier sends the state of the server to the service manager, one datagram for each change, to
// the socket in NOTIFY_SOCKET (sd_notify(3)). Without that variable it does nothing. Never blocks.
class Notifier {
 public:
  // `address` is a path, or `@` and a name in the abstract namespace.
  explicit Notifier(std::string_view address);
  // Reads and unsets NOTIFY_SOCKET.
  static Notifier from_environment();

  void ready() noexcept { send("READY=1"); }
  void alive() noexcept { send("WATCHDOG=1"); }
  void stopping() noexcept { send("STOPPING=1"); }
  // Must be followed by ready() after the reload.
  void reloading(std::uint64_t monotonic_microseconds) noexcept;

 private:
  void send(std::string_view state) noexcept;

  std::string address_;
  Fd socket_;
};

// CLOCK_MONOTONIC in microseconds.
std::uint64_t monotonic_microseconds() noexcept;

// The interval for calls of alive(): half of WATCHDOG_USEC, if WATCHDOG_PID is this process or is
// unset. A null pointer is an unset variable.
std::optional<Duration> watchdog_interval(const char* microseconds, const char* process,
                                          pid_t own) noexcept;
// Reads and unsets both variables.
std::optional<Duration> watchdog_interval_from_environment();

// Writes a newline to the descriptor for a supervisor, and closes it. False if the write fails.
bool notify_ready(Fd descriptor) noexcept;

}  // namespace scache::standalone

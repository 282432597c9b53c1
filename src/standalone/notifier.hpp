#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/fd.hpp"

namespace scache::standalone {

// Notifier tells the service manager how the server stands: one datagram for each change, to the
// socket that NOTIFY_SOCKET names. Without one it tells nobody. Never blocks.
class Notifier {
 public:
  // `address` is a path, or a name of the abstract namespace behind `@`.
  explicit Notifier(std::string_view address);
  // Takes NOTIFY_SOCKET out of the environment.
  static Notifier from_environment();

  void ready() noexcept { send("READY=1"); }
  void alive() noexcept { send("WATCHDOG=1"); }
  void stopping() noexcept { send("STOPPING=1"); }
  // `monotonic` is CLOCK_MONOTONIC's time. Followed by ready() when the new configuration holds.
  void reloading(std::uint64_t monotonic_microseconds) noexcept;

 private:
  void send(std::string_view state) noexcept;

  std::string address_;
  Fd socket_;
};

// CLOCK_MONOTONIC in microseconds.
std::uint64_t monotonic_microseconds() noexcept;

// How often alive() is to be called: half of WATCHDOG_USEC, where WATCHDOG_PID names this process
// or nobody. Null pointers are unset variables.
std::optional<Duration> watchdog_interval(const char* microseconds, const char* process,
                                          pid_t own) noexcept;
// The same from the environment, which loses both.
std::optional<Duration> watchdog_interval_from_environment();

// For supervisors that wait for a newline on a descriptor: writes it, and closes the descriptor.
// False where it cannot be written.
bool tell_ready(Fd descriptor) noexcept;

}  // namespace scache::standalone

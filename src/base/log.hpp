// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string_view>
#include <utility>

#include "base/clock.hpp"
#include "base/log_limit.hpp"
#include "base/rooms.hpp"

namespace scache::base {

// The severity of a log line. The format of the log determines its spelling.
enum class Severity : std::uint8_t { info, warning, error, fatal, panic };

// Log is the interface of a log. Implementations never throw and never block. One thread.
class Log {
 public:
  virtual ~Log() = default;

  // Writes one line; `text` has no newline at its end. The implementation replaces bytes that are
  // not printable.
  virtual void write(Severity severity, std::string_view text) noexcept = 0;
  // Waits, for a limited time, until all lines are written. Called before the process ends.
  virtual void flush() noexcept {}

  // Whether details of each request are logged (-v).
  bool verbose() const noexcept { return verbose_; }
  void set_verbose(bool verbose) noexcept { verbose_ = verbose; }

  // Writes a line if details are logged. Out of memory, the line is lost.
  template <typename... Arguments>
  void detail(fmt::format_string<Arguments...> text, Arguments&&... arguments) noexcept {
    if (verbose_) say(Severity::info, text, std::forward<Arguments>(arguments)...);
  }

  template <typename... Arguments>
  void warn(fmt::format_string<Arguments...> text, Arguments&&... arguments) noexcept {
    say(Severity::warning, text, std::forward<Arguments>(arguments)...);
  }

  // Writes a warning that a client has caused, within the limit of its kind.
  template <typename... Arguments>
  void warn(LogKind kind, Instant now, fmt::format_string<Arguments...> text,
            Arguments&&... arguments) noexcept {
    log_left_out(now);
    if (limit_.admits(kind, now)) warn(text, std::forward<Arguments>(arguments)...);
  }

  // Reports how many lines were left out in periods that are over.
  void log_left_out(Instant now) noexcept {
    while (now >= next_count() && next_count() != kNever) {
      const LogLimit::LeftOut counted = limit_.take_due(now);
      warn("{}: {} more lines are left out", LogLimit::name(counted.kind), counted.lines);
    }
  }
  // When the next report is due.
  Instant next_count() const noexcept { return limit_.next_due(); }

 private:
  template <typename... Arguments>
  void say(Severity severity, fmt::format_string<Arguments...> text,
           Arguments&&... arguments) noexcept {
    try {
      write(severity, fmt::format(text, std::forward<Arguments>(arguments)...));
    } catch (...) {
    }
  }

  bool verbose_ = false;
  LogLimit limit_;
};

}  // namespace scache::base

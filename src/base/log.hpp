#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string_view>
#include <utility>

#include "base/clock.hpp"
#include "base/log_limit.hpp"
#include "base/rooms.hpp"

namespace scache::base {

// How grave a log line is. The log's own format decides how each is spelt.
enum class Severity : std::uint8_t { info, warning, error, fatal, panic };

// Log is where lines go. Implementations never throw and never block; one thread.
class Log {
 public:
  virtual ~Log() = default;

  // Writes one line, without a newline at its end. Bytes that are not printable ASCII are the
  // implementation's business: the caller passes what it has.
  virtual void write(Severity severity, std::string_view text) noexcept = 0;
  // Waits for what is written to arrive, but not for long: before the process ends.
  virtual void flush() noexcept {}

  // Whether details of each request are wanted (-v).
  bool verbose() const noexcept { return verbose_; }
  void set_verbose(bool verbose) noexcept { verbose_ = verbose; }

  // Writes a detail where details are wanted. Without memory it goes unsaid.
  template <typename... Arguments>
  void detail(fmt::format_string<Arguments...> text, Arguments&&... arguments) noexcept {
    if (verbose_) say(Severity::info, text, std::forward<Arguments>(arguments)...);
  }

  template <typename... Arguments>
  void warn(fmt::format_string<Arguments...> text, Arguments&&... arguments) noexcept {
    say(Severity::warning, text, std::forward<Arguments>(arguments)...);
  }

  // Warns of what a client has caused, unless there are too many lines of this kind already.
  template <typename... Arguments>
  void warn(LogKind kind, Instant now, fmt::format_string<Arguments...> text,
            Arguments&&... arguments) noexcept {
    tell_left_out(now);
    if (limit_.admits(kind, now)) warn(text, std::forward<Arguments>(arguments)...);
  }

  // Tells how many of such lines were left out in periods that are over, and when the next is.
  void tell_left_out(Instant now) noexcept {
    while (now >= next_count() && next_count() != kNever) {
      const LogLimit::LeftOut counted = limit_.take_due(now);
      warn("{}: {} more lines are left out", LogLimit::name(counted.kind), counted.lines);
    }
  }
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

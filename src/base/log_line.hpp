// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <string_view>

#include "base/log.hpp"
#include "base/rooms.hpp"

namespace scache::base {

// The text of a line is truncated to this many bytes, as in Postfix.
inline constexpr std::size_t kMaxLogText = 2000;
// A tag or a host name is truncated to this, so that the text always fits.
inline constexpr std::size_t kMaxLogName = 512;

// Which bytes of a text are shown. The others become `?`, so that a text cannot break the line.
enum class LogText : std::uint8_t {
  // Printable ASCII.
  ascii,
  // Also UTF-8 as Postfix shows it: every sequence that has the form of a multibyte character.
  postfix_utf8,
  // Also valid UTF-8, except line separators, terminal controls (C1) and bidirectional controls.
  utf8,
};

// LogLine formats one line of the mail log in a buffer of its own, without allocation, locale or
// lock, so that a signal handler may use it. It truncates what does not fit.
class LogLine {
 public:
  std::string_view view() const noexcept { return {buffer_.data(), size_}; }

  LogLine& append(std::string_view text) noexcept;
  LogLine& append(long number) noexcept;

  // Appends `Nov 21 22:24:18 `: the time `now` at `utc_offset` seconds east of UTC. `fill` pads a
  // one-digit day: a blank for syslog, a zero for postlog.
  LogLine& append_time(std::time_t now, long utc_offset, char fill) noexcept;

  // Appends the severity as Postfix spells it, and the bytes of the text that `show` allows.
  LogLine& append_text(Severity severity, std::string_view text, LogText show) noexcept;

 private:
  void append_two_digits(unsigned number, char fill) noexcept;

  // The longest line: two names, a text, and the time and punctuation around them.
  std::array<char, kMaxLogText + 2 * kMaxLogName + 128> buffer_;
  std::size_t size_ = 0;
};

}  // namespace scache::base

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <string_view>

#include "base/log.hpp"
#include "base/rooms.hpp"

namespace scache::base {

// A text of the log is cut after this many bytes, as Postfix cuts it.
inline constexpr std::size_t kMaxLogText = 2000;
// A tag or a host name longer than this is cut, so that the text always has room.
inline constexpr std::size_t kMaxLogName = 512;

// Which bytes of a text are shown; the others become `?`, so that a line is one line.
enum class LogText : std::uint8_t {
  // Printable ASCII.
  ascii,
  // And UTF-8 as Postfix shows it: whatever looks like a character of several bytes.
  postfix_utf8,
  // And characters of valid UTF-8, but for those that end a line, command a terminal or turn the
  // direction of writing.
  utf8,
};

// LogLine puts one line of the mail log together in a buffer of its own: no allocation, no locale,
// no lock, so that a signal handler may use it. What does not fit is left out.
class LogLine {
 public:
  std::string_view view() const noexcept { return {buffer_.data(), size_}; }

  LogLine& append(std::string_view text) noexcept;
  LogLine& append(long number) noexcept;

  // `Nov 21 22:24:18 `, the moment `now` as a clock `utc_offset` seconds east of Greenwich shows
  // it. A day of one digit is filled up with `fill`: a blank for syslog, a zero for postlog.
  LogLine& append_time(std::time_t now, long utc_offset, char fill) noexcept;

  // The severity as Postfix spells it, and what is shown of the text.
  LogLine& append_text(Severity severity, std::string_view text, LogText show) noexcept;

 private:
  void append_two_digits(unsigned number, char fill) noexcept;

  // The longest line: two names, a text, and what stands around them.
  std::array<char, kMaxLogText + 2 * kMaxLogName + 128> buffer_;
  std::size_t size_ = 0;
};

}  // namespace scache::base

// SPDX-License-Identifier: Apache-2.0
// A line of the mail log, put together the way syslog and postlog get it. The first eleven bytes of
// an input are the severity, whether UTF-8 may be shown, the time, and how long the tag is.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <string>
#include <string_view>

#include "base/log_line.hpp"
#include "require.hpp"
#include "target.hpp"

namespace scache::fuzz {
namespace {

void check_time(std::time_t now, long offset, char fill) {
  LogLine line;
  line.append_time(now, offset, fill);
  const std::time_t local = now + offset;
  std::tm fields{};
  ::gmtime_r(&local, &fields);
  std::array<char, 64> expected{};
  std::strftime(expected.data(), expected.size(), fill == ' ' ? "%b %e %T " : "%b %d %T ", &fields);
  require(line.view() == expected.data(), "the time is the system's");
}

void check_text(std::string_view line, std::string_view text, std::size_t prefix, LogText show) {
  const std::size_t shown = std::min(text.size(), kMaxLogText);
  require(line.size() == prefix + shown, "a text is as long as it is, or as it may be");
  for (std::size_t i = 0; i < shown; ++i) {
    const auto byte = static_cast<unsigned char>(line[prefix + i]);
    const bool printable = byte >= 0x20 && byte < 0x7f;
    const bool utf8 = show != LogText::ascii && byte >= 0x80;
    require(printable || utf8, "no byte of a line can harm a terminal");
    require(show != LogText::utf8 || byte != 0xc2 ||
                static_cast<unsigned char>(line[prefix + i + 1]) >= 0xa0,
            "no character of a line can command a terminal");
    require(byte == '?' || line[prefix + i] == text[i], "a byte that is shown is itself");
  }
}

void run(std::string_view input) {
  constexpr std::size_t kHead = 11;
  if (input.size() < kHead) return;
  constexpr std::array<std::size_t, 5> kPrefix{0, 9, 7, 7, 7};
  const auto severity = static_cast<unsigned char>(input[0]) % kPrefix.size();
  const bool utf8 = (input[1] & 1) != 0;
  const LogText show = !utf8                 ? LogText::ascii
                       : (input[1] & 2) != 0 ? LogText::utf8
                                             : LogText::postfix_utf8;
  std::int64_t now = 0;
  std::memcpy(&now, &input[2], sizeof now);
  // As far as a year has four digits.
  now %= 253'402'300'800 - 86'400;
  const long offset = static_cast<signed char>(input[1]) * 900L;
  const auto tag_size = static_cast<unsigned char>(input[10]) * 8U;
  const std::string_view rest = input.substr(kHead);
  const std::string_view tag = rest.substr(0, tag_size);
  const std::string_view text = rest.substr(tag.size());

  check_time(now, offset, utf8 ? ' ' : '0');
  LogLine shown;
  shown.append_text(static_cast<Severity>(severity), text, show);
  check_text(shown.view(), text, kPrefix[severity], show);

  // What does not fit is left out, whatever comes how often.
  LogLine line;
  for (int i = 0; i < 4; ++i) {
    const std::size_t before = line.view().size();
    line.append(tag).append("[").append(static_cast<long>(now)).append("]: ");
    line.append_text(static_cast<Severity>(severity), text, show);
    require(line.view().size() >= before, "a line only grows");
    require(line.view().size() <= sizeof line, "a line has its limit");
  }
}

}  // namespace
}  // namespace scache::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  scache::fuzz::run({reinterpret_cast<const char*>(data), size});
  return 0;
}

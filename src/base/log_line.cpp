// SPDX-License-Identifier: Apache-2.0
#include "base/log_line.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstring>

namespace scache::base {
namespace {

constexpr std::array<std::string_view, 5> kSeverityPrefix = {
    "", "warning: ", "error: ", "fatal: ", "panic: "};
constexpr std::array<std::string_view, 12> kMonth = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

bool printable(unsigned char byte) {
  return byte >= 0x20 && byte < 0x7f;
}
bool starts_utf8(unsigned char byte) {
  return byte >= 0xc2 && byte <= 0xfe;
}
bool continues_utf8(unsigned char byte) {
  return byte >= 0x80 && byte < 0xc0;
}

// Line separators, terminal controls (C1) and bidirectional controls.
bool is_harmful(char32_t character) {
  return character < 0xa0 || character == 0x61c || (character >= 0x200e && character <= 0x200f) ||
         (character >= 0x2028 && character <= 0x202e) ||
         (character >= 0x2066 && character <= 0x2069);
}

// The size of the harmless multibyte UTF-8 character at the start of a text; 0 if there is none.
std::size_t harmless_character(std::string_view text) {
  constexpr std::array<char32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
  const auto first = static_cast<unsigned char>(text[0]);
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (!starts_utf8(first) || first > 0xf4 || text.size() < size) return 0;
  char32_t character = first & (0xffU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (!continues_utf8(byte)) return 0;
    character = character << 6 | (byte & 0x3fU);
  }
  const bool is_surrogate = character >= 0xd800 && character <= 0xdfff;
  const bool is_valid = character >= kSmallest[size] && character <= 0x10ffff && !is_surrogate;
  return is_valid && !is_harmful(character) ? size : 0;
}

}  // namespace

LogLine& LogLine::append(std::string_view text) noexcept {
  const std::size_t count = std::min(text.size(), buffer_.size() - size_);
  if (count != 0) std::memcpy(buffer_.data() + size_, text.data(), count);
  size_ += count;
  return *this;
}

LogLine& LogLine::append(long number) noexcept {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  return append(std::string_view{digits.data(), static_cast<std::size_t>(end - digits.data())});
}

void LogLine::append_two_digits(unsigned number, char fill) noexcept {
  const std::array<char, 2> digits = {number < 10 ? fill : static_cast<char>('0' + number / 10),
                                      static_cast<char>('0' + number % 10)};
  append(std::string_view{digits.data(), digits.size()});
}

LogLine& LogLine::append_time(std::time_t now, long utc_offset, char fill) noexcept {
  using namespace std::chrono;
  const sys_seconds local{seconds{now + utc_offset}};
  const sys_days day = floor<days>(local);
  const year_month_day date{day};
  const auto second_of_day = static_cast<unsigned>((local - day).count());
  append(kMonth[static_cast<unsigned>(date.month()) - 1]).append(" ");
  append_two_digits(static_cast<unsigned>(date.day()), fill);
  append(" ");
  append_two_digits(second_of_day / 3600, '0');
  append(":");
  append_two_digits(second_of_day / 60 % 60, '0');
  append(":");
  append_two_digits(second_of_day % 60, '0');
  return append(" ");
}

LogLine& LogLine::append_text(Severity severity, std::string_view text, LogText show) noexcept {
  append(kSeverityPrefix[static_cast<std::size_t>(severity)]);
  std::array<char, kMaxLogText> shown;
  const std::size_t size = std::min(text.size(), shown.size());
  std::size_t character_end = 0;
  // Postfix checks the text before it truncates it: a byte after the cut may decide whether the
  // last one shown begins a UTF-8 character.
  const auto byte_at = [&](std::size_t at) {
    return at < text.size() ? static_cast<unsigned char>(text[at]) : static_cast<unsigned char>(0);
  };
  bool inside_character = false;
  for (std::size_t at = 0; at < size; ++at) {
    const unsigned char byte = byte_at(at);
    inside_character = inside_character && continues_utf8(byte);
    if (show == LogText::postfix_utf8 && starts_utf8(byte) && continues_utf8(byte_at(at + 1))) {
      inside_character = true;
    }
    if (show == LogText::utf8 && at >= character_end) {
      character_end = at + harmless_character(text.substr(at, size - at));
    }
    shown[at] = printable(byte) || inside_character || at < character_end ? text[at] : '?';
  }
  return append(std::string_view{shown.data(), size});
}

}  // namespace scache::base

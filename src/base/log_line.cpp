#include "base/log_line.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstring>

namespace scache {
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

LogLine& LogLine::append_text(Severity severity, std::string_view text, bool utf8) noexcept {
  append(kSeverityPrefix[static_cast<std::size_t>(severity)]);
  std::array<char, kMaxLogText> shown;
  const std::size_t size = std::min(text.size(), shown.size());
  // Postfix checks the whole text before it cuts it: a byte past the cut may still say that the
  // last one shown begins a UTF-8 character.
  const auto byte_at = [&](std::size_t at) {
    return at < text.size() ? static_cast<unsigned char>(text[at]) : static_cast<unsigned char>(0);
  };
  bool inside_character = false;
  for (std::size_t at = 0; at < size; ++at) {
    const unsigned char byte = byte_at(at);
    inside_character = inside_character && continues_utf8(byte);
    if (utf8 && starts_utf8(byte) && continues_utf8(byte_at(at + 1))) inside_character = true;
    shown[at] = printable(byte) || inside_character ? text[at] : '?';
  }
  return append(std::string_view{shown.data(), size});
}

}  // namespace scache

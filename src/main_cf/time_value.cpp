// SPDX-License-Identifier: Apache-2.0
// A time in main.cf.
//
//   time = space* sign? digit* unit?        unit = "s" | "m" | "h" | "d" | "w"
//
// The number is decimal and must not be negative. No digits mean zero, so `s` is valid. Only the
// first letter after the number counts: `5spam` is five seconds, and so is `5s5h`. The unit is
// case-sensitive and must follow without a blank. The seconds must fit an int, and the number must
// be less than the largest int divided by its unit (except for seconds).
#include "main_cf/time_value.hpp"

#include <cerrno>
#include <cstdlib>
#include <limits>

namespace scache::main_cf {
namespace {

std::optional<int> seconds_in(char unit) {
  switch (unit) {
    case 's':
      return 1;
    case 'm':
      return 60;
    case 'h':
      return 60 * 60;
    case 'd':
      return 24 * 60 * 60;
    case 'w':
      return 7 * 24 * 60 * 60;
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<std::chrono::seconds> parse_time(const std::string& text, char default_unit) {
  constexpr int kLargest = std::numeric_limits<int>::max();
  if (text.empty()) return std::nullopt;
  char* end = nullptr;
  errno = 0;
  const long number = std::strtol(text.c_str(), &end, 10);
  if (errno == ERANGE || number < 0 || number > kLargest) return std::nullopt;
  const auto unit = seconds_in(*end == '\0' ? default_unit : *end);
  if (!unit) return std::nullopt;
  if (*unit > 1 && number >= kLargest / *unit) return std::nullopt;
  return std::chrono::seconds{number * *unit};
}

}  // namespace scache::main_cf

// SPDX-License-Identifier: Apache-2.0
// The numbers of main.cf, of master's environment and of the wire, held against a reading that
// knows no strtol().
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "main_cf/compatibility_level.hpp"
#include "main_cf/time_value.hpp"
#include "postfix/master.hpp"
#include "require.hpp"
#include "target.hpp"
#include "wire/postfix_codec.hpp"

namespace scache::fuzz {
namespace {

__extension__ using Wide = __int128;

constexpr Wide kLongMin = std::numeric_limits<long>::min();
constexpr Wide kLongMax = std::numeric_limits<long>::max();

struct Number {
  Wide value = 0;
  bool any = false;
  // What stands behind it.
  std::string_view rest;
};

// A decimal number with white space and a sign before it.
Number number_at(std::string_view text) {
  const std::size_t blanks = std::min(text.find_first_not_of(" \t\n\v\f\r"), text.size());
  std::string_view rest = text.substr(blanks);
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  Number number;
  while (!rest.empty() && rest.front() >= '0' && rest.front() <= '9') {
    // Far beyond every type it stays where it is.
    if (number.value < kLongMax * 4) number.value = number.value * 10 + (rest.front() - '0');
    number.any = true;
    rest.remove_prefix(1);
  }
  if (negative) number.value = -number.value;
  number.rest = number.any ? rest : text;
  return number;
}

std::optional<std::int64_t> expected_time(std::string_view text, char default_unit) {
  if (text.empty()) return std::nullopt;
  constexpr Wide kMost = std::numeric_limits<int>::max();
  const Number number = number_at(text);
  if (number.value < 0 || number.value > kMost) return std::nullopt;
  const char unit = number.rest.empty() ? default_unit : number.rest.front();
  Wide seconds = 0;
  if (unit == 's') seconds = 1;
  if (unit == 'm') seconds = 60;
  if (unit == 'h') seconds = 3'600;
  if (unit == 'd') seconds = 86'400;
  if (unit == 'w') seconds = 604'800;
  if (seconds == 0 || (seconds > 1 && number.value >= kMost / seconds)) return std::nullopt;
  return static_cast<std::int64_t>(number.value * seconds);
}

void check_time(const std::string& text) {
  for (const char unit : {'s', 'm', 'h', 'd', 'w', 'x'}) {
    const auto time = main_cf::parse_time(text, unit);
    const auto expected = expected_time(text, unit);
    require(time.has_value() == expected.has_value(), "a time is one");
    if (time) require(time->count() == *expected, "a time is what it says");
  }
}

void check_level(const std::string& text) {
  const auto level = main_cf::parse_compatibility_level(text);
  std::string_view rest = text;
  long expected = 0;
  bool good = false;
  for (int part = 0; part < 3; ++part) {
    const Number number = number_at(rest);
    const Wide most = part == 0 ? kLongMax >> 20 : 1'023;
    if (!number.any || number.value < 0 || number.value > most) break;
    expected |= static_cast<long>(number.value) << (20 - 10 * part);
    rest = number.rest;
    good = rest.empty();
    if (good || !rest.starts_with('.')) break;
    rest.remove_prefix(1);
  }
  require(level.has_value() == good, "a level is one");
  if (good) require(*level == expected, "a level is what it says");
}

void check_wire(std::string_view text) {
  const auto read = postfix_codec::read_number(text);
  const Number number = number_at(text);
  const bool good = number.any && number.rest.empty();
  require(read.has_value() == good, "a number is one");
  if (!good) return;
  const Wide held = std::clamp(number.value, kLongMin, kLongMax);
  const auto low = static_cast<std::uint32_t>(static_cast<std::uint64_t>(held));
  require(*read == static_cast<std::int32_t>(low), "a number is what it says");
}

void run(std::string_view input) {
  // Nothing that is read here can hold a NUL; the wire's numbers may hold anything else.
  const std::string text{input.substr(0, input.find('\0'))};
  check_time(text);
  check_level(text);
  check_wire(text);
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  require(postfix::parse_generation(text).has_value() == digits, "a generation is one");
}

}  // namespace
}  // namespace scache::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  scache::fuzz::run({reinterpret_cast<const char*>(data), size});
  return 0;
}

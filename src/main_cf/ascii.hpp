// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/rooms.hpp"

// Character classes of main.cf: ASCII only, independent of the locale.
namespace scache::main_cf {

inline constexpr std::string_view kSpaces = " \t\n\v\f\r";

constexpr bool is_space(char c) {
  return kSpaces.contains(c);
}
constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_alphanumeric(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

}  // namespace scache::main_cf

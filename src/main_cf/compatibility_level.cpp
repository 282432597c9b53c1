// SPDX-License-Identifier: Apache-2.0
#include "main_cf/compatibility_level.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <limits>

namespace scache::main_cf {
namespace {

// The minor and the patch level have ten bits each; the major level has the others.
constexpr int kBits = 10;
constexpr long kMaxMajor = std::numeric_limits<long>::max() >> (2 * kBits);
constexpr long kMaxMinor = (1L << kBits) - 1;

}  // namespace

std::optional<long> parse_compatibility_level(const std::string& text) {
  const char* rest = text.c_str();
  std::array<long, 3> parts{};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    char* end = nullptr;
    errno = 0;
    parts[i] = std::strtol(rest, &end, 10);
    const bool number = end != rest && errno != ERANGE && parts[i] >= 0 &&
                        parts[i] <= (i == 0 ? kMaxMajor : kMaxMinor);
    if (!number) return std::nullopt;
    if (*end == '\0') return parts[0] << (2 * kBits) | parts[1] << kBits | parts[2];
    if (*end != '.') return std::nullopt;
    rest = end + 1;
  }
  return std::nullopt;
}

}  // namespace scache::main_cf

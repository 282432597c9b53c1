// SPDX-License-Identifier: Apache-2.0
#include "base/user_namespace.hpp"

#include <cstdint>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>

namespace scache::base {
namespace {

// The kernel's default.
constexpr std::uint32_t kUsualId = 65'534;

std::string text_of(const char* file) {
  std::ifstream stream{file};
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

std::optional<std::uint32_t> overflow_id(const char* map, const char* number) {
  if (maps_every_id(text_of(map))) return std::nullopt;
  std::uint32_t id = kUsualId;
  std::istringstream{text_of(number)} >> id;
  return id;
}

}  // namespace

OverflowIds overflow_ids() {
  return {.user = overflow_id("/proc/self/uid_map", "/proc/sys/kernel/overflowuid"),
          .group = overflow_id("/proc/self/gid_map", "/proc/sys/kernel/overflowgid")};
}

bool maps_every_id(std::string_view map) {
  std::istringstream lines{std::string{map}};
  std::uint64_t inside = 0;
  std::uint64_t outside = 0;
  std::uint64_t count = 0;
  std::uint64_t mapped = 0;
  // The ranges do not overlap.
  while (lines >> inside >> outside >> count) mapped += count;
  // The last id, -1, is not a valid id.
  return mapped >= std::numeric_limits<std::uint32_t>::max();
}

}  // namespace scache::base

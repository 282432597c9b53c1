// SPDX-License-Identifier: Apache-2.0
#include "base/duration_text.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <system_error>

namespace scache::base {
namespace {

struct Unit {
  std::string_view name;
  Duration length;
};

constexpr std::array<Unit, 5> kUnits{{{"d", std::chrono::days{1}},
                                      {"h", std::chrono::hours{1}},
                                      {"m", std::chrono::minutes{1}},
                                      {"s", std::chrono::seconds{1}},
                                      {"ms", std::chrono::milliseconds{1}}}};

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) noexcept {
  std::uint64_t count = 0;
  const char* const end = text.data() + text.size();
  const auto [behind, error] = std::from_chars(text.data(), end, count);
  if (error != std::errc{}) return std::nullopt;
  const std::string_view name{behind, static_cast<std::size_t>(end - behind)};
  for (const Unit& unit : kUnits) {
    if (unit.name != name) continue;
    if (count > static_cast<std::uint64_t>(Duration::max() / unit.length)) return std::nullopt;
    return unit.length * static_cast<Duration::rep>(count);
  }
  return std::nullopt;
}

std::string show_duration(Duration time) {
  if (time == Duration::zero()) return "0s";
  for (const Unit& unit : kUnits) {
    if (time % unit.length == Duration::zero()) {
      return fmt::format("{}{}", time / unit.length, unit.name);
    }
  }
  return fmt::format("{}ms", time / std::chrono::milliseconds{1});
}

}  // namespace scache::base

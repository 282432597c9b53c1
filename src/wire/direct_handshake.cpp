// SPDX-License-Identifier: Apache-2.0
#include "wire/direct_handshake.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "wire/attribute_writer.hpp"
#include "wire/direct_frame.hpp"

namespace scache::wire::direct {
namespace {

constexpr std::string_view kVersionName = "version";

// The strings of the list are a value, then pairs of a name and a value.
std::optional<std::uint32_t> version_in(const AttributeReader& list) noexcept {
  for (std::size_t at = 1; at + 1 < list.count(); at += 2) {
    if (list.string(at) != kVersionName) continue;
    const std::string_view text = list.string(at + 1);
    std::uint32_t version = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
    if (error != std::errc{} || end != text.data() + text.size() || version == 0) break;
    return version;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::uint32_t> agreed_version(const AttributeReader& list) noexcept {
  const auto version = version_in(list);
  if (!version) return std::nullopt;
  return std::min(*version, kVersion);
}

void put_agreement(std::string& out, std::uint32_t version) {
  AttributeWriter{out}
      .put("status", "0")
      .put(kVersionName, std::to_string(version))
      .put("capabilities", kCapabilities)
      .end();
}

void put_wish(std::string& out) {
  AttributeWriter{out}.put("request", kDirect).put(kVersionName, std::to_string(kVersion)).end();
}

std::optional<std::uint32_t> version_of_answer(const AttributeReader& list) noexcept {
  if (list.count() == 0 || list.string(0) != "0") return std::nullopt;
  const auto version = version_in(list);
  return version && *version <= kVersion ? version : std::nullopt;
}

}  // namespace scache::wire::direct

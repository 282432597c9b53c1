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
constexpr std::string_view kErrorName = "error";
constexpr std::string_view kReasonName = "reason";

// The strings of the list are a value, then pairs of a name and a value.
std::optional<std::string_view> value_in(const AttributeReader& list,
                                         std::string_view name) noexcept {
  for (std::size_t at = 1; at + 1 < list.count(); at += 2) {
    if (list.string(at) == name) return list.string(at + 1);
  }
  return std::nullopt;
}

// A number above zero.
std::optional<std::uint32_t> number_in(const AttributeReader& list,
                                       std::string_view name) noexcept {
  const std::string_view text = value_in(list, name).value_or(std::string_view{});
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number == 0) return std::nullopt;
  return number;
}

}  // namespace

void put_denial(std::string& out, const ErrorReply& error) {
  AttributeWriter{out}
      .put("protocol", "connection_cache_protocol")
      .put(kErrorName, std::to_string(static_cast<unsigned>(error.code)))
      .put(kReasonName, error.text)
      .end();
}

std::optional<ErrorReply> denial_in(const AttributeReader& greeting) noexcept {
  const auto code = number_in(greeting, kErrorName);
  if (!code) return std::nullopt;
  const std::string_view reason = value_in(greeting, kReasonName).value_or(std::string_view{});
  return ErrorReply{known_code(*code), reason};
}

std::optional<std::uint32_t> agreed_version(const AttributeReader& list) noexcept {
  const auto version = number_in(list, kVersionName);
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
  const auto version = number_in(list, kVersionName);
  return version && *version <= kVersion ? version : std::nullopt;
}

}  // namespace scache::wire::direct

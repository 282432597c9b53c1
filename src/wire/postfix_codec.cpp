// SPDX-License-Identifier: Apache-2.0
#include "wire/postfix_codec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "wire/attribute_writer.hpp"

namespace scache::wire::postfix_codec {
namespace {

constexpr std::string_view kStatus = "status";
constexpr std::string_view kProperty = "property";

// The attributes of a request after its name.
enum class Attribute : std::uint8_t { ttl, label, property };
constexpr std::array<std::string_view, 3> kAttributes{"ttl", "label", kProperty};

constexpr std::string_view name_of(Attribute attribute) noexcept {
  return kAttributes[static_cast<std::size_t>(attribute)];
}

// Bytes of a malformed number that the stock server logs.
constexpr std::size_t kMaxLoggedNumber = 100;

struct Form {
  Kind kind;
  std::string_view wire_name;
  std::array<Attribute, 4> attributes;
  std::size_t count;
};

constexpr auto kTtl = Attribute::ttl;
constexpr auto kLabel = Attribute::label;
constexpr std::array<Form, 4> kForms{{
    {Kind::save_endpoint, "save_endp", {kTtl, kLabel, Attribute::property}, 3},
    {Kind::find_endpoint, "find_endp", {kLabel}, 1},
    {Kind::save_destination, "save_dest", {kTtl, kLabel, Attribute::property, kLabel}, 4},
    {Kind::find_destination, "find_dest", {kLabel}, 1},
}};

const Form& form_of(Kind kind) noexcept {
  return kForms[static_cast<std::size_t>(kind)];
}

struct Values {
  std::int32_t ttl = 0;
  std::array<std::string_view, 4> texts;
};

// Whether the list is complete.
enum class Extent : std::uint8_t { whole, part };

// Reads the attributes of `form` in order, after the name of the request. Returns false if one is
// missing, has another name, or is not a number. A surplus attribute only causes a warning.
bool read_values(const AttributeReader& list, const Form& form, Extent extent,
                 std::string_view source, Values& values, std::vector<std::string>& warnings) {
  std::size_t at = 1;
  for (std::size_t i = 0; i < form.count; ++i, at += 2) {
    const std::string_view wanted = name_of(form.attributes[i]);
    if (at >= list.count()) {
      if (extent == Extent::whole) warnings.push_back(missing_attribute(wanted, source));
      return false;
    }
    if (list.string(at) != wanted) {
      warnings.push_back(unexpected_attribute(list.string(at), source, wanted));
      return false;
    }
    if (at + 1 >= list.count()) return false;
    values.texts[i] = list.string(at + 1);
    if (form.attributes[i] != kTtl) continue;
    const auto number = read_number(values.texts[i]);
    if (!number) {
      warnings.push_back(
          fmt::format("malformed numerical data from {} while reading input attribute value: {}",
                      source, values.texts[i].substr(0, kMaxLoggedNumber)));
      return false;
    }
    values.ttl = *number;
  }
  if (at < list.count()) {
    warnings.push_back(unexpected_attribute(list.string(at), source, "(list terminator)"));
  }
  return true;
}

// Whether all texts are within their limits. Adds a warning for the first that is not.
bool within_limits(const Form& form, const Values& values, const WireLimits& limits,
                   std::vector<std::string>& warnings) {
  for (std::size_t i = 0; i < form.count; ++i) {
    if (form.attributes[i] == kTtl) continue;
    const std::size_t limit = form.attributes[i] == kLabel ? limits.name : limits.properties;
    if (values.texts[i].size() > limit) {
      warnings.push_back(fmt::format("{}: {} of {} bytes exceeds the limit of {}",
                                     service_name(form.kind), name_of(form.attributes[i]),
                                     values.texts[i].size(), limit));
      return false;
    }
  }
  return true;
}

Request make_request(Kind kind, const Values& values) {
  const std::chrono::seconds ttl{values.ttl};
  const auto& texts = values.texts;
  switch (kind) {
    case Kind::save_endpoint:
      return SaveEndpoint{ttl, texts[1], texts[2]};
    case Kind::save_destination:
      return SaveDestination{ttl, texts[1], texts[2], texts[3]};
    case Kind::find_destination:
      return FindDestination{texts[0]};
    case Kind::find_endpoint:
      break;
  }
  return FindEndpoint{texts[0]};
}

char digit_of(Status status) noexcept {
  return static_cast<char>('0' + static_cast<int>(status));
}

void put_status(AttributeWriter& list, Status status) {
  const char digit = digit_of(status);
  list.put(kStatus, {&digit, 1});
}

}  // namespace

std::string_view wire_name(Kind kind) noexcept {
  return form_of(kind).wire_name;
}

std::optional<Kind> kind_of(std::string_view wire_name) noexcept {
  for (const Form& form : kForms) {
    if (form.wire_name == wire_name) return form.kind;
  }
  return std::nullopt;
}

std::string service_name(Kind kind) {
  return fmt::format("scache_{}_service", wire_name(kind));
}

Decoded decode(const AttributeReader& list, const WireLimits& limits, std::string_view source) {
  Decoded decoded;
  decoded.kind = kind_of(list.string(0));
  if (!decoded.kind) {
    decoded.warnings.push_back(unrecognized_request(list.string(0)));
    return decoded;
  }
  const Form& form = form_of(*decoded.kind);
  Values values;
  const bool complete = read_values(list, form, Extent::whole, source, values, decoded.warnings);
  const bool has_ttl = form.attributes[0] == kTtl;
  if (!complete || (has_ttl && values.ttl <= 0)) {
    decoded.warnings.push_back(bad_parameter(form.kind));
  } else if (within_limits(form, values, limits, decoded.warnings)) {
    decoded.request = make_request(form.kind, values);
  }
  return decoded;
}

std::optional<std::int32_t> read_number(std::string_view text) noexcept {
  constexpr std::string_view kBlanks = " \t\n\v\f\r";
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  bool negative = false;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  if (text.empty()) return std::nullopt;
  // Saturates at 64 bits, like strtol(3).
  constexpr std::uint64_t kMax = 0x7fff'ffff'ffff'ffff;
  std::uint64_t number = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9') return std::nullopt;
    const auto value = static_cast<std::uint64_t>(digit - '0');
    number = number > (kMax - value) / 10 ? kMax + (negative ? 1 : 0) : number * 10 + value;
  }
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(negative ? 0 - number : number));
}

void put_greeting(std::string& out) {
  AttributeWriter{out}.put("protocol", "connection_cache_protocol").end();
}

void put_dummy(std::string& out) {
  using namespace std::string_view_literals;
  out += "dummy\0\0\0"sv;
}

void put_status(std::string& out, Status status) {
  using namespace std::string_view_literals;
  out += "status\0000\0\0"sv;
  out[out.size() - 3] = digit_of(status);
}

void put_refusal(std::string& out, std::optional<Kind> kind, Status status) {
  AttributeWriter list{out};
  put_status(list, status);
  if (kind == Kind::find_endpoint) list.put(kProperty, "");
  if (kind == Kind::find_destination) list.put(kProperty, "").put(kProperty, "");
  list.end();
}

void put_endpoint_hit(std::string& out, std::string_view endpoint_properties) {
  AttributeWriter list{out};
  put_status(list, Status::ok);
  list.put(kProperty, endpoint_properties).end();
}

void put_destination_hit(std::string& out, std::string_view destination_properties,
                         std::string_view endpoint_properties) {
  AttributeWriter list{out};
  put_status(list, Status::ok);
  list.put(kProperty, destination_properties).put(kProperty, endpoint_properties).end();
}

std::string unexpected_attribute(std::string_view name, std::string_view source,
                                 std::string_view expected) {
  return fmt::format("unexpected attribute {} from {} (expecting: {})", name, source, expected);
}

std::string missing_attribute(std::string_view name, std::string_view source) {
  return fmt::format("missing attribute {} in input from {}", name, source);
}

std::string unrecognized_request(std::string_view wire_name) {
  return fmt::format("unrecognized request: \"{}\", ignored", wire_name);
}

std::string bad_parameter(Kind kind) {
  return fmt::format("{}: bad or missing request parameter", service_name(kind));
}

std::vector<std::string> defects(const AttributeReader& part, std::string_view source) {
  const auto kind = kind_of(part.string(0));
  if (!kind) return {unrecognized_request(part.string(0))};
  std::vector<std::string> warnings;
  Values values;
  const bool complete = read_values(part, form_of(*kind), Extent::part, source, values, warnings);
  if (!complete && !warnings.empty()) warnings.push_back(bad_parameter(*kind));
  return warnings;
}

std::optional<std::string> broken_off(const AttributeReader& reader, std::string_view source,
                                      Break how) {
  const std::string_view part = reader.within_value() ? "value" : "name";
  if (reader.within_string()) {
    return fmt::format("unexpected end-of-input from {} while reading input attribute {}", source,
                       part);
  }
  if (reader.past_wanted() && reader.count() == 1) return std::nullopt;
  return fmt::format("{} on {} while reading input attribute {}",
                     how == Break::timeout ? "timeout" : "premature end-of-input", source, part);
}

}  // namespace scache::wire::postfix_codec

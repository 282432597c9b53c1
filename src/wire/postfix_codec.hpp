// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/rooms.hpp"
#include "wire/attribute_reader.hpp"
#include "wire/limits.hpp"
#include "wire/request.hpp"

// The requests and replies of Postfix's connection cache protocol (docs/protocol.md).
// PostfixSession has the order of the exchanges. Log texts are those of the stock server, because
// operators and programs search for them.

namespace scache::wire::postfix_codec {

enum class Status : std::uint8_t { ok = 0, bad = 1, fail = 2 };

enum class Kind : std::uint8_t { save_endpoint, find_endpoint, save_destination, find_destination };

// The name of a request in the protocol, and of its service in log lines.
std::string_view wire_name(Kind kind) noexcept;
std::optional<Kind> kind_of(std::string_view wire_name) noexcept;
std::string service_name(Kind kind);

struct Decoded {
  // Empty if the request is unknown.
  std::optional<Kind> kind;
  // Empty if the request is bad.
  std::optional<Request> request;
  // Warnings for the log, in order. A good request may have warnings, too.
  std::vector<std::string> warnings;
};

// Decodes the request of a complete list. `source` is the name of the stream in log lines.
Decoded decode(const AttributeReader& list, const WireLimits& limits, std::string_view source);

// Reads a ttl like the stock server: optional blanks, an optional sign and decimal digits, modulo
// 2^32 as a signed number. Empty if the text is not a number.
std::optional<std::int32_t> read_number(std::string_view text) noexcept;

// Messages of the server.
void put_greeting(std::string& out);
void put_dummy(std::string& out);
void put_status(std::string& out, Status status);
// A failure reply to a request of `kind`, with the empty properties that it requires.
void put_refusal(std::string& out, std::optional<Kind> kind, Status status);
void put_endpoint_hit(std::string& out, std::string_view endpoint_properties);
void put_destination_hit(std::string& out, std::string_view destination_properties,
                         std::string_view endpoint_properties);

// The stock server's log lines for a malformed or unfinished request.
std::string unexpected_attribute(std::string_view name, std::string_view source,
                                 std::string_view expected);
std::string missing_attribute(std::string_view name, std::string_view source);
std::string unrecognized_request(std::string_view wire_name);
std::string bad_parameter(Kind kind);
// The defects of an incomplete list after the name of the request, in the order of decode(). The
// stock server stops reading at the first defect.
std::vector<std::string> defects(const AttributeReader& part, std::string_view source);
// The log line for a stream that ends or times out while `reader` needs more input. Within a string
// the stock server reports both in the same way; after the name of the request it logs nothing.
enum class Break : std::uint8_t { end, timeout };
std::optional<std::string> broken_off(const AttributeReader& reader, std::string_view source,
                                      Break how);

// Names of attributes.
inline constexpr std::string_view kRequest = "request";
inline constexpr std::string_view kDummy = "dummy";

}  // namespace scache::wire::postfix_codec

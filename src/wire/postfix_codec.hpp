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

// The requests and replies of Postfix's connection cache protocol (docs/protocol.md). The order of
// an exchange is the session's business. Log texts are the stock server's, since people and
// programs look for them.

namespace scache::wire::postfix_codec {

enum class Status : std::uint8_t { ok = 0, bad = 1, fail = 2 };

enum class Kind : std::uint8_t { save_endpoint, find_endpoint, save_destination, find_destination };

// Each kind's name on the wire, and of the service in log lines.
std::string_view wire_name(Kind kind) noexcept;
std::optional<Kind> kind_of(std::string_view wire_name) noexcept;
std::string service_name(Kind kind);

struct Decoded {
  // Not there when the list named no known request.
  std::optional<Kind> kind;
  // Not there when the request is bad.
  std::optional<Request> request;
  // Log lines (warnings) on what is wrong, in order; a request may be good all the same.
  std::vector<std::string> warnings;
};

// Reads the request out of a whole list. `source` is what log lines call the stream.
Decoded decode(const AttributeReader& list, const WireLimits& limits, std::string_view source);

// A ttl as the stock server reads it: decimal digits, perhaps with blanks or a sign before them,
// taken modulo 2^32 into a signed number. Nothing where it is no number.
std::optional<std::int32_t> read_number(std::string_view text) noexcept;

// What the server says.
void put_greeting(std::string& out);
void put_dummy(std::string& out);
void put_status(std::string& out, Status status);
// A reply to a request of `kind` that has no properties to tell.
void put_refusal(std::string& out, std::optional<Kind> kind, Status status);
void put_endpoint_hit(std::string& out, std::string_view endpoint_properties);
void put_destination_hit(std::string& out, std::string_view destination_properties,
                         std::string_view endpoint_properties);

// What the stock server logs of a stream that breaks off or is out of step.
std::string unexpected_attribute(std::string_view name, std::string_view source,
                                 std::string_view expected);
std::string missing_attribute(std::string_view name, std::string_view source);
std::string unrecognized_request(std::string_view wire_name);
std::string bad_parameter(Kind kind);
// Where the stream ends, or falls silent, after the request's name: what is wrong with the part
// that is there, in the order of decode(). The stock server reads no further than that.
std::vector<std::string> defects(const AttributeReader& part, std::string_view source);
// Where the stream ends, or falls silent, while `reader` needs more. Within a string the one is not
// told from the other, and right after the request's name neither is worth a word.
enum class Break : std::uint8_t { end, timeout };
std::optional<std::string> broken_off(const AttributeReader& reader, std::string_view source,
                                      Break how);

// Words of the protocol.
inline constexpr std::string_view kRequest = "request";
inline constexpr std::string_view kDummy = "dummy";

}  // namespace scache::wire::postfix_codec

#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <variant>

#include "base/rooms.hpp"
#include "wire/direct_frame.hpp"
#include "wire/limits.hpp"
#include "wire/request.hpp"

// The requests of the direct protocol (docs/protocol.md). Views are valid as long as the bytes of
// the frame.
namespace scache::wire::direct {

// Longer times to live are reduced to this: the maximum of the Postfix protocol, and not less than
// the limit of any server.
inline constexpr std::chrono::milliseconds kLongestTtl = std::chrono::seconds{0x7fff'ffff};

struct Save {
  SaveEndpoint connection;
  // Has the bindings, which decode() has checked: see each_binding().
  Fields fields;

  // Calls `visit(SaveDestination)` for each binding, in order.
  template <typename Visit>
  void each_binding(Visit visit) const {
    fields.each(Tag::binding, [&](const Fields& binding) {
      visit(read_binding(binding, connection.endpoint));
      return true;
    });
  }
  static SaveDestination read_binding(const Fields& binding, std::string_view endpoint) noexcept;
};

struct Bind {
  SaveDestination binding;
};

struct Drop {
  enum class What : std::uint8_t { endpoint, destination, prefix };
  What what;
  std::string_view name;
};

struct List {
  std::uint64_t what;
  std::string_view prefix;
  // Empty for the first page.
  std::string_view cursor;
  std::uint64_t limit;
};

struct Statistics {};
struct Ping {};

struct Cancel {
  std::uint64_t target;
};

using Request =
    std::variant<Save, FindEndpoint, FindDestination, Bind, Drop, List, Statistics, Ping, Cancel>;

// The error for a frame that is not a valid request.
struct Refusal {
  ErrorCode code;
  std::string text;
};

// Decodes the request of a complete frame.
std::expected<Request, Refusal> decode(const FrameStep& frame, const WireLimits& limits);

// Appends an error reply.
void put_error(std::string& out, std::uint64_t id, ErrorCode code, std::string_view text);

}  // namespace scache::wire::direct

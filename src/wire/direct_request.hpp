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

// The requests of the direct protocol (docs/protocol.md), as a server reads them. Views are valid
// as long as the frame's bytes.
namespace scache::wire::direct {

// A time to live above this is this: at least any server's limit, and no more than Postfix's way
// can say.
inline constexpr std::chrono::milliseconds kLongestTtl = std::chrono::seconds{0x7fff'ffff};

struct Save {
  SaveEndpoint connection;
  // Its bindings, each of its form: see each_binding().
  Fields fields;

  // Calls `told(SaveDestination)` for each, in their order.
  template <typename Told>
  void each_binding(Told told) const {
    fields.each(Tag::binding, [&](const Fields& binding) {
      told(read_binding(binding, connection.endpoint));
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
  // Empty: from the beginning.
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

// Why a frame is no request that can be served.
struct Refusal {
  ErrorCode code;
  std::string text;
};

// Reads the request out of a whole frame.
std::expected<Request, Refusal> decode(const FrameStep& frame, const WireLimits& limits);

// What the server says when something failed.
void put_error(std::string& out, std::uint64_t id, ErrorCode code, std::string_view text);

}  // namespace scache::wire::direct

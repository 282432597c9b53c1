// SPDX-License-Identifier: Apache-2.0
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

// The requests of the direct protocol (docs/protocol.md): a server decodes them, and a client
// appends them to its output. Views are valid as long as the bytes of the frame.
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

// The requests of a client. A time to live of kNoTtl is left out, and so is the history of a
// connection without an id.
void put_find(std::string& out, std::uint64_t id, const FindEndpoint& find);
void put_find(std::string& out, std::uint64_t id, const FindDestination& find);
void put_bind(std::string& out, std::uint64_t id, const SaveDestination& binding);
void put_drop(std::string& out, std::uint64_t id, const Drop& drop);
// Without a cursor, the first page; without a limit (0), as many entries as the server allows.
void put_list(std::string& out, std::uint64_t id, const List& list);
void put_statistics(std::string& out, std::uint64_t id);
void put_ping(std::string& out, std::uint64_t id);
void put_cancel(std::string& out, std::uint64_t id, const Cancel& cancel);

// SaveWriter appends a save, to which bindings can be added. end() completes it. The descriptor is
// sent with the frame.
class SaveWriter {
 public:
  SaveWriter(std::string& out, std::uint64_t id, const SaveEndpoint& save);

  // The endpoint of the binding is that of the save.
  void add(const SaveDestination& binding);
  void end() noexcept { frame_.end(); }

 private:
  FrameWriter frame_;
};

}  // namespace scache::wire::direct

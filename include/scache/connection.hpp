// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <scache/result.hpp>
#include <string>
#include <utility>
#include <vector>

// The types of requests and results. Included by scache/client.hpp.

namespace scache {
inline namespace v0 {

// Descriptor owns one open file descriptor and closes it at the end of its life. Move-only.
class SCACHE_API Descriptor {
 public:
  Descriptor() noexcept = default;
  // Takes ownership of `number`, unless it is negative.
  explicit Descriptor(int number) noexcept : number_{number} {}
  Descriptor(Descriptor&& other) noexcept : number_{other.release()} {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  ~Descriptor() { reset(); }

  // The descriptor, which the Descriptor still owns.
  int get() const noexcept { return number_; }
  explicit operator bool() const noexcept { return number_ >= 0; }
  // Gives up ownership: the caller closes the descriptor.
  [[nodiscard]] int release() noexcept { return std::exchange(number_, -1); }
  // Closes the descriptor, and takes ownership of `number`. Does not change errno.
  void reset(int number = -1) noexcept;

 private:
  int number_ = -1;
};

// Connection is an open descriptor with its data in the cache. To save a connection of its own, a
// program sets the first three members. A lookup sets all members. A program that saves the
// connection again leaves id, uses, age and found_at as they are, so that the server can continue
// them.
struct Connection {
  // Close-on-exec after a lookup. The cache changes nothing else of it, such as O_NONBLOCK.
  Descriptor descriptor{};
  // The name under which the connection is saved: any bytes. Empty after find_destination() in the
  // Postfix protocol, which does not return it.
  std::string endpoint{};
  std::string endpoint_properties{};
  // The properties of the binding through which find_destination() found the connection.
  std::string destination_properties{};
  // The server's number for the connection; 0 in the Postfix protocol.
  std::uint64_t id = 0;
  // How often it has been found, this time included; 0 in the Postfix protocol.
  std::uint64_t uses = 0;
  // At the lookup: the time since the first save, and since the last; 0 in the Postfix protocol.
  std::chrono::milliseconds age{0};
  std::chrono::milliseconds idle{0};
  // The time of the lookup (CLOCK_BOOTTIME).
  std::chrono::milliseconds found_at{0};

  // Whether it has a descriptor. A lookup that finds nothing returns an empty Connection.
  explicit operator bool() const noexcept { return static_cast<bool>(descriptor); }
};

// A time to live, greater than zero. Without one the server uses its default. The server reduces it
// to its limit. In the Postfix protocol it is rounded up to whole seconds, and the default is the
// server's limit.
using Ttl = std::optional<std::chrono::milliseconds>;

// Binding binds a destination to an endpoint.
struct Binding {
  std::string destination{};
  std::string properties{};
  Ttl ttl{};
};

struct SaveOptions {
  Ttl ttl{};
  // Destinations to bind to the endpoint.
  std::vector<Binding> bindings{};
  // Whether the connection may have unread input, for a protocol in which the server speaks first
  // or at any time. Otherwise the cache closes it when something arrives, unless its configuration
  // allows input. The Postfix protocol ignores this.
  bool allow_input = false;
};

struct Saved {
  // The connection's id; 0 in the Postfix protocol.
  std::uint64_t id = 0;
  // How many of the bindings were saved. If there is no room for a binding, the server still
  // saves the connection.
  std::size_t bindings = 0;
};

// Whether the binding is new or existed already. The Postfix protocol does not tell (unknown).
enum class Bound { created, renewed, unknown };

// The numbers of entries that were removed.
struct Dropped {
  std::uint64_t connections = 0;
  std::uint64_t bindings = 0;
};

struct ListOptions {
  bool connections = true;
  bool bindings = true;
  // Selects connections whose endpoint, and bindings whose destination, begins with it.
  std::string prefix{};
  // The maximum number of entries in a page; 0 means the server's limit.
  std::size_t page = 0;
};

// Entry describes a connection or a binding in a list.
struct Entry {
  enum class Kind { connection, binding };
  Kind kind = Kind::connection;
  std::string endpoint{};
  // Of a binding.
  std::string destination{};
  // Of the connection, or of the binding.
  std::string properties{};
  // The remaining time to live.
  std::chrono::milliseconds ttl{0};
  // Of a connection, as in Connection.
  std::uint64_t id = 0;
  std::uint64_t uses = 0;
  std::chrono::milliseconds age{0};
  std::chrono::milliseconds idle{0};
  // The user id of the client that saved the connection.
  std::uint64_t owner = 0;
};

struct Page {
  std::vector<Entry> entries{};
  // Where the next page begins; empty in the last page. A page may be empty without being the last.
  std::optional<std::string> cursor{};
};

// A counter; docs/protocol.md lists the names.
struct Statistic {
  std::string name{};
  std::uint64_t value = 0;
};

}  // namespace v0
}  // namespace scache

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <scache/result.hpp>
#include <string>
#include <utility>
#include <vector>

// What the cache keeps and tells. Included by scache/client.hpp.

namespace scache {
inline namespace v0 {

// Descriptor owns one open file descriptor and closes it when it goes away. Move-only.
class SCACHE_API Descriptor {
 public:
  Descriptor() noexcept = default;
  // Takes ownership of `number`; a negative number owns nothing.
  explicit Descriptor(int number) noexcept : number_{number} {}
  Descriptor(Descriptor&& other) noexcept : number_{other.release()} {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  ~Descriptor() { reset(); }

  // The descriptor's number; the Descriptor keeps it.
  int get() const noexcept { return number_; }
  explicit operator bool() const noexcept { return number_ >= 0; }
  // Gives the descriptor away: the caller closes it.
  [[nodiscard]] int release() noexcept { return std::exchange(number_, -1); }
  // Closes what it owns, and takes ownership of `number`. Leaves errno alone.
  void reset(int number = -1) noexcept;

 private:
  int number_ = -1;
};

// Connection is an open descriptor with what the cache knows of it. A program makes one of its own
// connection to save it, with the first three members; a lookup fills all of them. Who gives back
// what was found leaves id, uses, age and found_at as they are, so that they survive many hands.
struct Connection {
  // Close-on-exec where it was found. Nothing else of it is changed by the cache: whether it blocks
  // is as whoever saved it left it.
  Descriptor descriptor{};
  // The name it is saved under: of any bytes. Postfix's way does not tell it to who asks for a
  // destination: it is empty then.
  std::string endpoint{};
  std::string endpoint_properties{};
  // Of the binding that led here; empty where the lookup was by endpoint.
  std::string destination_properties{};
  // Not 0 where the server knows connections by a number, as the direct protocol has it.
  std::uint64_t id = 0;
  // How often it has been found, this time included; 0 in Postfix's way, and so are the next two.
  std::uint64_t uses = 0;
  // Since it was saved for the first time, and for the last time, when it was found.
  std::chrono::milliseconds age{0};
  std::chrono::milliseconds idle{0};
  // When it was found: the time since the machine's start, suspension included (CLOCK_BOOTTIME).
  std::chrono::milliseconds found_at{0};

  // Whether there is one: a lookup that finds nothing answers an empty Connection.
  explicit operator bool() const noexcept { return static_cast<bool>(descriptor); }
};

// A time to live; without one it is the server's default, and the server's limit caps it. Postfix's
// way knows whole seconds and rounds up; without one it asks for the limit.
using Ttl = std::optional<std::chrono::milliseconds>;

// Binding ties a destination to an endpoint.
struct Binding {
  std::string destination{};
  std::string properties{};
  Ttl ttl{};
};

struct SaveOptions {
  Ttl ttl{};
  // Destinations that lead to the endpoint from now on.
  std::vector<Binding> bindings{};
};

struct Saved {
  // The connection's id, 0 in Postfix's way.
  std::uint64_t id = 0;
  // How many of the bindings were kept. A cache that is full of bindings saves a connection all the
  // same.
  std::size_t bindings = 0;
};

// Whether a binding was there already; Postfix's way does not tell.
enum class Bound { anew, renewed, untold };

// How many were removed.
struct Dropped {
  std::uint64_t connections = 0;
  std::uint64_t bindings = 0;
};

struct ListOptions {
  bool connections = true;
  bool bindings = true;
  // Entries whose name begins with it: a connection's endpoint, a binding's destination.
  std::string prefix{};
  // Entries in a page at the most; 0 leaves it to the server, which has a limit too.
  std::size_t page = 0;
};

// Entry is what a list tells of a connection or a binding.
struct Entry {
  enum class Kind { connection, binding };
  Kind kind = Kind::connection;
  std::string endpoint{};
  // A binding's.
  std::string destination{};
  // The connection's, or the binding's.
  std::string properties{};
  // What is left.
  std::chrono::milliseconds ttl{0};
  // A connection's, as in Connection.
  std::uint64_t id = 0;
  std::uint64_t uses = 0;
  std::chrono::milliseconds age{0};
  std::chrono::milliseconds idle{0};
  // The user id of the client that saved the connection.
  std::uint64_t owner = 0;
};

struct Page {
  std::vector<Entry> entries{};
  // Where the list goes on; without one it is over. A page may be empty and not the last.
  std::optional<std::string> cursor{};
};

// A counter, by the name that docs/protocol.md has for it.
struct Statistic {
  std::string name{};
  std::uint64_t value = 0;
};

}  // namespace v0
}  // namespace scache

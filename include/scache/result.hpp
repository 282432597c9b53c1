#pragma once

#include <string>
#include <utility>
#include <variant>

// The part of the interface that says what went wrong. Included by scache/client.hpp.

#define SCACHE_API __attribute__((visibility("default")))

namespace scache {
// The number is the library's: programs linked with another one find no function of this.
inline namespace v0 {

enum class ErrorCode {
  // Nobody listens at the path, or it may not be opened. Go on without a cache.
  no_server = 1,
  // The time of the call is over. The stream is closed: a reply that comes later is nobody's.
  timeout = 2,
  // The server ended the stream before it had answered. What was asked may have been done.
  disconnected = 3,
  // What the server said is not of the protocol.
  protocol = 4,
  // An argument is no good; nothing was sent.
  invalid_argument = 5,
  // The system refused something to this process, such as memory.
  system = 6,
  // This process, or the system, has no descriptors left. Nothing was sent, and the cache keeps
  // what a lookup would have found; unless other threads took the last descriptors while it was
  // under way, until the timeout: then the connection that was found is closed.
  no_descriptors = 7,

  // What the server answers (docs/protocol.md).
  malformed = 101,
  // Also: the server speaks Postfix's way, which cannot say this.
  unsupported = 102,
  // The cache has no room.
  full = 103,
  // This descriptor cannot be kept. The library says so, too, where this program has shut a
  // connection down for sending, or never connected it; nothing was sent then.
  refused = 104,
  // A name or properties over the server's limit, or a request longer than any may be.
  too_large = 105,
  busy = 106,
  cancelled = 107,
};

// What went wrong. A lookup that finds nothing is no error.
struct Error {
  ErrorCode code{};
  // One sentence for people, in English.
  std::string text{};
};

// Result is a value or an Error, as C++23's std::expected: unchecked by * and ->, while value() and
// error() throw std::bad_variant_access where there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : held_{std::in_place_index<0>, std::move(value)} {}
  Result(Error error) : held_{std::in_place_index<1>, std::move(error)} {}

  bool has_value() const noexcept { return held_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  T& value() & { return std::get<0>(held_); }
  const T& value() const& { return std::get<0>(held_); }
  T&& value() && { return std::get<0>(std::move(held_)); }
  T& operator*() & noexcept { return *std::get_if<0>(&held_); }
  const T& operator*() const& noexcept { return *std::get_if<0>(&held_); }
  T&& operator*() && noexcept { return std::move(*std::get_if<0>(&held_)); }
  T* operator->() noexcept { return std::get_if<0>(&held_); }
  const T* operator->() const noexcept { return std::get_if<0>(&held_); }
  T value_or(T otherwise) && { return has_value() ? std::move(**this) : std::move(otherwise); }

  const Error& error() const& { return std::get<1>(held_); }
  Error&& error() && { return std::get<1>(std::move(held_)); }

 private:
  std::variant<T, Error> held_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : held_{std::in_place_index<1>, std::move(error)} {}

  bool has_value() const noexcept { return held_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }
  const Error& error() const& { return std::get<1>(held_); }
  Error&& error() && { return std::get<1>(std::move(held_)); }

 private:
  std::variant<std::monostate, Error> held_;
};

}  // namespace v0
}  // namespace scache

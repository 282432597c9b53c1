// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <variant>

// Results and errors. Included by scache/client.hpp.

#define SCACHE_API __attribute__((visibility("default")))

namespace scache {
// The ABI version: a program that was built for another version fails to link.
inline namespace v0 {

enum class ErrorCode {
  // No server listens at the path, or this process may not connect to it. Continue without a cache.
  no_server = 1,
  // The call reached its time limit. The library closes the stream.
  timeout = 2,
  // The server closed the stream before it answered. It may have done what was requested.
  disconnected = 3,
  // The server violated the protocol.
  protocol = 4,
  // An argument is invalid. Nothing was sent.
  invalid_argument = 5,
  // A system call failed, or memory could not be allocated.
  system = 6,
  // This process, or the system, has no free descriptors. Nothing was sent, and the cache keeps the
  // connection. Exception: if other threads take the reserved descriptor during a lookup, and none
  // becomes free before the timeout, the connection that was found is closed.
  no_descriptors = 7,

  // Errors of the server (docs/protocol.md).
  malformed = 101,
  // Also: the Postfix protocol does not have the request.
  unsupported = 102,
  // The cache has no room.
  full = 103,
  // The server cannot keep this kind of descriptor. The library also returns this, and sends
  // nothing, if this program has shut the connection down for sending or never connected it.
  refused = 104,
  // A name, properties or a request exceed the maximum size.
  too_large = 105,
  busy = 106,
  cancelled = 107,
  // This user has no access to the cache. Continue without a cache.
  denied = 108,
};

// An error. A lookup that finds nothing is not an error.
struct Error {
  ErrorCode code{};
  // A message for people: one English sentence.
  std::string text{};
};

// Result is a value or an Error, as C++23's std::expected. * and -> are unchecked; value() and
// error() throw std::bad_variant_access if there is none.
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

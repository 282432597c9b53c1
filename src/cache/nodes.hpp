// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/container/small_vector.hpp>
#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>
#include <cstdint>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "cache/flag_pool.hpp"
#include "cache/holder.hpp"
#include "cache/hooks.hpp"
#include "cache/position.hpp"
#include "cache/provenance.hpp"
#include "cache/record.hpp"
#include "cache/text_node.hpp"

// The nodes of the cache and their links. Only Cache uses them.
//
//   Destination -> Binding... (oldest first) -> Endpoint -> Connection... (oldest first)
//
// Connections and bindings are also in one index of deadlines.

namespace scache::cache {

// Timed is an entry with a deadline and a user that holds it: a connection or a binding. Its place
// in the index may have an earlier deadline.
struct Timed : intrusive::set_base_hook<intrusive::optimize_size<true>>, Held {
  enum class Kind : std::uint8_t { connection, binding };

  Timed(Kind what, Instant until) : kind{what}, place{until, 0} {}

  // In the padding of Held.
  Kind kind;
  // The position in the index.
  Position place;
};

struct EarlierPlace {
  bool operator()(const Timed& a, const Timed& b) const noexcept { return (*this)(a, b.place); }
  bool operator()(const Timed& a, const Position& b) const noexcept {
    visited();
    return a.place < b;
  }
  bool operator()(const Position& a, const Timed& b) const noexcept {
    visited();
    return a < b.place;
  }
};
using Deadlines = intrusive::multiset<Timed, intrusive::compare<EarlierPlace>>;

struct Endpoint;
struct Destination;
struct Binding;

// Memory of a table for one entry: a pointer and a byte, in a table that is half full.
inline constexpr std::size_t kTablePlace = 24;

struct OrderOfEndpoint;
using ConnectionHook =
    intrusive::set_base_hook<intrusive::tag<OrderOfEndpoint>, intrusive::optimize_size<true>>;

// A cached connection; its text is the endpoint properties. A claimed connection is neither in the
// order of its endpoint nor in the index.
struct Connection final : TextNode<Connection>, Timed, ConnectionHook {
  static constexpr std::size_t kBeside = 0;

  Connection(Instant until, const Provenance& from)
      : Timed{Kind::connection, until}, provenance{from} {}

  ConnectionRecord record() const noexcept;
  // With the name of its endpoint.
  std::size_t bytes_of_user() const noexcept;

  Provenance provenance;
  Endpoint* endpoint = nullptr;
  // Increases with each save: the order of the connections of an endpoint.
  std::uint64_t sequence = 0;
  Fd fd;
};

// Orders the connections of an endpoint by save.
struct SavedEarlier {
  bool operator()(const Connection& a, const Connection& b) const noexcept {
    visited();
    return a.sequence < b.sequence;
  }
};

// A binding of a destination, with the flag of its endpoint: a lookup skips endpoints without
// connections and does not access them.
struct BindingRef {
  Binding* binding;
  const std::uint8_t* has_connection;
};

// A binding; its text is the destination properties.
struct Binding final : TextNode<Binding>, Timed {
  static constexpr std::size_t kBeside = kTablePlace + 2 * sizeof(BindingRef);

  explicit Binding(Instant end) : Timed{Kind::binding, end}, until{end} {}

  BindingRecord record() const noexcept;
  // With both names.
  std::size_t bytes_of_user() const noexcept;

  // The deadline. A renewal changes it, but not the place in the index.
  Instant until;

  Destination* destination = nullptr;
  Endpoint* endpoint = nullptr;
  std::uint64_t sequence = 0;
  // The hash of destination, endpoint and properties.
  std::uint64_t hash = 0;
};

// An endpoint; its text is the name. It exists as long as it has connections, claims or bindings.
struct Endpoint final : TextNode<Endpoint> {
  static constexpr std::size_t kBeside = kTablePlace;

  explicit Endpoint(std::uint64_t hash_of_name) : hash{hash_of_name} {}

  std::uint64_t hash;
  intrusive::set<Connection, intrusive::base_hook<ConnectionHook>, intrusive::compare<SavedEarlier>,
                 intrusive::constant_time_size<false>>
      connections;
  // Whether the endpoint has a connection.
  FlagPool::Flag has_connection;
  std::uint32_t bindings = 0;
  std::uint32_t claims = 0;
  // Connections, including claimed ones.
  std::uint32_t held = 0;
  // The budgets in which it is counted.
  bool is_of_connections = false;
  bool is_of_bindings = false;
};

// A destination with its bindings, oldest first; its text is the name. It exists as long as it has
// bindings.
struct Destination final : TextNode<Destination> {
  static constexpr std::size_t kBeside = kTablePlace;

  explicit Destination(std::uint64_t hash_of_name) : hash{hash_of_name} {}

  std::uint64_t hash;
  boost::container::small_vector<BindingRef, 1> bindings;
};

inline ConnectionRecord Connection::record() const noexcept {
  return {.endpoint = endpoint->text(),
          .properties = text(),
          .deadline = place.deadline,
          .sequence = sequence,
          .descriptor = fd.get(),
          .provenance = provenance,
          .place = place};
}

inline BindingRecord Binding::record() const noexcept {
  return {.destination = destination->text(),
          .properties = text(),
          .endpoint = endpoint->text(),
          .deadline = until,
          .sequence = sequence,
          .owner = holder->owner()};
}

inline std::size_t Connection::bytes_of_user() const noexcept {
  return bytes() + endpoint->bytes();
}

inline std::size_t Binding::bytes_of_user() const noexcept {
  return bytes() + endpoint->bytes() + destination->bytes();
}

}  // namespace scache::cache

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/rooms.hpp"

namespace scache::server {

// Totals has the counters since the start of the server.
struct Totals {
  std::uint64_t connections_saved = 0;
  // Refused saves of connections, for any reason.
  std::uint64_t connections_refused = 0;
  std::uint64_t bindings_saved = 0;
  std::uint64_t bindings_renewed = 0;
  std::uint64_t endpoint_hits = 0;
  std::uint64_t endpoint_misses = 0;
  std::uint64_t destination_hits = 0;
  std::uint64_t destination_misses = 0;
  // Connections and bindings that left the cache, by reason.
  std::uint64_t expired = 0;
  // Of the expired, connections that were saved at the end of their life.
  std::uint64_t retired = 0;
  // To make room, by the limit that was reached: of an endpoint, of a destination, of a user, of
  // the whole cache.
  std::uint64_t evicted_for_endpoint = 0;
  std::uint64_t evicted_for_destination = 0;
  std::uint64_t evicted_for_user = 0;
  std::uint64_t evicted_for_share = 0;
  std::uint64_t dropped = 0;
  // Requests for which the client has no right.
  std::uint64_t denied = 0;
  // Connections that ended, or received input that is not allowed, while they were cached.
  std::uint64_t dead = 0;
  // Connections that left the cache with a goodbye: begun; answered; without an answer in time.
  std::uint64_t goodbyes = 0;
  std::uint64_t goodbyes_answered = 0;
  std::uint64_t goodbyes_unanswered = 0;
  // Connections that were closed without the goodbye of their endpoint, because too many others
  // said goodbye, descriptors were short, or the server ended.
  std::uint64_t goodbyes_skipped = 0;
  // Probes of idle connections that were answered as expected, and those that were not.
  std::uint64_t probes_passed = 0;
  std::uint64_t probes_failed = 0;

  std::uint64_t all_evicted() const noexcept {
    return evicted_for_endpoint + evicted_for_destination + evicted_for_user + evicted_for_share;
  }
};

// Snapshot has the value of every statistic at one moment.
struct Snapshot : Totals {
  std::uint64_t uptime_ms = 0;
  std::uint64_t connections = 0;
  std::uint64_t connections_limit = 0;
  std::uint64_t endpoints = 0;
  std::uint64_t destinations = 0;
  std::uint64_t bindings = 0;
  std::uint64_t bytes = 0;
  std::uint64_t bytes_limit = 0;
  std::uint64_t connection_bytes = 0;
  std::uint64_t connection_bytes_limit = 0;
  std::uint64_t binding_bytes = 0;
  std::uint64_t binding_bytes_limit = 0;
  std::uint64_t evicted = 0;
};

// Statistic describes one value of a snapshot. The names are part of the direct protocol
// (docs/protocol.md) and of scachectl's JSON: they do not change.
struct Statistic {
  enum class Kind : std::uint8_t {
    // Only grows.
    counter,
    gauge,
  };

  std::string_view name;
  Kind kind;
  // Empty for a plain number.
  std::string_view unit;
  std::string_view help;
  std::uint64_t Snapshot::* value;
};

// Every statistic, in the order of reports.
std::span<const Statistic> statistics() noexcept;

// Maxima has the largest numbers of entries that were cached at the same time.
struct Maxima {
  std::size_t destinations = 0;
  std::size_t endpoints = 0;
  std::size_t connections = 0;
};

}  // namespace scache::server

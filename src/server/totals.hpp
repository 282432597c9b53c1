#pragma once

#include <cstdint>

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
  std::uint64_t evicted = 0;
  std::uint64_t dropped = 0;
  // Connections that were over at a lookup.
  std::uint64_t dead = 0;
};

}  // namespace scache::server

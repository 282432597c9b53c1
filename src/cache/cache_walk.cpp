// SPDX-License-Identifier: Apache-2.0
#include "cache/cache.hpp"

// Lists and drops visit the whole cache in slices while it changes. Each entry has one position in
// the index of deadlines, and a search for a position is logarithmic. Expiry removes the first
// entries of the index.

namespace scache::cache {

Instant Cache::next_deadline() const noexcept {
  return deadlines_.empty() ? kNever : deadlines_.begin()->place.deadline;
}

std::size_t Cache::expire(Instant now, std::size_t most) noexcept {
  std::size_t left = 0;
  for (; most > 0 && !deadlines_.empty(); --most) {
    Timed& entry = *deadlines_.begin();
    if (entry.place.deadline > now) break;
    ++work_;
    if (entry.kind == Timed::Kind::connection) {
      auto& connection = static_cast<Connection&>(entry);
      unlink(connection);
      leave(connection, Departure::expired);
      ++left;
      continue;
    }
    auto& binding = static_cast<Binding&>(entry);
    if (binding.until > binding.place.deadline) {
      index_anew(binding);
    } else {
      leave(binding, Departure::expired);
      ++left;
    }
  }
  return left;
}

std::optional<Position> Cache::walk(Position from, std::size_t most, const Visitor& visit) {
  auto next = deadlines_.lower_bound(from, EarlierPlace{});
  for (; next != deadlines_.end(); --most) {
    Timed& timed = *next;
    if (most == 0) return timed.place;
    ++next;
    visited();
    ++work_;
    Verdict verdict = Verdict::keep;
    if (timed.kind == Timed::Kind::connection) {
      auto& connection = static_cast<Connection&>(timed);
      verdict = visit(connection.record());
      if (verdict == Verdict::drop) {
        unlink(connection);
        leave(connection, Departure::dropped);
      }
    } else {
      auto& binding = static_cast<Binding&>(timed);
      verdict = visit(binding.record());
      if (verdict == Verdict::drop) leave(binding, Departure::dropped);
    }
    if (verdict == Verdict::stop) return timed.place;
  }
  return std::nullopt;
}

std::size_t Cache::drop_connections(std::string_view endpoint_name, std::uint64_t last,
                                    std::size_t most) {
  work_ += 1;
  Endpoint* const found = endpoints_.find(hashed(endpoint_name));
  if (found == nullptr) return 0;
  Endpoint& endpoint = *found;
  // Keeps the endpoint when its last connection is removed.
  ++endpoint.claims;
  std::size_t dropped = 0;
  for (; dropped < most && !endpoint.connections.empty(); ++dropped) {
    Connection& connection = *endpoint.connections.begin();
    if (connection.sequence > last) break;
    unlink(connection);
    leave(connection, Departure::dropped);
  }
  --endpoint.claims;
  settle(endpoint);
  return dropped;
}

bool Cache::drop(const Position& place, Departure why) noexcept {
  const auto found = deadlines_.find(place, EarlierPlace{});
  if (found == deadlines_.end()) return false;
  if (found->kind == Timed::Kind::connection) {
    auto& connection = static_cast<Connection&>(*found);
    unlink(connection);
    leave(connection, why);
  } else {
    leave(static_cast<Binding&>(*found), why);
  }
  return true;
}

std::size_t Cache::connections_of(std::string_view endpoint_name) const noexcept {
  const Endpoint* const endpoint = endpoints_.find(hashed(endpoint_name));
  return endpoint == nullptr ? 0 : endpoint->held - endpoint->claims;
}

std::optional<ConnectionRecord> Cache::connection_at(const Position& place) const noexcept {
  const auto found = deadlines_.find(place, EarlierPlace{});
  if (found == deadlines_.end() || found->kind != Timed::Kind::connection) return std::nullopt;
  return static_cast<const Connection&>(*found).record();
}

std::optional<Claim> Cache::claim_at(const Position& place) noexcept {
  const auto found = deadlines_.find(place, EarlierPlace{});
  if (found == deadlines_.end() || found->kind != Timed::Kind::connection) return std::nullopt;
  return claim(static_cast<Connection&>(*found));
}

bool Cache::discard(const Position& place) noexcept {
  const auto found = deadlines_.find(place, EarlierPlace{});
  if (found == deadlines_.end() || found->kind != Timed::Kind::connection) return false;
  auto& connection = static_cast<Connection&>(*found);
  unlink(connection);
  leave(connection, Departure::dead);
  return true;
}

std::size_t Cache::drop_bindings(std::string_view destination_name) {
  work_ += 1;
  Destination* const found = destinations_.find(hashed(destination_name));
  if (found == nullptr) return 0;
  Destination& destination = *found;
  const std::size_t count = destination.bindings.size();
  // Removing the last binding destroys the destination.
  for (std::size_t left = count; left > 0; --left) {
    leave(*destination.bindings.back().binding, Departure::dropped);
  }
  return count;
}

}  // namespace scache::cache

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cache/cache.hpp"
#include "support/rooms.hpp"

namespace scache::test {

// ReferenceCache is the simplest implementation of the cache: two vectors in the order of the
// saves, with linear search. It records the same lines as RecordingObserver.
class ReferenceCache {
 public:
  struct Connection {
    std::string endpoint;
    std::string properties;
    Instant deadline;
    int descriptor;
    std::uint64_t id;
    // Increases with each saved entry.
    std::uint64_t sequence;
    // The time of the last indexing: entries with equal deadlines leave in this order.
    std::uint64_t timed;
    bool claimed = false;
  };
  struct Binding {
    std::string destination;
    std::string properties;
    std::string endpoint;
    // The deadline, and the deadline in the index, which a renewal never moves to a later time.
    Instant until;
    Instant deadline;
    std::uint64_t sequence;
    std::uint64_t timed;
  };
  // The result of a lookup: the connection, and the properties of the binding.
  struct Hit {
    std::uint64_t id;
    std::string properties;
  };

  // An entry of a walk.
  struct Shown {
    bool is_connection;
    // Empty for a connection.
    std::string destination;
    std::string endpoint;
    std::string properties;
    Instant deadline;
    std::uint64_t sequence;

    bool operator==(const Shown&) const = default;
  };
  // The position of a walk: later entries are still to be visited.
  using Place = std::pair<Instant, std::uint64_t>;
  static constexpr Place kBeginning{Instant::min(), 0};

  explicit ReferenceCache(const CacheLimits& limits) : limits_{limits} {}

  void find_newest_first(std::set<std::string> endpoints) { newest_first_ = std::move(endpoints); }

  SaveOutcome save_connection(const std::string& endpoint, const std::string& properties,
                              Instant deadline, int descriptor) {
    if (connections_.size() >= limits_.connections) return SaveOutcome::full;
    if (connection_bytes() + cache::Connection::bytes_with(properties.size()) +
            Endpoint::bytes_with(endpoint.size()) >
        limits_.connection_bytes) {
      return SaveOutcome::full;
    }
    connections_.push_back(
        {endpoint, properties, deadline, descriptor, ++last_id_, ++sequence_, ++time_});
    tell("saved {} '{}'", endpoint, properties);
    return SaveOutcome::saved;
  }

  SaveOutcome save_binding(const std::string& destination, const std::string& properties,
                           const std::string& endpoint, Instant deadline) {
    for (Binding& binding : bindings_) {
      if (binding.destination == destination && binding.properties == properties &&
          binding.endpoint == endpoint) {
        binding.until = deadline;
        if (deadline < binding.deadline) look_at_its_end(binding);
        tell("renewed {} '{}' {}", destination, properties, endpoint);
        return SaveOutcome::renewed;
      }
    }
    if (binding_bytes() + cache::Binding::bytes_with(properties.size()) +
            Endpoint::bytes_with(endpoint.size()) + Destination::bytes_with(destination.size()) >
        limits_.binding_bytes) {
      return SaveOutcome::full;
    }
    bindings_.push_back(
        {destination, properties, endpoint, deadline, deadline, ++sequence_, ++time_});
    tell("bound {} '{}' {}", destination, properties, endpoint);
    const auto same = [&](const Binding& binding) { return binding.destination == destination; };
    if (static_cast<std::size_t>(std::count_if(bindings_.begin(), bindings_.end(), same)) >
        limits_.bindings_of_destination) {
      leave(std::find_if(bindings_.begin(), bindings_.end(), same), "evicted");
    }
    return SaveOutcome::saved;
  }

  std::optional<Hit> find_endpoint(const std::string& endpoint, Instant now) {
    std::size_t most_due = limits_.due_of_find;
    return find(endpoint, now, most_due);
  }

  std::optional<Hit> find_destination(const std::string& destination, Instant now) {
    std::size_t most_due = limits_.due_of_find;
    for (const Binding& binding : bindings_) {
      if (binding.destination != destination || binding.until <= now) continue;
      if (auto hit = find(binding.endpoint, now, most_due)) return Hit{hit->id, binding.properties};
    }
    return std::nullopt;
  }

  void commit(std::uint64_t id) { leave(connection(id), "found"); }
  void put_back(std::uint64_t id) {
    const auto it = connection(id);
    it->claimed = false;
    tell("returned {} '{}'", it->endpoint, it->properties);
  }

  std::size_t expire(Instant now, std::size_t most) {
    std::size_t left = 0;
    for (; most > 0; --most) {
      const Look look = look_at_first(now);
      if (look == Look::none_due) break;
      if (look == Look::left) ++left;
    }
    return left;
  }

  // Visits at most `most` entries, like Cache::walk().
  template <typename Visit>
  std::optional<Place> walk(Place from, std::size_t most, const Visit& visit) {
    for (;; --most) {
      auto connection = connections_.end();
      auto binding = bindings_.end();
      std::optional<Place> first;
      for (auto it = connections_.begin(); it != connections_.end(); ++it) {
        const Place place{it->deadline, it->timed};
        if (it->claimed || place < from || (first && *first < place)) continue;
        first = place;
        connection = it;
      }
      for (auto it = bindings_.begin(); it != bindings_.end(); ++it) {
        const Place place{it->deadline, it->timed};
        if (place < from || (first && *first < place)) continue;
        first = place;
        connection = connections_.end();
        binding = it;
      }
      if (!first) return std::nullopt;
      if (most == 0) return first;
      Cache::Verdict verdict{};
      if (connection != connections_.end()) {
        verdict = visit({true, "", connection->endpoint, connection->properties,
                         connection->deadline, connection->sequence});
        if (verdict == Cache::Verdict::drop) leave(connection, "dropped");
      } else {
        verdict = visit({false, binding->destination, binding->endpoint, binding->properties,
                         binding->until, binding->sequence});
        if (verdict == Cache::Verdict::drop) leave(binding, "dropped");
      }
      if (verdict == Cache::Verdict::stop) return first;
      from = {first->first, first->second + 1};
    }
  }

  std::size_t drop_connections(const std::string& endpoint, std::uint64_t last, std::size_t most) {
    std::size_t dropped = 0;
    for (auto it = connections_.begin(); it != connections_.end() && dropped < most;) {
      if (it->endpoint == endpoint && !it->claimed && it->sequence <= last) {
        it = leave(it, "dropped");
        ++dropped;
      } else {
        ++it;
      }
    }
    return dropped;
  }

  std::size_t drop_bindings(const std::string& destination) {
    std::size_t dropped = 0;
    for (std::size_t i = bindings_.size(); i > 0; --i) {
      const auto it = std::next(bindings_.begin(), static_cast<std::ptrdiff_t>(i - 1));
      if (it->destination != destination) continue;
      leave(it, "dropped");
      ++dropped;
    }
    return dropped;
  }

  std::uint64_t last_sequence() const { return sequence_; }

  Instant next_deadline() const {
    Instant next = kNever;
    for (const auto& it : connections_) {
      if (!it.claimed) next = std::min(next, it.deadline);
    }
    for (const auto& it : bindings_) next = std::min(next, it.deadline);
    return next;
  }

  std::vector<Connection>::iterator connection(std::uint64_t id) {
    return std::find_if(connections_.begin(), connections_.end(),
                        [&](const Connection& it) { return it.id == id; });
  }

  std::size_t held() const { return connections_.size(); }
  std::size_t connections() const {
    return static_cast<std::size_t>(std::count_if(connections_.begin(), connections_.end(),
                                                  [](const auto& it) { return !it.claimed; }));
  }
  std::size_t endpoints() const {
    std::set<std::string> names;
    for (const auto& it : connections_) {
      if (!it.claimed) names.insert(it.endpoint);
    }
    return names.size();
  }
  std::size_t destinations() const {
    std::set<std::string> names;
    for (const auto& it : bindings_) names.insert(it.destination);
    return names.size();
  }
  std::size_t bindings() const { return bindings_.size(); }
  std::size_t connection_bytes() const {
    std::size_t sum = 0;
    std::set<std::string> endpoints;
    for (const auto& it : connections_) {
      sum += cache::Connection::bytes_with(it.properties.size());
      endpoints.insert(it.endpoint);
    }
    for (const auto& name : endpoints) sum += Endpoint::bytes_with(name.size());
    return sum;
  }
  std::size_t binding_bytes() const {
    std::size_t sum = 0;
    std::set<std::string> endpoints;
    std::set<std::string> destinations;
    for (const auto& it : bindings_) {
      sum += cache::Binding::bytes_with(it.properties.size());
      endpoints.insert(it.endpoint);
      destinations.insert(it.destination);
    }
    for (const auto& name : endpoints) sum += Endpoint::bytes_with(name.size());
    for (const auto& name : destinations) sum += Destination::bytes_with(name.size());
    return sum;
  }

  // The lines since the last call, and the descriptors that left.
  std::vector<std::string> take() { return std::exchange(lines_, {}); }
  std::vector<int> take_left_descriptors() { return std::exchange(left_, {}); }

 private:
  template <typename... Arguments>
  void tell(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
    lines_.push_back(fmt::format(text, std::forward<Arguments>(arguments)...));
  }

  std::optional<Hit> find(const std::string& endpoint, Instant now, std::size_t& most_due) {
    std::vector<std::uint64_t> ids;
    for (const Connection& it : connections_) {
      if (it.endpoint == endpoint && !it.claimed) ids.push_back(it.id);
    }
    if (newest_first_.contains(endpoint)) std::reverse(ids.begin(), ids.end());
    for (const std::uint64_t id : ids) {
      const auto it = connection(id);
      if (it->deadline > now) {
        it->claimed = true;
        tell("claimed {} '{}'", it->endpoint, it->properties);
        return Hit{id, {}};
      }
      if (most_due == 0) continue;
      --most_due;
      leave(it, "expired");
    }
    return std::nullopt;
  }

  std::vector<Connection>::iterator leave(std::vector<Connection>::iterator it, const char* why) {
    tell("left {} '{}' {}", it->endpoint, it->properties, why);
    left_.push_back(it->descriptor);
    return connections_.erase(it);
  }
  void leave(std::vector<Binding>::iterator it, const char* why) {
    tell("unbound {} '{}' {} {}", it->destination, it->properties, it->endpoint, why);
    bindings_.erase(it);
  }

  void look_at_its_end(Binding& binding) {
    binding.deadline = binding.until;
    binding.timed = ++time_;
  }

  enum class Look { none_due, renewed, left };
  Look look_at_first(Instant now) {
    const auto sooner = [](const auto& a, const auto& b) {
      return std::pair{a.deadline, a.timed} < std::pair{b.deadline, b.timed};
    };
    auto first = connections_.end();
    for (auto it = connections_.begin(); it != connections_.end(); ++it) {
      if (!it->claimed && (first == connections_.end() || sooner(*it, *first))) first = it;
    }
    const auto bound = std::min_element(bindings_.begin(), bindings_.end(), sooner);
    const bool is_connection =
        first != connections_.end() && (bound == bindings_.end() || sooner(*first, *bound));
    if (is_connection) {
      if (first->deadline > now) return Look::none_due;
      leave(first, "expired");
      return Look::left;
    }
    if (bound == bindings_.end() || bound->deadline > now) return Look::none_due;
    if (bound->until > bound->deadline) {
      look_at_its_end(*bound);
      return Look::renewed;
    }
    leave(bound, "expired");
    return Look::left;
  }

  CacheLimits limits_;
  std::vector<Connection> connections_;
  std::vector<Binding> bindings_;
  std::set<std::string> newest_first_;
  std::uint64_t last_id_ = 0;
  std::uint64_t sequence_ = 0;
  std::uint64_t time_ = 0;
  std::vector<std::string> lines_;
  std::vector<int> left_;
};

}  // namespace scache::test

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cstdint>
#include <map>
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
    std::uint32_t owner;
    // The time of the last use: entries that were not used for longest leave first.
    std::uint64_t used;
    bool claimed = false;
    // Only bindings are.
    bool used_again = false;
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
    std::uint32_t owner;
    std::uint64_t used;
    bool claimed = false;
    // Since it was last put to the end of the order of use.
    bool used_again = false;
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
    std::uint32_t owner;

    bool operator==(const Shown&) const = default;
  };
  // The position of a walk: later entries are still to be visited.
  using Place = std::pair<Instant, std::uint64_t>;
  static constexpr Place kBeginning{Instant::min(), 0};

  explicit ReferenceCache(const CacheLimits& limits) : limits_{limits} {}

  void find_newest_first(std::set<std::string> endpoints) { newest_first_ = std::move(endpoints); }

  SaveOutcome save_connection(const std::string& endpoint, const std::string& properties,
                              Instant deadline, int descriptor, std::uint32_t owner) {
    const std::size_t size =
        cache::Connection::bytes_with(properties.size()) + Endpoint::bytes_with(endpoint.size());
    const auto claimed = [](const Connection& it) { return it.claimed; };
    const auto claimed_of_user = [&](const Connection& it) {
      return it.claimed && it.owner == owner;
    };
    const auto claimed_of_endpoint = [&](const Connection& it) {
      return it.claimed && it.endpoint == endpoint;
    };
    if (amount(connections_, claimed) + 1 > limits_.connections ||
        bytes(connections_, claimed) + size > limits_.connection_bytes ||
        amount(connections_, claimed_of_user) + 1 > limits_.connections_of_user ||
        bytes(connections_, claimed_of_user) + size > limits_.connection_bytes_of_user ||
        amount(connections_, claimed_of_endpoint) + 1 > limits_.connections_of_endpoint) {
      return SaveOutcome::full;
    }
    connections_.push_back({endpoint, properties, deadline, descriptor, ++last_id_, ++sequence_,
                            ++time_, owner, kNotYet});
    changed(connections_.back());
    tell("saved {} '{}'", endpoint, properties);
    const auto of_endpoint = [&](const Connection& it) { return it.endpoint == endpoint; };
    if (amount(connections_, of_endpoint) > limits_.connections_of_endpoint) {
      leave(std::find_if(connections_.begin(), connections_.end(),
                         [&](const Connection& it) { return of_endpoint(it) && !it.claimed; }),
            "evicted for its endpoint");
    }
    evict_for_user(connections_, owner, limits_.connections_of_user,
                   limits_.connection_bytes_of_user);
    while (connections_.size() > limits_.connections) evict_for_share(connections_, owner, false);
    while (connection_bytes() > limits_.connection_bytes) {
      evict_for_share(connections_, owner, true);
    }
    connections_.back().used = ++time_;
    return SaveOutcome::saved;
  }

  SaveOutcome save_binding(const std::string& destination, const std::string& properties,
                           const std::string& endpoint, Instant deadline, std::uint32_t owner) {
    for (Binding& binding : bindings_) {
      if (binding.destination == destination && binding.properties == properties &&
          binding.endpoint == endpoint) {
        binding.until = deadline;
        binding.used_again = true;
        if (deadline < binding.deadline) look_at_its_end(binding);
        tell("renewed {} '{}' {}", destination, properties, endpoint);
        return SaveOutcome::renewed;
      }
    }
    const std::size_t size = cache::Binding::bytes_with(properties.size()) +
                             Endpoint::bytes_with(endpoint.size()) +
                             Destination::bytes_with(destination.size());
    if (limits_.bindings == 0 || limits_.bindings_of_user == 0 || size > limits_.binding_bytes ||
        size > limits_.binding_bytes_of_user) {
      return SaveOutcome::full;
    }
    bindings_.push_back({destination, properties, endpoint, deadline, deadline, ++sequence_,
                         ++time_, owner, kNotYet});
    changed(bindings_.back());
    tell("bound {} '{}' {}", destination, properties, endpoint);
    const auto same = [&](const Binding& binding) { return binding.destination == destination; };
    if (static_cast<std::size_t>(std::count_if(bindings_.begin(), bindings_.end(), same)) >
        limits_.bindings_of_destination) {
      leave(std::find_if(bindings_.begin(), bindings_.end(), same), "evicted for its destination");
    }
    evict_for_user(bindings_, owner, limits_.bindings_of_user, limits_.binding_bytes_of_user);
    while (bindings_.size() > limits_.bindings) evict_for_share(bindings_, owner, false);
    while (binding_bytes() > limits_.binding_bytes) evict_for_share(bindings_, owner, true);
    bindings_.back().used = ++time_;
    return SaveOutcome::saved;
  }

  std::optional<Hit> find_endpoint(const std::string& endpoint, Instant now) {
    std::size_t most_due = limits_.due_of_find;
    return find(endpoint, now, most_due);
  }

  std::optional<Hit> find_destination(const std::string& destination, Instant now) {
    std::size_t most_due = limits_.due_of_find;
    for (Binding& binding : bindings_) {
      if (binding.destination != destination || binding.until <= now) continue;
      if (auto hit = find(binding.endpoint, now, most_due)) {
        binding.used_again = true;
        return Hit{hit->id, binding.properties};
      }
    }
    return std::nullopt;
  }

  void commit(std::uint64_t id) { leave(connection(id), "found"); }
  void discard(std::uint64_t id) { leave(connection(id), "dead"); }
  // The id of a connection by its sequence. claim() also claims it.
  std::uint64_t id_of(std::uint64_t sequence) const {
    return std::find_if(connections_.begin(), connections_.end(),
                        [&](const Connection& it) { return it.sequence == sequence; })
        ->id;
  }
  std::uint64_t claim(std::uint64_t sequence) {
    const auto it = connection(id_of(sequence));
    it->claimed = true;
    tell("claimed {} '{}'", it->endpoint, it->properties);
    return it->id;
  }
  void put_back(std::uint64_t id) {
    const auto it = connection(id);
    it->claimed = false;
    it->used = ++time_;
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
                         connection->deadline, connection->sequence, connection->owner});
        if (verdict == Cache::Verdict::drop) leave(connection, "dropped");
      } else {
        verdict = visit({false, binding->destination, binding->endpoint, binding->properties,
                         binding->until, binding->sequence, binding->owner});
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

  // The number of entries for which `of` is true, and what their users are charged with.
  template <typename Entry, typename Of>
  static std::size_t amount(const std::vector<Entry>& entries, const Of& of) {
    return static_cast<std::size_t>(std::count_if(entries.begin(), entries.end(), of));
  }
  template <typename Entry, typename Of>
  static std::size_t bytes(const std::vector<Entry>& entries, const Of& of) {
    std::size_t sum = 0;
    for (const Entry& it : entries) {
      if (of(it)) sum += charge(it);
    }
    return sum;
  }
  static std::size_t charge(const Connection& it) {
    return cache::Connection::bytes_with(it.properties.size()) +
           Endpoint::bytes_with(it.endpoint.size());
  }
  static std::size_t charge(const Binding& it) {
    return cache::Binding::bytes_with(it.properties.size()) +
           Endpoint::bytes_with(it.endpoint.size()) +
           Destination::bytes_with(it.destination.size());
  }

  void changed(const Connection& it) { connections_changed_[it.owner] = ++time_; }
  void changed(const Binding& it) { bindings_changed_[it.owner] = ++time_; }
  std::uint64_t last_change(const Connection& it) const {
    return connections_changed_.at(it.owner);
  }
  std::uint64_t last_change(const Binding& it) const { return bindings_changed_.at(it.owner); }

  template <typename Entry>
  void evict_for_user(std::vector<Entry>& entries, std::uint32_t owner, std::size_t most,
                      std::size_t most_bytes) {
    const auto of_user = [&](const Entry& it) { return it.owner == owner; };
    while (amount(entries, of_user) > most || bytes(entries, of_user) > most_bytes) {
      leave(longest_unused(entries, owner), "evicted for its user");
    }
  }

  // Takes an entry from the user that holds the most; with equal amounts from the saver, then from
  // the user that has had them for longest.
  template <typename Entry>
  void evict_for_share(std::vector<Entry>& entries, std::uint32_t saver, bool by_bytes) {
    const Entry* giver = nullptr;
    const auto is_after = [&](const Entry& a, const Entry& b) {
      const auto held = [&](const Entry& of) {
        const auto same = [&](const Entry& it) { return it.owner == of.owner; };
        return by_bytes ? bytes(entries, same) : amount(entries, same);
      };
      if (held(a) != held(b)) return held(a) > held(b);
      if ((a.owner == saver) != (b.owner == saver)) return a.owner == saver;
      return last_change(a) < last_change(b);
    };
    for (const Entry& it : entries) {
      if (it.claimed || it.used == kNotYet) continue;
      if (giver == nullptr || is_after(it, *giver)) giver = &it;
    }
    leave(longest_unused(entries, giver->owner), "evicted for a share");
  }

  template <typename Entry>
  typename std::vector<Entry>::iterator longest_unused(std::vector<Entry>& entries,
                                                       std::uint32_t owner) {
    const auto first = [&] {
      auto found = entries.end();
      for (auto it = entries.begin(); it != entries.end(); ++it) {
        if (it->owner != owner || it->claimed || it->used == kNotYet) continue;
        if (found == entries.end() || it->used < found->used) found = it;
      }
      return found;
    };
    for (unsigned passed = 0; passed < Holders::kPassedOver; ++passed) {
      const auto it = first();
      if (!it->used_again) return it;
      it->used_again = false;
      it->used = ++time_;
    }
    return first();
  }

  std::vector<Connection>::iterator leave(std::vector<Connection>::iterator it, const char* why) {
    changed(*it);
    tell("left {} '{}' {}", it->endpoint, it->properties, why);
    left_.push_back(it->descriptor);
    return connections_.erase(it);
  }
  void leave(std::vector<Binding>::iterator it, const char* why) {
    changed(*it);
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

  // The time of use of an entry that is being saved.
  static constexpr std::uint64_t kNotYet = UINT64_MAX;

  CacheLimits limits_;
  std::vector<Connection> connections_;
  std::vector<Binding> bindings_;
  // The time at which a user's number of entries changed last.
  std::map<std::uint32_t, std::uint64_t> connections_changed_;
  std::map<std::uint32_t, std::uint64_t> bindings_changed_;
  std::set<std::string> newest_first_;
  std::uint64_t last_id_ = 0;
  std::uint64_t sequence_ = 0;
  std::uint64_t time_ = 0;
  std::vector<std::string> lines_;
  std::vector<int> left_;
};

}  // namespace scache::test

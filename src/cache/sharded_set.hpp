// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstddef>
#include <cstdint>
#include <new>

#include "base/rooms.hpp"

namespace scache::cache {

// ShardedSet is a hash table of pointers to nodes, split into shards that grow and shrink
// separately. Rehashing reads each node of a table: a table of a million nodes takes 75 ms, a shard
// some hundred microseconds. All bits of a hash must be of equal quality. insert() throws
// std::bad_alloc.
template <typename Node, typename Hash, typename Equal>
class ShardedSet {
 public:
  static constexpr std::size_t kShards = 256;
  // A shard shrinks when less than one eighth of it is in use, to a shard that is half full. It
  // does not grow again before many entries are added.
  static constexpr std::size_t kShrinksBelow = 8;
  // A shard of this size does not shrink.
  static constexpr std::size_t kSmallest = 64;

  // Null if not found.
  template <typename Key>
  Node* find(const Key& key) const noexcept {
    const Shard& shard = shards_[index(Hash{}(key))];
    const auto found = shard.find(key);
    return found == shard.end() ? nullptr : *found;
  }
  void insert(Node* node) {
    shards_[index(Hash{}(node))].insert(node);
    ++size_;
  }
  void erase(Node* node) noexcept {
    Shard& shard = shards_[index(Hash{}(node))];
    shard.erase(node);
    --size_;
    const std::size_t places = shard.bucket_count();
    if (places <= kSmallest || shard.size() * kShrinksBelow >= places) return;
    try {
      shard.rehash(2 * shard.size());
    } catch (const std::bad_alloc&) {
      // The shard keeps its size until the next erase.
    }
  }

  std::size_t size() const noexcept { return size_; }
  // Capacity of all shards.
  std::size_t places() const noexcept {
    std::size_t places = 0;
    for (const Shard& shard : shards_) places += shard.bucket_count();
    return places;
  }
  template <typename Visit>
  void each(Visit visit) const {
    for (const Shard& shard : shards_) {
      for (Node* node : shard) visit(*node);
    }
  }

 private:
  using Shard = boost::unordered_flat_set<Node*, Hash, Equal>;

  // Uses middle bits: Boost uses the high bits for the place and the low bits for the comparison.
  static std::size_t index(std::uint64_t hash) noexcept { return hash >> 8 & (kShards - 1); }

  std::array<Shard, kShards> shards_;
  std::size_t size_ = 0;
};

}  // namespace scache::cache

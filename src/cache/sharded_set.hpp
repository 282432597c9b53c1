#pragma once

#include <array>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstddef>
#include <cstdint>
#include <new>

#include "base/rooms.hpp"

namespace scache::cache {

// ShardedSet is a hash table of pointers to nodes, split into shards that grow and shrink each by
// itself. Rehashing reads every node of a table: with a million in one that takes 75 ms, and here
// some hundred microseconds at a time. A hash must be as good in its middle bits as in the others.
// insert() throws std::bad_alloc.
template <typename Node, typename Hash, typename Equal>
class ShardedSet {
 public:
  static constexpr std::size_t kShards = 256;
  // A shard shrinks when this part of it is in use, to one that is half full: so it takes many
  // entries until it grows again.
  static constexpr std::size_t kShrinksBelow = 8;
  // Places that a shard keeps.
  static constexpr std::size_t kSmallest = 64;

  // Null where there is none.
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
      // It stays as it is; the next erase tries again.
    }
  }

  std::size_t size() const noexcept { return size_; }
  // Places in all shards.
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

  // A shard takes places from the high bits and a first comparison from the low ones.
  static std::size_t index(std::uint64_t hash) noexcept { return hash >> 8 & (kShards - 1); }

  std::array<Shard, kShards> shards_;
  std::size_t size_ = 0;
};

}  // namespace scache::cache

// SPDX-License-Identifier: Apache-2.0
#include <malloc.h>

#include <charconv>
#include <cstdlib>
#include <new>
#include <optional>

#include "cache/allocations.hpp"
#include "cache/cache_fixture.hpp"
#include "support/rooms.hpp"

// Failing allocations, and the memory use of the cache.

namespace scache::test {

constinit Allocations allocations;

namespace {

void* allocate(std::size_t size) noexcept {
  if (allocations.fail_in > 0) {
    --allocations.fail_in;
    if (allocations.fail_in == 0) return nullptr;
  }
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory != nullptr) {
    ++allocations.live;
    allocations.live_bytes += ::malloc_usable_size(memory);
    ++allocations.made;
    allocations.bytes += size;
  }
  return memory;
}

void* allocate_or_throw(std::size_t size) {
  void* memory = allocate(size);
  if (memory == nullptr) throw std::bad_alloc{};
  return memory;
}

void release(void* memory) noexcept {
  if (memory != nullptr) {
    --allocations.live;
    allocations.live_bytes -= ::malloc_usable_size(memory);
  }
  std::free(memory);
}

}  // namespace
}  // namespace scache::test

void* operator new(std::size_t size) {
  return scache::test::allocate_or_throw(size);
}
void* operator new[](std::size_t size) {
  return scache::test::allocate_or_throw(size);
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return scache::test::allocate(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return scache::test::allocate(size);
}
void operator delete(void* memory) noexcept {
  scache::test::release(memory);
}
void operator delete[](void* memory) noexcept {
  scache::test::release(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  scache::test::release(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  scache::test::release(memory);
}
void operator delete(void* memory, const std::nothrow_t&) noexcept {
  scache::test::release(memory);
}
void operator delete[](void* memory, const std::nothrow_t&) noexcept {
  scache::test::release(memory);
}

namespace scache::test {
namespace {

using testing::ElementsAreArray;

// One save, and the contents of the cache before it. Its user is new.
struct Save {
  const char* name;
  const char* destination;  // nullptr: a connection is saved.
  const char* endpoint;
};

// "e0" and "d0" are in the cache whenever it is not empty.
constexpr Save kSaves[] = {
    {"a connection of a new endpoint", nullptr, "new"},
    {"a connection of a known endpoint", nullptr, "e0"},
    {"a binding of a new destination to a new endpoint", "new", "new"},
    {"a binding of a new destination to a known endpoint", "new", "e0"},
    {"a binding of a known destination to a new endpoint", "d0", "new"},
    {"a binding of a known destination to a known endpoint", "d0", "e0"},
};

std::string numbered(const char* what, int number) {
  return fmt::format("{}{}", what, number);
}

// A number as a name, made without an allocation.
class ShortName {
 public:
  explicit ShortName(int number)
      : end_{std::to_chars(text_.data(), text_.data() + text_.size(), number).ptr} {}
  operator std::string_view() const { return {text_.data(), end_}; }

 private:
  std::array<char, 16> text_;
  const char* end_;
};

class CacheMemoryTest : public testing::Test {
 protected:
  void SetUp() override { descriptors_before_ = open_descriptors(); }
  void TearDown() override { EXPECT_EQ(open_descriptors(), descriptors_before_); }

  // A cache with `size` endpoints that have a connection and two bindings. "d0" has more bindings,
  // so that its list of bindings grows, too.
  void fill(Cache& cache, int size) {
    for (int i = 0; i < size; ++i) {
      Fd fd = any_descriptor();
      cache.save_connection(numbered("e", i), "c", at(10), fd);
      cache.save_binding(numbered("d", i), "b", numbered("e", i), at(10), at(0));
      cache.save_binding("d0", "b0", numbered("e", i), at(10), at(0));
    }
  }
  SaveOutcome run(Cache& cache, const Save& save, Fd& fd) {
    if (save.destination == nullptr) {
      return cache.save_connection(save.endpoint, "p", at(20), fd, {.owner = 1});
    }
    return cache.save_binding(save.destination, "p", save.endpoint, at(20), at(0), 1);
  }
  std::array<std::size_t, 7> counts(const Cache& cache) {
    return {cache.connections(),
            cache.held(),
            cache.endpoints(),
            cache.destinations(),
            cache.bindings(),
            cache.bytes(),
            static_cast<std::size_t>(observer_.told)};
  }

  // Fails the nth allocation of this save into a cache of this size. False if it has fewer.
  bool fails(const Save& save, int size, std::size_t nth) {
    Cache cache{{}};
    cache.observe(observer_);
    fill(cache, size);
    Fd fd = any_descriptor();
    const auto before = counts(cache);
    bool failed = false;
    try {
      const FailingAllocation failing{nth};
      run(cache, save, fd);
    } catch (const std::bad_alloc&) {
      failed = true;
    }
    if (!failed) return false;

    EXPECT_TRUE(fd);
    EXPECT_THAT(counts(cache), ElementsAreArray(before));
    // The cache is unchanged, and the same save succeeds now.
    for (int i = 0; i < size; ++i) {
      EXPECT_TRUE(cache.find_endpoint(numbered("e", i), at(0)));
      EXPECT_TRUE(cache.find_destination(numbered("d", i), at(0)));
    }
    EXPECT_FALSE(cache.find_endpoint("new", at(0)));
    EXPECT_FALSE(cache.find_destination("new", at(0)));
    EXPECT_EQ(run(cache, save, fd), SaveOutcome::saved);
    cache.expire(kNever, SIZE_MAX);
    EXPECT_EQ(cache.bytes(), 0U);
    return true;
  }

  QuietObserver observer_;

 private:
  std::size_t descriptors_before_ = 0;
};

// Sizes at which all tables have grown several times.
TEST_F(CacheMemoryTest, ASaveThatFailsAtAnyAllocationChangesNothingAndLeaksNothing) {
  for (const Save& save : kSaves) {
    std::size_t failures = 0;
    for (int size = 0; size <= 64; ++size) {
      const std::size_t live_before = allocations.live;
      std::size_t nth = 1;
      while (fails(save, size, nth)) ++nth;
      ASSERT_EQ(allocations.live, live_before) << save.name << " into " << size;
      ASSERT_GT(nth, 1U) << save.name << " into " << size;
      ASSERT_FALSE(HasFailure()) << save.name << " into " << size << ", allocation " << nth;
      failures = std::max(failures, nth - 1);
    }
    // The node itself, and at least one table that grew.
    EXPECT_GE(failures, 2U - (save.destination == nullptr && save.endpoint[0] == 'e')) << save.name;
  }
}

TEST_F(CacheMemoryTest, NothingButANewEntryNeedsMemory) {
  Cache cache{{.connections = 100, .connection_bytes = 100'000}};
  const std::string long_properties(100'000, 'p');
  cache.observe(observer_);
  fill(cache, 100);
  Fd fd = any_descriptor();
  const std::size_t made_before = allocations.made;
  {
    const FailingAllocation failing{1};
    EXPECT_EQ(cache.save_binding("d7", "b", "e7", at(11), at(0)), SaveOutcome::renewed);
    EXPECT_EQ(cache.save_connection("e7", long_properties, at(10), fd), SaveOutcome::full);
    cache.find_endpoint("nobody", at(0));
    cache.find_destination("nobody", at(0));
    cache.find_endpoint("e1", at(0));
    cache.find_endpoint("e2", at(0))->commit();
    cache.find_destination("d0", at(0));
    cache.find_destination("d3", at(0))->claim.commit();
    cache.find_endpoint("e4", at(10));
  }
  EXPECT_EQ(allocations.made, made_before);
  // Entries leave without an allocation; tables that cannot shrink now shrink later.
  const FailingAllocation failing{1};
  cache.expire(at(10), SIZE_MAX);
  cache.expire(kNever, SIZE_MAX);
  EXPECT_EQ(cache.bytes(), 0U);
}

TEST_F(CacheMemoryTest, AnEndedCacheHasFreedEverything) {
  const std::size_t live_before = allocations.live;
  {
    Cache cache{{}};
    cache.observe(observer_);
    fill(cache, 100);
    cache.find_endpoint("e1", at(0));
    cache.find_endpoint("e2", at(0))->commit();
    cache.find_endpoint("e3", at(10));
  }
  EXPECT_EQ(allocations.live, live_before);
}

// Counts all allocated bytes, so that tables with too small steps of growth fail.
TEST_F(CacheMemoryTest, WhatIsAllocatedGrowsWithTheEntriesAndNoFaster) {
  Cache cache{{}};
  cache.observe(observer_);
  const auto allocated = [&](auto&& act) {
    const std::size_t before = allocations.bytes;
    act();
    return allocations.bytes - before;
  };
  const auto bind_all = [&](int from, int to) {
    for (int i = from; i < to; ++i) {
      const ShortName name{i};
      cache.save_binding(name, "b", name, at(10), at(0));
    }
  };
  const std::size_t first = allocated([&] { bind_all(0, 10'000); });
  EXPECT_LT(first, 10'000U * 1'000);
  const std::size_t all = first + allocated([&] { bind_all(10'000, 100'000); });
  EXPECT_LT(all, 100'000U * 1'000);

  const std::size_t one_destination = allocated([&] {
    for (int i = 0; i < 1'024; ++i) {
      cache.save_binding("d", "b", ShortName{i}, at(10), at(0));
    }
  });
  EXPECT_LT(one_destination, 1'024U * 1'000);
}

// The saved entry, the least recently used one, and the endpoint, the destination and the table
// places of both: a failure leaves all of them.
TEST_F(CacheMemoryTest, ASaveThatFailsEvictsNothing) {
  for (const Save& save : kSaves) {
    for (std::size_t nth = 1;; ++nth) {
      Cache cache{{.connections = 16, .bindings = 32}};
      cache.observe(observer_);
      fill(cache, 16);
      Fd fd = any_descriptor();
      const auto before = counts(cache);
      const int told = observer_.told;
      try {
        const FailingAllocation failing{nth};
        EXPECT_EQ(run(cache, save, fd), SaveOutcome::saved);
      } catch (const std::bad_alloc&) {
        EXPECT_TRUE(fd);
        EXPECT_THAT(counts(cache), ElementsAreArray(before));
        continue;
      }
      EXPECT_EQ(observer_.told, told + 2) << save.name;
      EXPECT_EQ(cache.connections(), 16U);
      EXPECT_EQ(cache.bindings(), before[4]);
      break;
    }
  }
}

// Slots, tables and nodes are reused: a busy cache of constant size does not grow.
TEST_F(CacheMemoryTest, ComingAndGoingTakesNoMoreMemory) {
  Cache cache{{}};
  cache.observe(observer_);
  const auto come_and_go = [&](int from, int to) {
    for (int i = from; i < to; ++i) {
      const std::string name = fmt::format("{:06}", i);
      Fd fd = any_descriptor();
      cache.save_connection(name, "c", at(i + 10), fd);
      cache.save_binding(name, "b", name, at(i + 10), at(0));
      cache.expire(at(i), SIZE_MAX);
    }
  };
  // Until each shard of the tables has been used.
  come_and_go(0, 10'000);
  const Allocations before = allocations;
  come_and_go(10'000, 20'000);
  EXPECT_EQ(allocations.live, before.live);
  EXPECT_LE(allocations.live_bytes, before.live_bytes + 1'000);
  // Nodes for the endpoint, the destination, the connection and the binding; few tables.
  EXPECT_LE(allocations.made - before.made, 10'000U * 4 + 100);
}

}  // namespace
}  // namespace scache::test

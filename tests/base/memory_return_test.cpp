// SPDX-License-Identifier: Apache-2.0
#include "base/memory_return.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <memory>
#include <vector>

namespace scache::base {
namespace {

constexpr std::size_t kMegabyte = std::size_t{1} << 20;

TEST(MemoryReturnTest, IsDueWhenNearlyAllIsFree) {
  MemoryReturn memory;
  EXPECT_FALSE(memory.is_due(0));
  EXPECT_FALSE(memory.is_due(320 * kMegabyte));
  EXPECT_FALSE(memory.is_due(10 * kMegabyte + 1));
  EXPECT_TRUE(memory.is_due(10 * kMegabyte));
}

TEST(MemoryReturnTest, IsDueOnceAndNotForLittle) {
  MemoryReturn memory;
  memory.is_due(320 * kMegabyte);
  EXPECT_TRUE(memory.is_due(kMegabyte));
  EXPECT_FALSE(memory.is_due(kMegabyte));
  EXPECT_FALSE(memory.is_due(0));
  EXPECT_FALSE(memory.is_due(MemoryReturn::kStep - 1));
  EXPECT_FALSE(memory.is_due(0));
  EXPECT_FALSE(memory.is_due(MemoryReturn::kStep));
  EXPECT_TRUE(memory.is_due(0));
}

#ifndef __SANITIZE_ADDRESS__  // Has a heap of its own.
std::size_t resident() {
  std::size_t size = 0;
  std::size_t pages = 0;
  std::ifstream{"/proc/self/statm"} >> size >> pages;
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

TEST(MemoryReturnTest, MemoryBelowWhatIsInUseGoesBack) {
  std::vector<std::unique_ptr<char[]>> blocks(64 * 1'024);
  for (auto& block : blocks) {
    block = std::make_unique_for_overwrite<char[]>(1'000);
    std::memset(block.get(), 1, 1'000);
  }
  // The last block stays allocated, so that the heap cannot shrink at its end.
  const auto last = std::move(blocks.back());
  for (auto& block : blocks) block.reset();
  const std::size_t before = resident();
  return_free_memory();
  EXPECT_LT(resident() + 50 * kMegabyte, before);
}
#endif

}  // namespace
}  // namespace scache::base

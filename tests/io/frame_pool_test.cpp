#include "io/frame_pool.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <vector>

// The memory of coroutines, kept for the next.

namespace scache::test {
namespace {

TEST(FramePoolTest, AFrameIsAsLargeAsAsked) {
  for (std::size_t size = 1; size < 3 * FramePool::kSizes * FramePool::kStep; size += 61) {
    void* const frame = FramePool::take(size);
    std::memset(frame, 0x55, size);
    FramePool::give(frame, size);
  }
}

TEST(FramePoolTest, FramesInUseAreDistinct) {
  std::vector<void*> frames;
  for (std::size_t i = 0; i < 3 * FramePool::kMostKept; ++i) frames.push_back(FramePool::take(100));
  EXPECT_EQ(std::set<void*>(frames.begin(), frames.end()).size(), frames.size());
  // More are given than are kept: the rest goes back to the system.
  for (void* const frame : frames) FramePool::give(frame, 100);
}

#ifndef SCACHE_FRESH_FRAMES
TEST(FramePoolTest, AFrameThatEndedServesTheNextOfItsSize) {
  void* const frame = FramePool::take(100);
  FramePool::give(frame, 100);
  void* const next = FramePool::take(120);
  EXPECT_EQ(next, frame);
  FramePool::give(next, 120);
}
#endif

}  // namespace
}  // namespace scache::test

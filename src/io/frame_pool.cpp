#include "io/frame_pool.hpp"

#include <new>

namespace scache {
namespace {

#ifdef SCACHE_FRESH_FRAMES
constexpr std::size_t kLargestKept = 0;
#else
constexpr std::size_t kLargestKept = FramePool::kSizes;
#endif

// How many steps a frame of `size` bytes takes.
constexpr std::size_t steps_of(std::size_t size) noexcept {
  return (size + FramePool::kStep - 1) / FramePool::kStep;
}

}  // namespace

void* FramePool::take(std::size_t size) {
  const std::size_t steps = steps_of(size);
  if (steps > kLargestKept) return ::operator new(size);
  Kept& kept = kept_[steps];
  if (kept.first == nullptr) return ::operator new(steps * kStep);
  --kept.count;
  Free* const frame = kept.first;
  kept.first = frame->next;
  return frame;
}

void FramePool::give(void* frame, std::size_t size) noexcept {
  const std::size_t steps = steps_of(size);
  if (steps > kLargestKept || kept_[steps].count >= kMostKept) {
    ::operator delete(frame);
    return;
  }
  Kept& kept = kept_[steps];
  kept.first = new (frame) Free{kept.first};
  ++kept.count;
}

}  // namespace scache

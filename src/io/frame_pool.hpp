#pragma once

#include <cstddef>

namespace scache {

// FramePool keeps the memory of coroutines that have ended for the next ones of the same size: a
// request makes and ends half a dozen of them. One thread, as its loop.
//
// Built with sanitizers it keeps nothing, so that they see each frame's end.
class FramePool {
 public:
  // Sizes are rounded up to this, in bytes; larger frames than kSizes of it are not kept.
  static constexpr std::size_t kStep = 64;
  static constexpr std::size_t kSizes = 16;
  // Frames of a size that are kept. A client has a handful; a crowd's memory is given back.
  static constexpr std::size_t kMostKept = 64;

  // Throws std::bad_alloc.
  static void* take(std::size_t size);
  static void give(void* frame, std::size_t size) noexcept;

 private:
  struct Free {
    Free* next;
  };
  struct Kept {
    Free* first;
    std::size_t count;
  };
  static inline Kept kept_[kSizes + 1] = {};
};

}  // namespace scache

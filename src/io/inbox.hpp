// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "base/rooms.hpp"

namespace scache::io {

// Inbox is a buffer of received bytes that grows as needed. consume() moves no bytes: views into
// bytes() stay valid until space() or shrink() is called.
class Inbox {
 public:
  // Twice the size of what Postfix sends at once. Every idle client takes this much memory.
  static constexpr std::size_t kInitialBytes = 4'096;

  std::string_view bytes() const noexcept { return {data_.get() + begin_, end_ - begin_}; }
  bool empty() const noexcept { return begin_ == end_; }

  // Free space of at least one byte; received() sets how much of it was filled. Throws
  // std::bad_alloc.
  std::span<char> space();
  void received(std::size_t size) noexcept { end_ += size; }
  void consume(std::size_t size) noexcept { begin_ += size; }
  // Shrinks an empty buffer to its initial size. Called before a wait that may be long.
  void shrink() noexcept;

 private:
  void reallocate(std::size_t capacity);

  std::unique_ptr<char[]> data_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace scache::io

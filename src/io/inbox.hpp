#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "base/rooms.hpp"

namespace scache::io {

// Inbox keeps received bytes until they are consumed. Consuming moves nothing: views into bytes()
// stay valid until space() or shrink() is called. Grows as needed.
class Inbox {
 public:
  // Holds what Postfix sends in one go, twice; an idle client costs this much memory.
  static constexpr std::size_t kInitialBytes = 4'096;

  std::string_view bytes() const noexcept { return {data_.get() + begin_, end_ - begin_}; }
  bool empty() const noexcept { return begin_ == end_; }

  // Room to receive into, one byte at least; received() says how much of it was used. Throws
  // std::bad_alloc.
  std::span<char> space();
  void received(std::size_t size) noexcept { end_ += size; }
  void consume(std::size_t size) noexcept { begin_ += size; }
  // Gives back what it grew by, if it is empty: before a wait that may be long.
  void shrink() noexcept;

 private:
  void reallocate(std::size_t capacity);

  std::unique_ptr<char[]> data_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace scache::io

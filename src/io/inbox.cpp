// SPDX-License-Identifier: Apache-2.0
#include "io/inbox.hpp"

#include <cstring>

namespace scache::io {

std::span<char> Inbox::space() {
  if (empty()) {
    begin_ = end_ = 0;
    if (capacity_ == 0) reallocate(kInitialBytes);
  } else if (end_ == capacity_) {
    // Half of the buffer is free afterwards, so that the amortized cost of moving is constant.
    if (end_ - begin_ > capacity_ / 2) {
      reallocate(capacity_ * 2);
    } else {
      std::memmove(data_.get(), data_.get() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
  }
  return {data_.get() + end_, capacity_ - end_};
}

void Inbox::shrink() noexcept {
  if (!empty() || capacity_ <= kInitialBytes) return;
  data_.reset();
  capacity_ = begin_ = end_ = 0;
}

void Inbox::reallocate(std::size_t capacity) {
  auto data = std::make_unique_for_overwrite<char[]>(capacity);
  if (!empty()) std::memcpy(data.get(), data_.get() + begin_, end_ - begin_);
  data_ = std::move(data);
  capacity_ = capacity;
  end_ -= begin_;
  begin_ = 0;
}

}  // namespace scache::io

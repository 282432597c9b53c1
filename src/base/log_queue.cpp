// SPDX-License-Identifier: Apache-2.0
#include "base/log_queue.hpp"

#include <utility>

namespace scache::base {

bool LogQueue::push(std::string_view text, std::uint64_t stands_for) noexcept {
  is_full_ = bytes_ + text.size() > (is_full_ ? kRoomAgain : kMaxBytes);
  if (is_full_) return false;
  try {
    lines_.push_back({std::string{text}, stands_for});
  } catch (...) {
    return false;
  }
  bytes_ += text.size();
  return true;
}

LogQueue::Line LogQueue::pop() noexcept {
  Line line = std::move(lines_.front());
  lines_.pop_front();
  bytes_ -= line.text.size();
  return line;
}

void LogQueue::lose(std::string_view note, std::uint64_t lines) noexcept {
  lost_ += lines;
  try {
    if (note_ != note) note_ = note;
  } catch (...) {
  }
}

}  // namespace scache::base

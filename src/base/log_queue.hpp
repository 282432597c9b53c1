// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "base/rooms.hpp"

namespace scache::base {

// LogQueue holds lines for a slow log, and counts the lines that are lost. Pure.
class LogQueue {
 public:
  // Some thousand lines: what a server logs in a bad second. Lines beyond that repeat others.
  static constexpr std::size_t kMaxBytes = 256 * 1024;
  // A queue that was full accepts lines again below this, so that gaps are few and long.
  static constexpr std::size_t kRoomAgain = kMaxBytes / 2;

  struct Line {
    std::string text;
    // How many lines are lost if this one is: the number that it reports, or one.
    std::uint64_t stands_for = 1;
  };

  bool empty() const noexcept { return lines_.empty(); }
  // Returns false if there is no room.
  bool push(std::string_view text, std::uint64_t stands_for = 1) noexcept;
  // Removes the oldest line. The queue must not be empty.
  Line pop() noexcept;

  // Counts lost lines. `note` is the line that reports them, without the number.
  void lose(std::string_view note, std::uint64_t lines = 1) noexcept;
  std::uint64_t lost() const noexcept { return lost_; }
  const std::string& note() const noexcept { return note_; }
  // Subtracts lost lines that were reported.
  void reported(std::uint64_t lines) noexcept { lost_ -= lines; }

 private:
  std::deque<Line> lines_;
  std::size_t bytes_ = 0;
  bool is_full_ = false;
  std::uint64_t lost_ = 0;
  std::string note_;
};

}  // namespace scache::base

#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "base/rooms.hpp"

namespace scache::base {

// LogQueue holds lines that wait for a slow log, and counts those that are lost. Pure.
class LogQueue {
 public:
  // Some thousand lines: what a server says in a bad second. With it, what is lost says little new.
  static constexpr std::size_t kMaxBytes = 256 * 1024;
  // When it was full it takes lines again at this, so that gaps are few and long.
  static constexpr std::size_t kRoomAgain = kMaxBytes / 2;

  struct Line {
    std::string text;
    // How many lines are lost with it: those that it tells of, or itself.
    std::uint64_t stands_for = 1;
  };

  bool empty() const noexcept { return lines_.empty(); }
  // False where there is no room.
  bool push(std::string_view text, std::uint64_t stands_for = 1) noexcept;
  // The oldest; not to be called where there is none.
  Line pop() noexcept;

  // Lines were lost: `note` is the line that will tell, up to their number.
  void lose(std::string_view note, std::uint64_t lines = 1) noexcept;
  std::uint64_t lost() const noexcept { return lost_; }
  const std::string& note() const noexcept { return note_; }
  // So many of the lost are told of.
  void told(std::uint64_t lines) noexcept { lost_ -= lines; }

 private:
  std::deque<Line> lines_;
  std::size_t bytes_ = 0;
  bool is_full_ = false;
  std::uint64_t lost_ = 0;
  std::string note_;
};

}  // namespace scache::base

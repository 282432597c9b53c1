// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/rooms.hpp"

namespace scache::io {

// Answers are what the threads of the Closer tell the loop, which watches their descriptor: that a
// request was sent, and what was received. They may outlive the loop.
class Answers {
 public:
  enum class Kind : std::uint8_t {
    // The request was sent; or it was not, because of unread input; or it was not, or only in part.
    sent,
    has_input,
    not_sent,
    // `bytes` was received. `ended`: there is no more, after the end of the other side, an error,
    // or kMaxAnswer bytes.
    received,
    ended,
  };
  struct Answer {
    // The key of the call of the Closer.
    std::uint64_t key = 0;
    Kind kind = Kind::ended;
    std::string bytes{};
  };

  // Throws std::system_error.
  Answers();

  // Readable if something was put. The object owns it.
  int descriptor() const noexcept { return event_.get(); }
  // Called by any thread. Without memory nothing is put.
  void put(Answer answer) noexcept;
  // Takes everything, in the order of put().
  std::vector<Answer> take() noexcept;

 private:
  Fd event_;
  std::mutex mutex_;
  std::vector<Answer> answers_;
};

}  // namespace scache::io

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/rooms.hpp"

namespace scache::io {

// Answers are what the threads of the Closer have received, for the loop, which watches their
// descriptor. They may outlive the loop.
class Answers {
 public:
  struct Received {
    // The key of the request to receive.
    std::uint64_t key = 0;
    std::string bytes{};
    // Whether the other side may send more: false after its end, an error, or kMaxAnswer bytes.
    bool is_open = false;
  };

  // Throws std::system_error.
  Answers();

  // Readable if something was put. The object owns it.
  int descriptor() const noexcept { return event_.get(); }
  // Called by any thread. Without memory nothing is put.
  void put(Received received) noexcept;
  // Takes everything, in the order of put().
  std::vector<Received> take() noexcept;

 private:
  Fd event_;
  std::mutex mutex_;
  std::vector<Received> received_;
};

}  // namespace scache::io

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/log.hpp"
#include "io/closer.hpp"
#include "io/loop.hpp"

namespace scache::server {

// ClosingWatch supervises a closer from the loop: it waits for the threads when they lag behind,
// replaces blocked threads, and logs them.
class ClosingWatch {
 public:
  ClosingWatch(Loop& loop, Closer& closer, Log& log);

  // To be called before each wait of the loop.
  void before_wait() noexcept;

 private:
  void look() noexcept;

  Loop& loop_;
  Closer& closer_;
  Log& log_;
  Timer timer_;
  bool is_watching_ = false;
  bool has_logged_ = false;
};

}  // namespace scache::server

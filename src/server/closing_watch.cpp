// SPDX-License-Identifier: Apache-2.0
#include "server/closing_watch.hpp"

#include <cstdint>
#include <exception>
#include <utility>

namespace scache::server {

ClosingWatch::ClosingWatch(Loop& loop, Closer& closer, Log& log)
    : loop_{loop}, closer_{closer}, log_{log}, timer_{loop, [this] { look(); }} {}

void ClosingWatch::before_wait() noexcept {
  const bool is_busy = closer_.catch_up();
  if (is_busy && !std::exchange(is_watching_, true)) {
    timer_.set(after(loop_.now(), Closer::kLookEvery));
  }
  if (closer_.lacks_threads() && !std::exchange(has_logged_, true)) {
    log_.warn(LogKind::session, loop_.now(),
              "cannot start a thread: a close(2) that blocks delays all clients");
  }
}

void ClosingWatch::look() noexcept {
  is_watching_ = false;
  try {
    for (const auto& [user, closes] : closer_.look()) {
      log_.warn(LogKind::transfer, loop_.now(),
                "close(2) of descriptors from user {} does not return: {} blocked{}",
                std::int64_t{user}, closes,
                closes < Closer::kStuckOfUser ? "" : ", the user is refused");
    }
  } catch (const std::exception& failure) {
    log_.warn(LogKind::session, loop_.now(), "cannot check for blocked close(2) calls: {}",
              failure.what());
  }
}

}  // namespace scache::server

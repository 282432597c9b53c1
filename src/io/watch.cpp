// SPDX-License-Identifier: Apache-2.0
#include "io/watch.hpp"

#include <sys/epoll.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace scache::io {

Watch::~Watch() {
  loop_.unwatch(descriptor_, *this);
}

Watch::Awaiter Watch::readable(Instant deadline) noexcept {
  return {*this, EPOLLIN, deadline};
}
Watch::Awaiter Watch::writable(Instant deadline) noexcept {
  return {*this, EPOLLOUT, deadline};
}
void Watch::wait(std::uint32_t events, Instant deadline, std::coroutine_handle<> waiting) {
  if (events == kSoon) {
    loop_.wake_soon(*this);
  } else if (events != 0) {
    const int error = loop_.watch(descriptor_, events, *this);
    if (error == EPERM) {
      // epoll(7) does not support regular files, which are always ready.
      loop_.wake_soon(*this);
    } else if (error != 0) {
      throw std::system_error{error, std::generic_category(), "epoll_ctl"};
    }
  }
  loop_.set_deadline(*this, deadline);
  wanted_ = events;
  waiting_ = waiting;
}

void Watch::wake(bool timed_out) noexcept {
  if (!waiting_ || (wanted_ == 0 && !timed_out)) {
    // epoll reports an event that no coroutine waits for (EPOLLHUP cannot be masked): stop
    // watching.
    loop_.unwatch(descriptor_, *this);
    return;
  }
  if (!timed_out) loop_.set_deadline(*this, kNever);
  timed_out_ = timed_out;
  std::exchange(waiting_, nullptr).resume();
}

}  // namespace scache::io

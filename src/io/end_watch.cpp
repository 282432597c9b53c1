// SPDX-License-Identifier: Apache-2.0
#include "io/end_watch.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace scache::io {

EndWatch::EndWatch(Loop& loop, int descriptor, std::function<void()> gone)
    : descriptor_{descriptor}, gone_{std::move(gone)}, watch_{loop, descriptor}, task_{watch()} {
  task_.start();
  // The task has ended already: the descriptor could not be watched.
  if (task_.done()) task_.result();
}

Task<> EndWatch::watch() {
  for (;;) {
    co_await watch_.readable();
    std::array<char, 256> dropped;
    // Does not block, since the descriptor is readable.
    const ssize_t size = ::read(descriptor_, dropped.data(), dropped.size());
    if (size > 0 || (size < 0 && (errno == EINTR || errno == EAGAIN))) continue;
    gone_();
    co_return;
  }
}

}  // namespace scache::io

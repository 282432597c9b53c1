// SPDX-License-Identifier: Apache-2.0
#include "base/check.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>

namespace scache::base {

void check_failed(const char* what, const std::source_location& where) noexcept {
  std::array<char, 512> line;
  const int size = std::snprintf(line.data(), line.size(), "%s:%u: %s\n", where.file_name(),
                                 static_cast<unsigned>(where.line()), what);
  // A slow reader of standard error must not delay the abort.
  pollfd error{STDERR_FILENO, POLLOUT, 0};
  if (size > 0 && ::poll(&error, 1, 0) == 1 && (error.revents & POLLOUT) != 0) {
    const auto most = std::min(static_cast<std::size_t>(size), line.size() - 1);
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), most);
  }
  std::abort();
}

}  // namespace scache::base

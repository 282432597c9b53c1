// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <source_location>

#include "base/rooms.hpp"

namespace scache::base {

// Writes the place and `what` to standard error, and aborts.
[[noreturn]] void check_failed(const char* what, const std::source_location& where) noexcept;

// Aborts unless `holds`, in every build. For invariants that only a bug in this program can break,
// never for conditions that a client or the system can cause. `what` describes the violation.
inline void check(bool holds, const char* what,
                  const std::source_location& where = std::source_location::current()) noexcept {
  if (!holds) [[unlikely]] {
    check_failed(what, where);
  }
}

}  // namespace scache::base

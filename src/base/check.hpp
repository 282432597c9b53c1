#pragma once

#include <source_location>

#include "base/rooms.hpp"

namespace scache::base {

// Ends the process: writes where and what to standard error, and aborts.
[[noreturn]] void check_failed(const char* what, const std::source_location& where) noexcept;

// Aborts unless `holds`, in every build: for what only a bug of our own can break, never for what a
// client or the system does. `what` says what is wrong then.
inline void check(bool holds, const char* what,
                  const std::source_location& where = std::source_location::current()) noexcept {
  if (!holds) [[unlikely]] {
    check_failed(what, where);
  }
}

}  // namespace scache::base

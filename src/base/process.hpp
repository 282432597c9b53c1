#pragma once

#include <sys/resource.h>

#include "base/log.hpp"
#include "base/rooms.hpp"

namespace scache::base {

// Occupies those of the descriptors 0, 1 and 2 that are closed, so that nothing opened later gets
// such a number and is taken for standard output or standard error. Programs that are executed find
// them closed as before. False where the system has no descriptor left for that.
[[nodiscard]] bool reserve_standard_descriptors() noexcept;

// Whether the process was started with this descriptor: what it opens itself is close-on-exec.
bool is_inherited(int descriptor) noexcept;

// Prepares a server: reserves the standard descriptors and ignores the signals that must not end
// it. False where the descriptors cannot be reserved.
[[nodiscard]] bool prepare_server() noexcept;

// Raises the limit of open descriptors to its maximum and returns the limit that is in force. A
// system that refuses costs a warning.
rlim_t raise_descriptor_limit(Log& log) noexcept;

// The limit that is assumed where the system does not tell it: Linux's default.
inline constexpr rlim_t kAssumedDescriptors = 1024;

}  // namespace scache::base

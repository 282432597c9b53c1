// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/resource.h>

#include "base/log.hpp"
#include "base/rooms.hpp"

namespace scache::base {

// Reserves those of the descriptors 0, 1 and 2 that are closed, so that no file opened later is
// taken for standard output or standard error. The placeholders are close-on-exec. Returns false if
// the system has no free descriptor.
[[nodiscard]] bool reserve_standard_descriptors() noexcept;

// Whether the process has inherited this descriptor: those that it opens itself are close-on-exec.
bool is_inherited(int descriptor) noexcept;

// Reserves the standard descriptors and ignores the signals that must not end a server. Returns
// false if the descriptors cannot be reserved.
[[nodiscard]] bool prepare_server() noexcept;

// Raises the soft limit of open files to the hard limit, and returns the limit in force. Logs a
// warning if the system refuses.
rlim_t raise_descriptor_limit(Log& log) noexcept;

// The limit that is assumed if getrlimit(2) fails: Linux's default.
inline constexpr rlim_t kAssumedDescriptors = 1024;

}  // namespace scache::base

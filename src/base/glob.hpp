// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/rooms.hpp"

namespace scache::base {

// Whether a name matches a pattern: `*` matches any bytes, `?` matches one, `\\` escapes the next
// byte. The number of steps is at most the product of both sizes.
bool glob_matches(std::string_view pattern, std::string_view name) noexcept;

}  // namespace scache::base

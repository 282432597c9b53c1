// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "base/log.hpp"
#include "base/result.hpp"

namespace scache::main_cf {

// The maximum depth of nested references, including the literal text in the innermost one.
inline constexpr int kMaxExpansionDepth = 101;
// The maximum size of the result, in bytes.
inline constexpr std::size_t kMaxExpandedBytes = 1024 * 1024;
// The maximum number of bytes that an expansion reads; a value counts each time that it is read. It
// bounds values that double with every level.
inline constexpr std::size_t kMaxExpansionWork = 16 * 1024 * 1024;

// Returns the unexpanded value of a name, or nothing.
using Lookup = std::function<const std::string*(std::string_view name)>;

// Replaces every `$name` in `text`. Logs each syntax error as a warning; the returned error has no
// details.
Result<std::string> expand(std::string_view text, const Lookup& lookup, Log& log);

}  // namespace scache::main_cf

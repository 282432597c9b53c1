#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "base/log.hpp"
#include "base/result.hpp"

namespace scache::main_cf {

// How many references may stand inside each other, the literal text in the innermost included.
inline constexpr int kMaxExpansionDepth = 101;
// The longest result, in bytes.
inline constexpr std::size_t kMaxExpandedBytes = 1024 * 1024;
// How many bytes one expansion may read, those of every value read again and again included. It
// ends what would double with every level.
inline constexpr std::size_t kMaxExpansionWork = 16 * 1024 * 1024;

// The value of a name, unexpanded, or nothing.
using Lookup = std::function<const std::string*(std::string_view name)>;

// Replaces every `$name` in `text`. What is wrong with the text goes to `log` as warnings; the
// error says only that something is.
Result<std::string> expand(std::string_view text, const Lookup& lookup, Log& log);

}  // namespace scache::main_cf

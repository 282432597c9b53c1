#pragma once

#include <string_view>

#include "base/rooms.hpp"

namespace scache::base {

// Whether a name is what a pattern says: `*` stands for any bytes, `?` for one, `\\` takes away the
// meaning of what follows it, everything else stands for itself. Takes at most as many steps as the
// two have bytes, multiplied.
bool glob_matches(std::string_view pattern, std::string_view name) noexcept;

}  // namespace scache::base

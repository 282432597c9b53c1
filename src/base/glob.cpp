// SPDX-License-Identifier: Apache-2.0
#include "base/glob.hpp"

#include <cstddef>

namespace scache::base {

// On a mismatch the last star takes one byte more. Earlier stars need no retry: the text between
// them was matched at its first possible position.
bool glob_matches(std::string_view pattern, std::string_view name) noexcept {
  std::size_t at = 0;
  std::size_t in_name = 0;
  std::size_t behind_star = std::string_view::npos;
  std::size_t taken = 0;
  while (in_name < name.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      behind_star = ++at;
      taken = in_name;
      continue;
    }
    const std::size_t literal = at < pattern.size() && pattern[at] == '\\' ? at + 1 : at;
    const bool any = at < pattern.size() && pattern[at] == '?';
    if (any || (literal < pattern.size() && pattern[literal] == name[in_name])) {
      at = literal + 1;
      ++in_name;
    } else if (behind_star != std::string_view::npos) {
      at = behind_star;
      in_name = ++taken;
    } else {
      return false;
    }
  }
  while (at < pattern.size() && pattern[at] == '*') ++at;
  return at == pattern.size();
}

}  // namespace scache::base

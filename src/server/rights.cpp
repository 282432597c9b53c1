// SPDX-License-Identifier: Apache-2.0
#include "server/rights.hpp"

#include <algorithm>

#include "base/glob.hpp"

namespace scache::server {

std::string_view words_of(Action action) noexcept {
  switch (action) {
    case Action::save:
      return "save";
    case Action::find:
      return "find";
    case Action::list:
      return "list";
    case Action::drop:
      return "drop";
    case Action::statistics:
      break;
  }
  return "statistics";
}

bool Rights::allow(Action action) const noexcept {
  return all_ || std::ranges::any_of(grants_,
                                     [&](const auto& grant) { return grant->actions.has(action); });
}

bool Rights::some_allows(Action action, std::string_view name) const noexcept {
  return std::ranges::any_of(grants_, [&](const auto& grant) {
    return grant->actions.has(action) &&
           std::ranges::any_of(grant->names, [&](const std::string& pattern) {
             return glob_matches(pattern, name);
           });
  });
}

}  // namespace scache::server

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "server/hand_out.hpp"
#include "support/rooms.hpp"

namespace scache::test {

// A rule for one endpoint, or for all ("*").
inline HandOutOf hand_out_of(const std::string& endpoint, const HandOut& rule) {
  return [=](std::string_view name) -> const HandOut& {
    static constexpr HandOut kDefault;
    return endpoint == "*" || endpoint == name ? rule : kDefault;
  };
}

}  // namespace scache::test

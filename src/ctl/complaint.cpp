// SPDX-License-Identifier: Apache-2.0
#include "ctl/complaint.hpp"

#include <cstdio>

namespace scache::ctl {

void complain(std::string_view text) noexcept {
  std::fprintf(stderr, "scachectl: %.*s\n", static_cast<int>(text.size()), text.data());
}

}  // namespace scache::ctl

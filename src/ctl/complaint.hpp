// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace scache::ctl {

// Writes a line to standard error. A failed write has no effect but the loss of the line.
void complain(std::string_view text) noexcept;

}  // namespace scache::ctl

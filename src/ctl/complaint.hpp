#pragma once

#include <string_view>

namespace scache::ctl {

// Writes a line to standard error. Where that cannot be written, the line is lost and nothing else.
void complain(std::string_view text) noexcept;

}  // namespace scache::ctl

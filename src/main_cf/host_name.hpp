#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/rooms.hpp"

namespace scache::main_cf {

// What is wrong with `name` as the name of a host or domain, or nothing.
std::optional<std::string> host_name_complaint(std::string_view name);

}  // namespace scache::main_cf

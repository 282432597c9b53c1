#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace scache::postfix {

// Why `name` is not a valid name of a host or domain; nothing if it is valid.
std::optional<std::string> host_name_complaint(std::string_view name);

}  // namespace scache::postfix

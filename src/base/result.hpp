#pragma once

#include <expected>
#include <string>

#include "base/rooms.hpp"

namespace scache::base {

// What went wrong, for people. A miss is an answer, never an Error.
struct Error {
  std::string text;
};

template <typename T>
using Result = std::expected<T, Error>;

}  // namespace scache::base

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>

#include "base/rooms.hpp"

namespace scache::base {

// An error with a message for people. A miss is a result, not an Error.
struct Error {
  std::string text;
};

template <typename T>
using Result = std::expected<T, Error>;

}  // namespace scache::base

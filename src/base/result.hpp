#pragma once

#include <expected>
#include <string>

namespace scache {

// An error with a message for people. A miss is a result, not an Error.
struct Error {
  std::string text;
};

template <typename T>
using Result = std::expected<T, Error>;

}  // namespace scache

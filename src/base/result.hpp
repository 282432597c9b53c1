#pragma once

#include <expected>
#include <string>

namespace scache {

// What went wrong, for people. A miss is an answer, never an Error.
struct Error {
  std::string text;
};

template <typename T>
using Result = std::expected<T, Error>;

}  // namespace scache

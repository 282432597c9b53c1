// SPDX-License-Identifier: Apache-2.0
#include "client/handover.hpp"

namespace scache::client {
namespace {

// Whether the code is an error of the server that means that it did not keep the connection.
bool declines(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::malformed:
    case ErrorCode::unsupported:
    case ErrorCode::full:
    case ErrorCode::refused:
    case ErrorCode::too_large:
    case ErrorCode::busy:
      return true;
    default:
      return false;
  }
}

}  // namespace

Error Handover::settle(Error error) {
  if (!is_sent()) return error;
  if (declines(error.code)) {
    callers_ = std::move(sent_);
    return error;
  }
  sent_.reset();
  if (error.text.ends_with('.')) error.text.pop_back();
  error.text += "; the library closed the connection, because the cache may have it.";
  return error;
}

}  // namespace scache::client

#include "client/handover.hpp"

namespace scache::client {
namespace {

// Whether these are a server's words that say that it has not kept the connection.
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
  error.text += "; the connection is closed here, since the cache may have it.";
  return error;
}

}  // namespace scache::client

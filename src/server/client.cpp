#include "server/client.hpp"

#include <exception>

namespace scache {

Task<> Client::talk() {
  try {
    co_await session_.run();
  } catch (const std::exception& failure) {
    // Out of memory, most likely: it ends the session that asked for it, and no other.
    log_.warn("a client's session ends: {}", failure.what());
  }
  owner_.client_done(*this);
}

}  // namespace scache

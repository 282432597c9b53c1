#include "server/client.hpp"

#include <exception>

#include "server/direct_session.hpp"

namespace scache {

Task<> Client::talk() {
  try {
    const PostfixSession::End end = co_await session_.run();
    if (end == PostfixSession::End::direct) {
      DirectSession direct{stream_, service_, *this, log_, settings_, user_.value_or(0)};
      co_await direct.run();
    }
  } catch (const std::exception& failure) {
    // Out of memory, most likely: it ends the session that asked for it, and no other.
    log_.warn("a client's session ends: {}", failure.what());
  }
  owner_.client_done(*this);
}

}  // namespace scache

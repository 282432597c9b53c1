// SPDX-License-Identifier: Apache-2.0
#include "server/client.hpp"

#include <exception>

#include "server/direct_session.hpp"

namespace scache::server {

Task<> Client::talk() {
  try {
    const PostfixSession::End end = co_await session_.run();
    if (end == PostfixSession::End::direct) {
      DirectSession direct{stream_, service_, *this, log_, caller_};
      co_await direct.run();
    }
  } catch (const std::exception& failure) {
    // Usually std::bad_alloc. It ends only this session.
    log_.warn(LogKind::session, stream_.loop().now(), "client session ended: {}", failure.what());
  }
  session_.drop_unconfirmed();
  owner_.client_done(*this);
}

}  // namespace scache::server

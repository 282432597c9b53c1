// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>

#include "server/server.hpp"
#include "server/service_fixture.hpp"
#include "support/listening.hpp"

namespace scache::test {

// A server on a real socket.
class ServerFixture : public ServiceFixture {
 protected:
  // Starts to accept clients. Change settings before.
  void start() {
    server.emplace(loop, closer, service, log, settings);
    server->accept_from(listening.descriptor(), policy);
  }

  Listening listening;
  int first_requests = 0;
  int idle_exits = 0;
  Server::Settings settings{.clients = 4,
                            .max_idle = {},
                            .first_request = [this] { ++first_requests; },
                            .idle_too_long = [this] { ++idle_exits; }};
  std::optional<Server> server;
};

}  // namespace scache::test

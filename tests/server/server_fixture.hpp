// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "server/server.hpp"
#include "server/service_fixture.hpp"
#include "support/client.hpp"
#include "support/listening.hpp"
#include "support/messages.hpp"

namespace scache::test {

// A server on a real socket.
class ServerFixture : public ServiceFixture {
 protected:
  // Starts to accept clients. Change settings before.
  void start() {
    server.emplace(loop, closer, service, log, settings);
    server->accept_from(listening.descriptor(), policy);
  }

  SocketClient connect() { return SocketClient{listening.connect()}; }
  SocketClient connect_and_settle() {
    SocketClient client = connect();
    settle();
    return client;
  }
  // An idle client that has read the greeting.
  SocketClient idle_client() {
    SocketClient client = connect_and_settle();
    EXPECT_EQ(client.read(), kGreeting);
    return client;
  }
  // A client within a request.
  SocketClient busy_client() {
    SocketClient client = idle_client();
    EXPECT_TRUE(client.send("request"));
    settle();
    return client;
  }
  std::string ask(SocketClient& client, const std::string& bytes,
                  const std::vector<int>& descriptors = {}) {
    EXPECT_TRUE(client.send(bytes, descriptors));
    settle();
    return client.read();
  }
  void pass(Duration time) {
    clock.advance(time);
    settle();
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

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>

#include <string>
#include <string_view>
#include <utility>

#include "server/server_fixture.hpp"
#include "support/descriptors.hpp"

namespace scache::test {

// A server whose connections of endpoints that begin with "smtp:" say goodbye.
class GoodbyeFixture : public ServerFixture {
 protected:
  GoodbyeFixture() {
    service.say_goodbye([this](std::string_view endpoint) {
      return endpoint.starts_with("smtp:") ? &goodbye : nullptr;
    });
  }
  ~GoodbyeFixture() override {
    server.reset();
    EXPECT_TRUE(comes_true([this] { return !closer.catch_up(); }));
  }

  void start_with(std::size_t goodbyes) {
    settings.goodbyes = goodbyes;
    start();
  }
  void save_end(std::string_view endpoint, Fd end,
                std::chrono::milliseconds ttl = std::chrono::seconds{100}) {
    EXPECT_EQ(service.save(caller, SaveEndpoint{ttl, endpoint, "p"}, std::move(end), clock.now()),
              Saved::yes);
  }
  // Saves one end of a connection; returns the other.
  Fd save(std::string_view endpoint, std::chrono::milliseconds ttl = std::chrono::seconds{100}) {
    Ends ends = tcp_pair();
    save_end(endpoint, std::move(ends.first), ttl);
    return std::move(ends.second);
  }
  // What arrives, after waiting for the thread that sends it.
  static bool hears(const Fd& peer, std::string_view bytes) {
    return comes_true([&] { return receive_with(peer.get()).bytes == bytes; });
  }
  void answer(const Fd& peer) {
    EXPECT_TRUE(send_with(peer.get(), "221 Bye\r\n", {}));
    turns();
  }
  // A server that waits for places has a timer, and so does not become idle.
  void turns() {
    for (int i = 0; i < 20; ++i) turn();
  }
  void advance(Duration time) {
    clock.advance(time);
    turns();
  }

  Goodbye goodbye{.bytes = "QUIT\r\n"};
};

}  // namespace scache::test

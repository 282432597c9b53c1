// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/postfix_session.hpp"
#include "server/service_fixture.hpp"
#include "support/client.hpp"
#include "support/messages.hpp"

namespace scache::test {

// SessionTest has any number of clients of its service. The clock does not advance.
class SessionTest : public ServiceFixture {
 protected:
  // A session with its client.
  class Talk : private SessionEvents {
   public:
    Talk(SessionTest& test, Ends ends)
        : test_{test},
          client{std::move(ends.second)},
          stream_{test.loop, test.closer, std::move(ends.first)},
          session_{stream_, test.service, *this, test.log, test.caller},
          task_{session_.run()} {
      task_.start();
    }

    // Sends bytes, and runs the server until it is idle.
    void say(const std::string& bytes, const std::vector<int>& descriptors = {}) {
      EXPECT_TRUE(client.send(bytes, descriptors));
      test_.settle();
    }
    // The received bytes; all bytes until no more arrive.
    std::string hear() { return client.read(); }
    std::string hear_all() { return test_.read_all(client); }
    std::string ask(const std::string& bytes, const std::vector<int>& descriptors = {}) {
      say(bytes, descriptors);
      return hear_all();
    }
    void leave() {
      client.leave();
      test_.settle();
    }
    // Whether the session has ended; an exception in it is a failure.
    bool is_over() {
      if (task_.done()) {
        task_.result();
        session_.drop_unconfirmed();
      }
      return task_.done();
    }

    // A save, and both parts of a hit.
    void save(std::string_view endpoint, std::string_view properties, const Fd& connection,
              std::string_view ttl = "100") {
      EXPECT_EQ(ask(save_endp(endpoint, properties, ttl)), kDummy);
      EXPECT_EQ(ask(kByte, {connection.get()}), kSaved);
    }
    // The descriptor of a lookup that was answered with a hit.
    Fd take() {
      EXPECT_EQ(ask(kDummy), kByte);
      say(kDummy);
      EXPECT_EQ(client.descriptors().size(), 1u);
      if (client.descriptors().empty()) return Fd{};
      Fd fd = std::move(client.descriptors().back());
      client.descriptors().clear();
      return fd;
    }
    std::string find(std::string_view endpoint) { return ask(find_endp(endpoint)); }

    int idle_count() const { return idle_count_; }
    int busy_count() const { return busy_count_; }

   private:
    void idle() noexcept override { ++idle_count_; }
    void busy() noexcept override { ++busy_count_; }

    SessionTest& test_;
    int idle_count_ = 0;
    int busy_count_ = 0;

   public:
    SocketClient client;

   private:
    Stream stream_;
    PostfixSession session_;
    Task<PostfixSession::End> task_;
  };
  using TalkPtr = std::unique_ptr<Talk>;

  std::string read_all(SocketClient& client) {
    std::string all;
    for (;;) {
      const std::string part = client.read();
      if (part.empty()) return all;
      all += part;
      settle();
    }
  }

  // A client that has received the greeting.
  TalkPtr connect() {
    TalkPtr talk = connect_unheard();
    settle();
    EXPECT_EQ(talk->hear(), kGreeting);
    return talk;
  }
  TalkPtr connect_unheard() { return std::make_unique<Talk>(*this, socket_pair()); }

  void pass(Duration time) {
    clock.advance(time);
    settle();
  }
  // Whether the connection is in the cache; it stays there.
  bool is_cached(std::string_view endpoint) {
    return service.find(caller, FindEndpoint{endpoint}, clock.now()).has_value();
  }
  static std::string endless(std::size_t size) { return std::string(size, 'x'); }
};

}  // namespace scache::test

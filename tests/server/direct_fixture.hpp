// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/direct_session.hpp"
#include "server/session_fixture.hpp"
#include "support/direct_messages.hpp"
#include "wire/direct_frame.hpp"

namespace scache::test {

// DirectSessionTest has a service and clients of the direct protocol. The clock does not advance.
class DirectSessionTest : public SessionTest {
 protected:
  using Kind = direct::Kind;
  using Tag = direct::Tag;
  using ErrorCode = direct::ErrorCode;

  class Talk : private SessionEvents {
   public:
    explicit Talk(DirectSessionTest& test, Ends ends = socket_pair())
        : Talk{test, test.service, std::move(ends)} {}
    Talk(DirectSessionTest& test, Service& service, Ends ends = socket_pair())
        : test_{test},
          client{std::move(ends.second)},
          stream_{test.loop, test.closer, std::move(ends.first), kUser},
          session_{stream_, service, *this, test.log, test.caller},
          task_{session_.run()} {
      task_.start();
    }

    void say(const std::string& bytes, const std::vector<int>& descriptors = {}) {
      EXPECT_TRUE(client.send(bytes, descriptors));
      test_.settle();
    }
    // The received replies; all replies until no more arrive.
    std::vector<Reply> hear() { return take_replies(client.read()); }
    std::vector<Reply> hear_all() { return take_replies(test_.read_all(client)); }
    std::vector<Reply> take_replies(const std::string& bytes) {
      unread_ += bytes;
      std::vector<Reply> replies;
      while (std::optional<Reply> reply = take_reply(unread_)) replies.push_back(std::move(*reply));
      return replies;
    }
    // The one reply to a request.
    Reply ask(const std::string& bytes, const std::vector<int>& descriptors = {}) {
      say(bytes, descriptors);
      std::vector<Reply> replies = hear_all();
      EXPECT_THAT(replies, ::testing::SizeIs(1));
      return replies.empty() ? Reply{Kind::error, 0, false, {}} : replies.front();
    }
    Fd take_descriptor() {
      EXPECT_THAT(client.descriptors(), ::testing::SizeIs(1));
      if (client.descriptors().empty()) return {};
      Fd fd = std::move(client.descriptors().front());
      client.descriptors().clear();
      return fd;
    }
    bool is_over() {
      if (task_.done()) task_.result();
      return task_.done();
    }
    int idle_count() const { return idle_count_; }
    int busy_count() const { return busy_count_; }

   private:
    void idle() noexcept override { ++idle_count_; }
    void busy() noexcept override { ++busy_count_; }

    DirectSessionTest& test_;
    int idle_count_ = 0;
    int busy_count_ = 0;
    std::string unread_;

   public:
    SocketClient client;

   private:
    Stream stream_;
    DirectSession session_;
    Task<> task_;
  };

  // A stream with the smallest possible buffer for replies.
  static Ends narrow_pair() {
    Ends ends = socket_pair();
    const int smallest = 0;
    EXPECT_EQ(::setsockopt(ends.first.get(), SOL_SOCKET, SO_SNDBUF, &smallest, sizeof smallest), 0);
    return ends;
  }

  // Twice as many lookups as descriptors may be unread, and the connections for them.
  std::string many_lookups() {
    std::string bytes;
    for (std::uint64_t id = 0; id < 2 * Stream::kMaxUnreadDescriptors; ++id) {
      service.save(caller, SaveEndpoint{std::chrono::seconds{100}, "e", "p"},
                   Fd{::dup(tcp.first.get())}, clock.now());
      bytes += find_frame(id, "e");
    }
    return bytes;
  }

  Ends tcp = tcp_pair();
  Talk talk{*this};
};

}  // namespace scache::test

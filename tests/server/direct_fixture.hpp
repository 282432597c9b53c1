#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "server/direct_session.hpp"
#include "server/session_fixture.hpp"
#include "wire/direct_frame.hpp"

namespace scache::test {

// A reply as a client has it.
struct Reply {
  direct::Kind kind;
  std::uint64_t id;
  bool with_descriptor;
  std::string body;

  direct::Fields fields() const { return direct::Fields::read(body).value(); }
  std::string text(direct::Tag tag) const { return std::string{fields().bytes(tag)}; }
  std::uint64_t number(direct::Tag tag) const { return fields().number(tag, ~std::uint64_t{0}); }
  direct::ErrorCode code() const {
    return static_cast<direct::ErrorCode>(number(direct::Tag::code));
  }
};

// DirectSessionTest has a service, and clients who talk to it in the direct protocol; time stands
// still.
class DirectSessionTest : public SessionTest {
 protected:
  using Kind = direct::Kind;
  using Tag = direct::Tag;
  using ErrorCode = direct::ErrorCode;

  static constexpr std::uint32_t kOwner = 1'000;

  class Talk : private SessionEvents {
   public:
    explicit Talk(DirectSessionTest& test, Ends ends = socket_pair())
        : Talk{test, test.service, std::move(ends)} {}
    Talk(DirectSessionTest& test, Service& service, Ends ends = socket_pair())
        : test_{test},
          client{std::move(ends.second)},
          stream_{test.loop, test.closer, std::move(ends.first)},
          session_{stream_, service, *this, test.log, test.settings, kOwner},
          task_{session_.run()} {
      task_.start();
    }

    void say(const std::string& bytes, const std::vector<int>& descriptors = {}) {
      EXPECT_TRUE(client.send(bytes, descriptors));
      test_.settle();
    }
    // All replies that have come.
    std::vector<Reply> hear() {
      unread_ += client.read();
      std::vector<Reply> replies;
      for (;;) {
        const direct::FrameStep frame = direct::read_frame(unread_);
        if (frame.kind != direct::FrameStep::Kind::frame) return replies;
        replies.push_back({static_cast<Kind>(frame.header.kind), frame.header.id,
                           frame.header.with_descriptor, std::string{frame.body}});
        unread_.erase(0, frame.header.size);
      }
    }
    // The one reply to a request.
    Reply ask(const std::string& bytes, const std::vector<int>& descriptors = {}) {
      say(bytes, descriptors);
      std::vector<Reply> replies = hear();
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

  // Frames, each with the fields that are given.
  using Fields = std::vector<std::pair<Tag, std::string>>;
  using Numbers = std::vector<std::pair<Tag, std::uint64_t>>;
  static std::string frame(Kind kind, std::uint64_t id, const Fields& fields = {},
                           const Numbers& numbers = {}, bool with_descriptor = false) {
    std::string bytes;
    direct::FrameWriter writer{bytes, kind, id, with_descriptor};
    for (const auto& [tag, value] : fields) writer.put(tag, value);
    for (const auto& [tag, value] : numbers) writer.put(tag, value);
    writer.end();
    return bytes;
  }
  static std::string save_frame(std::uint64_t id, const std::string& endpoint,
                                const Numbers& numbers = {}) {
    return frame(Kind::save, id, {{Tag::endpoint, endpoint}, {Tag::endpoint_properties, "p"}},
                 numbers, true);
  }
  static std::string find_frame(std::uint64_t id, const std::string& endpoint) {
    return frame(Kind::find, id, {{Tag::endpoint, endpoint}});
  }
  static std::string bind_frame(std::uint64_t id, const std::string& destination,
                                const std::string& endpoint) {
    return frame(Kind::bind, id, {{Tag::destination, destination}, {Tag::endpoint, endpoint}});
  }

  // A stream with as little room for replies as there can be.
  static Ends narrow_pair() {
    Ends ends = socket_pair();
    const int smallest = 0;
    EXPECT_EQ(::setsockopt(ends.first.get(), SOL_SOCKET, SO_SNDBUF, &smallest, sizeof smallest), 0);
    return ends;
  }

  Ends tcp = tcp_pair();
  Talk talk{*this};
};

}  // namespace scache::test

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "faults/world.hpp"
#include "support/client.hpp"
#include "support/direct_messages.hpp"
#include "support/messages.hpp"

namespace scache::test {

// DirectTalk is one client of a world, in the direct protocol, that is led by hand.
class DirectTalk {
 public:
  explicit DirectTalk(World& world) : client{world.connect()}, world_{world} {
    world_.settle();
    client.send(wish());
    world_.settle();
    EXPECT_EQ(client.read(), kGreeting + agreement());
  }

  // Sends something, and gives the server all the turns that it needs.
  void say(const std::string& bytes, const std::vector<int>& descriptors = {}) {
    EXPECT_TRUE(client.send(bytes, descriptors));
    world_.settle();
  }
  // Reads all that has come, and all that the server says when there is room again.
  std::vector<Reply> hear() {
    for (std::string read = client.read(); !read.empty(); read = client.read()) {
      unread_ += read;
      world_.settle();
    }
    std::vector<Reply> replies;
    while (std::optional<Reply> reply = take_reply(unread_)) replies.push_back(std::move(*reply));
    return replies;
  }
  // Notes which connections have come with these replies, and takes them.
  void take(const std::vector<Reply>& replies) {
    auto fd = client.descriptors().begin();
    for (const Reply& reply : replies) {
      if (!reply.with_descriptor) continue;
      const std::size_t item = world_.ledger.claim(reply.text(direct::Tag::endpoint_properties));
      ASSERT_NE(fd, client.descriptors().end()) << "a frame came without its descriptor";
      world_.ledger.take(item, *fd++);
    }
    EXPECT_EQ(fd, client.descriptors().end());
    client.descriptors().clear();
  }

  SocketClient client;

 private:
  World& world_;
  std::string unread_;
};

}  // namespace scache::test

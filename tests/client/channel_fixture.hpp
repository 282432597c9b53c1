// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>

#include "client/channel.hpp"
#include "client/peer.hpp"

namespace scache::client {

// A channel, whose server's end the test controls: it sends the answers in advance.
class ChannelTest : public test::DescriptorCensus {
 protected:
  ChannelTest() {
    EXPECT_TRUE(channel_.open(listening_.path(), soon()));
    peer_.emplace(test::Peer::accept(listening_.descriptor()));
  }

  static Instant soon() { return after(BootClock::now(), std::chrono::seconds{5}); }

  test::Listening listening_;
  Channel channel_;
  std::optional<test::Peer> peer_;
};

template <typename T>
ErrorCode code_of(const Result<T>& result) {
  EXPECT_FALSE(result);
  return result ? ErrorCode{} : result.error().code;
}

}  // namespace scache::client

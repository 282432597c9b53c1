// SPDX-License-Identifier: Apache-2.0
#include "server/client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/client.hpp"
#include "support/descriptors.hpp"
#include "support/direct_messages.hpp"
#include "support/fake_clock.hpp"
#include "support/messages.hpp"
#include "support/recording_log.hpp"
#include "wire/direct_frame.hpp"
#include "wire/direct_handshake.hpp"

namespace scache::server {
namespace {

using namespace std::chrono_literals;
using namespace test;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ClientTest : public DescriptorCensus, private ClientOwner {
 protected:
  std::unique_ptr<Client> make(Fd socket) {
    return std::make_unique<Client>(loop, closer, service, log, static_cast<ClientOwner&>(*this),
                                    std::move(socket), caller);
  }
  void settle() {
    while (loop.turn(Loop::Wait::poll)) {
    }
  }

  FakeClock clock;
  Loop loop{clock.reader()};
  Closer closer;
  RecordingLog log;
  Service service{{}, closer, log};
  ListenPolicy policy{.time_limit = 10s, .ttl_limit = 100s};
  const Caller caller{.policy = policy, .user = 1'234};
  Ends ends = socket_pair();
  std::vector<std::string> told;

 private:
  void client_idle(Client&) noexcept override { told.emplace_back("idle"); }
  void client_busy(Client&) noexcept override { told.emplace_back("busy"); }
  void client_done(Client&) noexcept override { told.emplace_back("done"); }
};

TEST_F(ClientTest, TellsItsOwnerHowItStands) {
  const auto client = make(std::move(ends.first));
  SocketClient peer{std::move(ends.second)};
  EXPECT_THAT(told, IsEmpty());
  client->start();
  EXPECT_THAT(told, ElementsAre("idle"));
  peer.send(find_endp("e"));
  settle();
  EXPECT_THAT(told, ElementsAre("idle", "busy", "idle"));
  EXPECT_EQ(peer.read(), kGreeting + kNoEndpoint);
  peer.leave();
  settle();
  EXPECT_THAT(told, ElementsAre("idle", "busy", "idle", "done"));
}

TEST_F(ClientTest, MayBeDoneWhenItHasStarted) {
  const auto client = make(std::move(ends.first));
  ends.second.reset();
  client->start();
  EXPECT_THAT(told, ElementsAre("done"));
  EXPECT_THAT(log.take(), IsEmpty());
}

TEST_F(ClientTest, AnExceptionEndsItsOwnSessionOnly) {
  policy.announces = false;
  // Not an open descriptor: epoll refuses it.
  const auto client = make(Fd{1'000'000});
  client->start();
  EXPECT_THAT(told, ElementsAre("idle", "done"));
  EXPECT_THAT(log.take(),
              ElementsAre("warning: client session ended: epoll_ctl: Bad file descriptor"));
}

TEST_F(ClientTest, DestroyedItClosesItsSocketAndTellsNobody) {
  auto client = make(std::move(ends.first));
  SocketClient peer{std::move(ends.second)};
  client->start();
  client.reset();
  EXPECT_TRUE(peer.sees_end());
  EXPECT_THAT(told, ElementsAre("idle"));
}

TEST_F(ClientTest, DestroyedBeforeItsStartItClosesItsSocket) {
  auto client = make(std::move(ends.first));
  client.reset();
  EXPECT_TRUE(comes_alone(ends.second));
}

TEST_F(ClientTest, ChangesToTheDirectProtocolWithinItsRequest) {
  const auto client = make(std::move(ends.first));
  SocketClient peer{std::move(ends.second)};
  client->start();
  peer.read();
  std::string bytes;
  direct::put_wish(bytes);
  peer.send(bytes);
  settle();
  std::string agreement;
  direct::put_agreement(agreement, 1);
  EXPECT_EQ(peer.read(), agreement);
  EXPECT_THAT(told, ElementsAre("idle", "busy", "idle"));
  bytes.clear();
  direct::FrameWriter{bytes, direct::Kind::find, 7}.put(direct::Tag::endpoint, "e").end();
  peer.send(bytes);
  settle();
  bytes.clear();
  direct::FrameWriter{bytes, direct::Kind::found, 7}.end();
  EXPECT_EQ(peer.read(), bytes);
  peer.leave();
  settle();
  EXPECT_THAT(told, ElementsAre("idle", "busy", "idle", "busy", "idle", "done"));
}

TEST_F(ClientTest, FramesMayFollowTheWishAtOnce) {
  const auto client = make(std::move(ends.first));
  SocketClient peer{std::move(ends.second)};
  const Ends pipe = pipe_pair();
  client->start();
  std::string save;
  direct::FrameWriter{save, direct::Kind::save, 1, true}.put(direct::Tag::endpoint, "e").end();
  std::string bytes;
  direct::put_wish(bytes);
  peer.send(bytes);
  peer.send(save, {pipe.first.get()});
  settle();
  EXPECT_EQ(service.cache().connections(), 1u);
}

TEST_F(ClientTest, StaysInPostfixsWayWithoutAVersion) {
  const auto client = make(std::move(ends.first));
  SocketClient peer{std::move(ends.second)};
  client->start();
  peer.read();
  for (const std::string& wish :
       {list({"request", "direct", "version", "0"}), list({"request", "direct"})}) {
    peer.send(wish);
    settle();
    EXPECT_EQ(peer.read(), kBad);
    EXPECT_THAT(log.take(), ElementsAre("warning: direct: bad or missing version"));
  }
  peer.send(find_endp("e"));
  settle();
  EXPECT_EQ(peer.read(), kNoEndpoint);
}

TEST_F(ClientTest, WhoeverTalksDirectlyIsTheOwnerOfWhatItSaves) {
  const auto client = make(std::move(ends.first));
  SocketClient peer{std::move(ends.second)};
  const Ends pipe = pipe_pair();
  client->start();
  peer.send(wish());
  settle();
  peer.send(save_frame(1, "e"), {pipe.first.get()});
  settle();
  const auto claim = service.find(caller, FindEndpoint{"e"}, clock.now());
  ASSERT_TRUE(claim);
  EXPECT_EQ(claim->record().provenance.owner, 1'234u);
}

TEST_F(ClientTest, ThePostfixProtocolsClientIsTheOwnerOfWhatItSaves) {
  const auto client = make(std::move(ends.first));
  SocketClient peer{std::move(ends.second)};
  const Ends pipe = pipe_pair();
  client->start();
  peer.send(save_endp("e", "p"));
  settle();
  peer.send(kByte, {pipe.first.get()});
  settle();
  const auto claim = service.find(caller, FindEndpoint{"e"}, clock.now());
  ASSERT_TRUE(claim);
  EXPECT_EQ(claim->record().provenance.owner, 1'234u);
}

// The client has disconnected; the server notices it when it replies.
TEST_F(ClientTest, WhatItsClientCouldNotBeToldOfIsCachedNoLonger) {
  const auto client = make(std::move(ends.first));
  SocketClient peer{std::move(ends.second)};
  const Ends pipe = pipe_pair();
  client->start();
  peer.send(wish());
  settle();
  peer.read();
  peer.send(save_frame(1, "told"), {pipe.first.get()});
  settle();
  peer.read();
  peer.send(save_frame(2, "untold"), {pipe.first.get()});
  peer.leave();
  settle();
  EXPECT_FALSE(service.find(caller, FindEndpoint{"untold"}, clock.now()));
  EXPECT_TRUE(service.find(caller, FindEndpoint{"told"}, clock.now()));
}

}  // namespace
}  // namespace scache::server

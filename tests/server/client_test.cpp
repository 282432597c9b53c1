#include "server/client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/client.hpp"
#include "support/descriptors.hpp"
#include "support/fake_clock.hpp"
#include "support/messages.hpp"
#include "support/recording_log.hpp"

namespace scache {
namespace {

using namespace std::chrono_literals;
using namespace test;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ClientTest : public DescriptorCensus, private ClientOwner {
 protected:
  std::unique_ptr<Client> make(Fd socket) {
    return std::make_unique<Client>(loop, closer, service, log, settings,
                                    static_cast<ClientOwner&>(*this), std::move(socket));
  }
  void settle() {
    for (int i = 0; i < 10; ++i) loop.turn(Loop::Wait::poll);
  }

  FakeClock clock;
  Loop loop{clock.reader()};
  Closer closer;
  RecordingLog log;
  Statistics statistics{0};
  Service service{{.limits = {}, .ttl_limit = 100s, .listening = {}}, statistics, closer, log};
  SessionSettings settings{.limits = {}, .time_limit = 10s};
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
  settings.announces = false;
  // A number that nobody has: epoll refuses it.
  const auto client = make(Fd{1'000'000});
  client->start();
  EXPECT_THAT(told, ElementsAre("idle", "done"));
  EXPECT_THAT(log.take(),
              ElementsAre("warning: a client's session ends: epoll_ctl: Bad file descriptor"));
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
  EXPECT_TRUE(is_left_alone(ends.second));
}

}  // namespace
}  // namespace scache

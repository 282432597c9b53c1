// SPDX-License-Identifier: Apache-2.0
#include "standalone/notifier.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <string>

#include "support/descriptors.hpp"
#include "support/scratch.hpp"

namespace scache::standalone {
namespace {

using namespace std::chrono_literals;
using namespace test;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Notifier, SendsOneDatagramForEachState) {
  const ScratchDirectory scratch;
  const Fd manager = bound_socket(scratch.path("notify"), SOCK_DGRAM);
  Notifier notifier{scratch.path("notify")};
  notifier.ready();
  notifier.alive();
  notifier.reloading(1'234);
  notifier.stopping();
  EXPECT_THAT(
      arrived(manager.get()),
      ElementsAre("READY=1", "WATCHDOG=1", "RELOADING=1\nMONOTONIC_USEC=1234", "STOPPING=1"));
}

TEST(Notifier, SendsToTheAbstractNamespace) {
  const std::string name = "scache-notify-" + std::to_string(::getpid());
  const Fd manager{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  name.copy(address.sun_path + 1, name.size());
  ASSERT_EQ(::bind(manager.get(), reinterpret_cast<const sockaddr*>(&address),
                   static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size())),
            0);
  Notifier notifier{"@" + name};
  notifier.ready();
  EXPECT_THAT(arrived(manager.get()), ElementsAre("READY=1"));
}

TEST(Notifier, WithoutAManagerTellsNobody) {
  const std::size_t before = open_descriptors();
  for (const std::string& address :
       {std::string{}, std::string{"@"}, std::string{"vsock:2:1"}, "/" + std::string(200, 'x')}) {
    Notifier notifier{address};
    notifier.ready();
    EXPECT_EQ(open_descriptors(), before) << address;
  }
  // The socket of the manager does not exist.
  Notifier notifier{"/nonexistent/notify"};
  notifier.ready();
}

TEST(Notifier, NeverWaits) {
  const ScratchDirectory scratch;
  const Fd manager = bound_socket(scratch.path("notify"), SOCK_DGRAM);
  Notifier notifier{scratch.path("notify")};
  for (int i = 0; i < 10'000; ++i) notifier.alive();
  const std::size_t taken = arrived(manager.get()).size();
  EXPECT_GT(taken, 0u);
  EXPECT_LT(taken, 10'000u) << "the socket never became full";
}

TEST(Notifier, TakesItsAddressOutOfTheEnvironment) {
  const ScratchDirectory scratch;
  const Fd manager = bound_socket(scratch.path("notify"), SOCK_DGRAM);
  ::setenv("NOTIFY_SOCKET", scratch.path("notify").c_str(), 1);
  Notifier notifier = Notifier::from_environment();
  EXPECT_EQ(::getenv("NOTIFY_SOCKET"), nullptr);
  notifier.ready();
  EXPECT_THAT(arrived(manager.get()), ElementsAre("READY=1"));
  Notifier none = Notifier::from_environment();
  none.ready();
  EXPECT_THAT(arrived(manager.get()), IsEmpty());
}

TEST(WatchdogInterval, IsHalfOfWhatTheManagerWaits) {
  EXPECT_EQ(watchdog_interval("3000000", nullptr, 7), 1'500ms);
  EXPECT_EQ(watchdog_interval("3000000", "7", 7), 1'500ms);
  EXPECT_EQ(watchdog_interval("2", "7", 7), 1us);
}

TEST(WatchdogInterval, IsNoneForAnotherProcessOrWithoutATime) {
  EXPECT_FALSE(watchdog_interval("3000000", "8", 7));
  EXPECT_FALSE(watchdog_interval("3000000", "", 7));
  for (const char* time :
       {"", "0", "1", "-5", "x", "3s", "9223372036854775807", "99999999999999999999999"}) {
    EXPECT_FALSE(watchdog_interval(time, "7", 7)) << time;
  }
  EXPECT_FALSE(watchdog_interval(nullptr, "7", 7));
}

TEST(WatchdogInterval, IsTakenOutOfTheEnvironment) {
  ::setenv("WATCHDOG_USEC", "4000000", 1);
  ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
  EXPECT_EQ(watchdog_interval_from_environment(), 2s);
  EXPECT_FALSE(watchdog_interval_from_environment());
}

TEST(MonotonicMicroseconds, GoOn) {
  const auto before = monotonic_microseconds();
  EXPECT_GT(before, 0u);
  EXPECT_GE(monotonic_microseconds(), before);
}

TEST(TellReady, WritesANewlineAndCloses) {
  Ends pipe = pipe_pair();
  EXPECT_TRUE(notify_ready(std::move(pipe.second)));
  EXPECT_THAT(arrived(pipe.first.get()), ElementsAre("\n"));
  EXPECT_TRUE(is_left_alone(pipe.first));
}

TEST(TellReady, SaysWhereItCannot) {
  Ends pipe = pipe_pair();
  EXPECT_FALSE(notify_ready(std::move(pipe.first)));
}

}  // namespace
}  // namespace scache::standalone

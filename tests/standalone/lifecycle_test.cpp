// SPDX-License-Identifier: Apache-2.0
#include "standalone/lifecycle.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "support/client.hpp"
#include "support/descriptors.hpp"
#include "support/fake_clock.hpp"
#include "support/listening.hpp"
#include "support/messages.hpp"
#include "support/scratch.hpp"

namespace scache::standalone {
namespace {

using namespace std::chrono_literals;
using namespace test;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using State = Lifecycle::State;

constexpr Capacity kCapacity{.connections = 10, .clients = 4};

class LifecycleTest : public DescriptorCensus {
 protected:
  LifecycleTest() {
    on_disk.socket_path = path;
    configuration = on_disk;
    make_lifecycle({});
  }
  void make_lifecycle(std::optional<Duration> watchdog) {
    listeners.reset();
    auto opened = Listeners::open(configuration, {});
    ASSERT_TRUE(opened) << opened.error().text;
    listeners.emplace(*std::move(opened));
    listeners->set_policies(configuration, kCapacity, {});
    lifecycle = std::make_unique<Lifecycle>(
        Lifecycle::Parts{loop, service, server, report, log, notifier, configuration, *listeners},
        Lifecycle::Settings{
            .capacity = kCapacity, .watchdog = watchdog, .configure = [this] { return read(); }});
  }
  Reading read() const {
    if (fails) throw std::bad_alloc{};
    return {on_disk, complaints};
  }
  void settle() {
    while (loop.turn(Loop::Wait::poll)) {
    }
  }
  void pass(Duration time) {
    clock.advance(time);
    settle();
  }
  SocketClient connect() {
    SocketClient client{connect_to(path)};
    settle();
    EXPECT_EQ(client.read(), kGreeting);
    return client;
  }
  bool is_served() const { return bool{connect_to(path)}; }
  void signal(int number) {
    lifecycle->handle_signal(number);
    settle();
  }
  // Saves one end of a connection that says goodbye; returns the other.
  Fd save_with_goodbye(Duration wait = Goodbye::kWait) {
    goodbye.wait = wait;
    service.say_goodbye([this](std::string_view) { return &goodbye; });
    Ends ends = tcp_pair();
    const Caller caller{.policy = policy(), .user = 7};
    service.save(caller, SaveEndpoint{1h, "e", "p"}, std::move(ends.first), clock.now());
    return std::move(ends.second);
  }
  std::string lines() {
    log.flush();
    std::string all;
    for (const std::string& part : arrived(output.first.get())) all += part;
    return all;
  }
  std::vector<std::string> notified() { return arrived(manager.get()); }
  const ListenPolicy& policy() const { return listeners->policy(0); }

  ScratchDirectory scratch;
  std::string path = scratch.path("sock");
  Fd manager = bound_socket(scratch.path("notify"), SOCK_DGRAM);
  Ends output = pipe_pair();
  Notifier notifier{scratch.path("notify")};
  ServerLog log{{.standard_error = output.second.get()}};
  // What a reload reads.
  Configuration on_disk;
  std::vector<std::string> complaints;
  bool fails = false;

  FakeClock clock;
  Loop loop{clock.reader()};
  Closer closer;
  Service service{{}, closer, log};
  StatisticsReport report{loop, service, log, 10min, [] { return std::time_t{0}; }};
  Configuration configuration;
  std::optional<Listeners> listeners;
  Server server{loop, closer, service, log, {.clients = kCapacity.clients, .goodbyes = 2}};
  Goodbye goodbye{.bytes = "bye"};
  std::unique_ptr<Lifecycle> lifecycle;
};

TEST_F(LifecycleTest, ServesOnceItIsStarted) {
  EXPECT_EQ(lifecycle->state(), State::starting);
  lifecycle->start();
  EXPECT_EQ(lifecycle->state(), State::serving);
  EXPECT_EQ(lines(), "scached: ready\n");
  EXPECT_THAT(notified(), ElementsAre("READY=1"));
  connect();
}

TEST_F(LifecycleTest, StopsAtOnceIfNoRequestIsUnfinished) {
  lifecycle->start();
  SocketClient idle = connect();
  notified();
  signal(SIGTERM);
  EXPECT_EQ(lifecycle->state(), State::stopped);
  EXPECT_TRUE(loop.stopped());
  EXPECT_TRUE(idle.sees_end());
  EXPECT_FALSE(is_served());
  EXPECT_THAT(notified(), ElementsAre("STOPPING=1"));
  EXPECT_EQ(lifecycle->exit_status(), EXIT_SUCCESS);
}

TEST_F(LifecycleTest, AnUnfinishedRequestMayBeFinished) {
  lifecycle->start();
  SocketClient busy = connect();
  const std::string request = find_endp("e");
  busy.send(request.substr(0, 7));
  settle();
  signal(SIGINT);
  EXPECT_EQ(lifecycle->state(), State::draining);
  EXPECT_FALSE(is_served());
  pass(Lifecycle::kDrainTime - 1ns);
  busy.send(request.substr(7));
  settle();
  EXPECT_EQ(busy.read(), kNoEndpoint);
  EXPECT_EQ(lifecycle->state(), State::stopped);
  EXPECT_EQ(lines(), "scached: ready\n");
}

TEST_F(LifecycleTest, DrainsForALimitedTime) {
  lifecycle->start();
  SocketClient busy = connect();
  busy.send("request");
  settle();
  signal(SIGTERM);
  pass(Lifecycle::kDrainTime - 1ns);
  EXPECT_EQ(lifecycle->state(), State::draining);
  pass(1ns);
  EXPECT_EQ(lifecycle->state(), State::stopped);
  EXPECT_THAT(lines(), HasSubstr("shutdown: closing the streams of 1 clients with unfinished"));
}

TEST_F(LifecycleTest, ASecondSignalStopsAtOnce) {
  lifecycle->start();
  SocketClient busy = connect();
  busy.send("request");
  settle();
  signal(SIGTERM);
  signal(SIGHUP);
  EXPECT_EQ(lifecycle->state(), State::draining) << "there is nothing to reload any more";
  signal(SIGTERM);
  EXPECT_EQ(lifecycle->state(), State::stopped);
}

TEST_F(LifecycleTest, CachedConnectionsSayGoodbyeAtTheEnd) {
  const Fd peer = save_with_goodbye();
  lifecycle->start();
  signal(SIGTERM);
  EXPECT_EQ(lifecycle->state(), State::leaving);
  EXPECT_TRUE(comes_true([&] { return receive_with(peer.get()).bytes == "bye"; }));
  send_with(peer.get(), "bye", {});
  settle();
  pass(LastGoodbyes::kInterval);
  EXPECT_EQ(lifecycle->state(), State::stopped);
}

TEST_F(LifecycleTest, GoodbyesHaveALimitedTime) {
  const Fd peer = save_with_goodbye(1h);
  lifecycle->start();
  signal(SIGTERM);
  pass(Lifecycle::kGoodbyeTime - 1ns);
  EXPECT_EQ(lifecycle->state(), State::leaving);
  pass(1ns);
  EXPECT_EQ(lifecycle->state(), State::stopped);
}

TEST_F(LifecycleTest, ASecondSignalEndsTheGoodbyes) {
  const Fd peer = save_with_goodbye();
  lifecycle->start();
  signal(SIGTERM);
  signal(SIGTERM);
  EXPECT_EQ(lifecycle->state(), State::stopped);
  EXPECT_TRUE(comes_alone(peer));
}

TEST_F(LifecycleTest, GoodbyesFollowTheTimeForRequests) {
  const Fd peer = save_with_goodbye();
  lifecycle->start();
  SocketClient busy = connect();
  busy.send("request");
  settle();
  signal(SIGTERM);
  pass(Lifecycle::kDrainTime);
  EXPECT_EQ(lifecycle->state(), State::leaving);
  EXPECT_TRUE(comes_true([&] { return receive_with(peer.get()).bytes == "bye"; }));
}

TEST_F(LifecycleTest, AReloadChangesThePolicyAndTheLog) {
  lifecycle->start();
  notified();
  lines();
  on_disk.ttl_limit = 7s;
  on_disk.ttl_default = 3s;
  on_disk.request_time = 9s;
  on_disk.users = {{.name = "", .number = 1'234}};
  on_disk.hand_outs = {{.endpoint = "e", .hand_out = {.newest_first = true, .allow_input = true}}};
  on_disk.goodbyes = {{.endpoint = "e", .protocol = {}, .goodbye = {.bytes = "bye"}}};
  signal(SIGHUP);
  EXPECT_EQ(lines(), "scached: configuration reloaded\n");
  EXPECT_EQ(notified().size(), 2u) << "reloading, ready";
  EXPECT_EQ(policy().ttl_limit, 7s);
  EXPECT_EQ(policy().ttl_default, 3s);
  EXPECT_EQ(policy().time_limit, 9s);
  EXPECT_FALSE(policy().access->rights_of({.pid = 1, .uid = 1'234, .gid = 9}, {}).none());
  EXPECT_EQ(policy().clients_of_user, kCapacity.clients_of_user());
  EXPECT_TRUE(configuration.hand_out("e").newest_first);
  EXPECT_TRUE(configuration.hand_out("e").allow_input);
  EXPECT_EQ(configuration.goodbye("e")->bytes, "bye");
  on_disk.log_level = LogLevel::warning;
  signal(SIGHUP);
  EXPECT_EQ(lines(), "");
}

TEST_F(LifecycleTest, LimitsChangeAtTheNextStart) {
  lifecycle->start();
  lines();
  const std::size_t before = policy().limits.name;
  on_disk.name_bytes = before + 1;
  for (int i = 0; i < 2; ++i) {
    signal(SIGHUP);
    EXPECT_EQ(policy().limits.name, before);
    EXPECT_EQ(lines(),
              "scached: warning: limits: changes take effect at the next start\n"
              "scached: configuration reloaded\n");
  }
}

TEST_F(LifecycleTest, AConfigurationWithErrorsChangesNothing) {
  lifecycle->start();
  lines();
  on_disk.ttl_limit = 7s;
  complaints = {"f:1:1: one", "f:2:1: two"};
  signal(SIGHUP);
  EXPECT_EQ(lines(),
            "scached: error: f:1:1: one\nscached: error: f:2:1: two\n"
            "scached: error: the configuration has errors: no changes were applied\n");
  EXPECT_NE(policy().ttl_limit, 7s);
  EXPECT_EQ(lifecycle->state(), State::serving);
}

TEST_F(LifecycleTest, AReloadThatFailsIsLoggedAndChangesNothing) {
  lifecycle->start();
  notified();
  lines();
  fails = true;
  signal(SIGHUP);
  EXPECT_EQ(lines(), "scached: warning: cannot reload the configuration: std::bad_alloc\n");
  EXPECT_EQ(notified().back(), "READY=1");
  EXPECT_EQ(lifecycle->state(), State::serving);
  fails = false;
  signal(SIGHUP);
  EXPECT_EQ(lines(), "scached: configuration reloaded\n");
}

TEST_F(LifecycleTest, CreatesALostSocketAgain) {
  lifecycle->start();
  SocketClient before = connect();
  ASSERT_EQ(::unlink(path.c_str()), 0);
  pass(Lifecycle::kSocketInterval - 1ns);
  EXPECT_FALSE(is_served());
  pass(1ns);
  EXPECT_THAT(lines(), HasSubstr(path + ": the socket is gone: creating it again"));
  connect();
  EXPECT_FALSE(before.sees_end());
  ASSERT_EQ(::unlink(path.c_str()), 0);
  signal(SIGHUP);
  connect();
}

TEST_F(LifecycleTest, KeepsEachSocket) {
  lifecycle.reset();
  const std::string second = scratch.path("second");
  configuration.listens = {{.path = second}};
  make_lifecycle({});
  lifecycle->start();
  ASSERT_EQ(::unlink(second.c_str()), 0);
  pass(Lifecycle::kSocketInterval);
  EXPECT_THAT(lines(), HasSubstr(second + ": the socket is gone: creating it again"));
  EXPECT_TRUE(connect_to(second));
  connect();
  signal(SIGTERM);
  EXPECT_FALSE(connect_to(second));
}

TEST_F(LifecycleTest, EndsIfItCannotCreateTheSocketAgain) {
  lifecycle->start();
  ASSERT_EQ(::unlink(path.c_str()), 0);
  ASSERT_EQ(::mkdir(path.c_str(), 0700), 0);
  pass(Lifecycle::kSocketInterval);
  EXPECT_EQ(lifecycle->state(), State::stopped);
  EXPECT_EQ(lifecycle->exit_status(), EXIT_FAILURE);
  EXPECT_THAT(lines(), HasSubstr("scached: fatal: "));
  ASSERT_EQ(::rmdir(path.c_str()), 0);
}

TEST_F(LifecycleTest, TellsTheWatchdogThatItIsAlive) {
  lifecycle.reset();
  make_lifecycle(2s);
  lifecycle->start();
  notified();
  pass(2s - 1ns);
  EXPECT_THAT(notified(), IsEmpty());
  pass(1ns);
  EXPECT_THAT(notified(), ElementsAre("WATCHDOG=1"));
  pass(2s);
  EXPECT_THAT(notified(), ElementsAre("WATCHDOG=1"));
}

}  // namespace
}  // namespace scache::standalone

// SPDX-License-Identifier: Apache-2.0
#include "server/drops.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "health/prober.hpp"
#include "server/session_fixture.hpp"
#include "support/hanging_close.hpp"

namespace scache::server {
namespace {

using namespace std::chrono_literals;
using namespace test;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class DropsTest : public SessionTest {
 protected:
  void save(const std::string& endpoint, std::size_t count = 1) {
    for (std::size_t i = 0; i < count; ++i) {
      Fd fd{::dup(pipe.first.get())};
      EXPECT_EQ(service.save(caller, SaveEndpoint{10s, endpoint, ""}, std::move(fd), clock.now()),
                Saved::yes);
    }
  }
  void bind(const std::string& destination, std::size_t count = 1) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::string properties = std::to_string(i);
      const SaveDestination binding{10s, destination, properties, "e"};
      EXPECT_NE(service.save(caller, binding, clock.now()), Saved::full);
    }
  }
  void drop_endpoint(std::uint64_t request, const std::string& endpoint) {
    drops.add(request, report(request, server::drop_endpoint(service, drops, endpoint)));
  }
  void drop_prefix(std::uint64_t request, const std::string& prefix) {
    drop_prefix(request, caller, prefix);
  }
  void drop_prefix(std::uint64_t request, const Caller& who, const std::string& prefix) {
    drops.add(request, report(request, server::drop_prefix(service, who, drops, prefix)));
  }
  // Executes a step of each drop. Returns the completed ones as request, connections, bindings.
  std::vector<std::vector<std::uint64_t>> work() {
    done.clear();
    for (std::size_t left = drops.size(); left > 0; --left) {
      EXPECT_TRUE(comes_true([this] { return closer.is_idle(); }));
      drops.run_step();
    }
    return done;
  }
  static auto is(std::uint64_t request, std::uint64_t connections, std::uint64_t bindings) {
    return ElementsAre(request, connections, bindings);
  }

  Ends pipe = pipe_pair();
  UnderWay drops;

 private:
  Task<> report(std::uint64_t request, Task<Dropped> drop) {
    const Dropped dropped = co_await drop;
    done.push_back({request, dropped.connections, dropped.bindings});
  }

  std::vector<std::vector<std::uint64_t>> done;
};

TEST_F(DropsTest, ConnectionsOfAnEndpointLeave) {
  save("e", 3);
  save("ee");
  drop_endpoint(1, "e");
  EXPECT_EQ(service.cache().connections(), 4u);
  EXPECT_FALSE(drops.empty());
  EXPECT_THAT(work(), ElementsAre(is(1, 3, 0)));
  EXPECT_TRUE(drops.empty());
  EXPECT_EQ(service.cache().connections(), 1u);
  EXPECT_EQ(service.totals().dropped, 3u);
}

TEST_F(DropsTest, WhatBeginsWithAPrefixLeaves) {
  save("ab");
  save("b");
  bind("abc", 2);
  bind("b");
  drop_prefix(1, "ab");
  EXPECT_THAT(work(), ElementsAre(is(1, 1, 2)));
  drop_prefix(2, "");
  EXPECT_THAT(work(), ElementsAre(is(2, 1, 1)));
  EXPECT_EQ(service.cache().bytes(), 0u);
}

TEST_F(DropsTest, NothingToDropIsDoneAtOnce) {
  drop_endpoint(1, "e");
  drop_prefix(2, "");
  EXPECT_THAT(work(), ElementsAre(is(1, 0, 0), is(2, 0, 0)));
}

TEST_F(DropsTest, AStepOfEachAtATime) {
  save("e", kEntriesOfStep + 1);
  bind("d", 2 * kEntriesOfStep);
  drop_endpoint(1, "e");
  drop_prefix(2, "d");
  EXPECT_THAT(work(), IsEmpty());
  EXPECT_EQ(service.cache().connections(), 1u);
  EXPECT_THAT(work(), ElementsAre(is(1, kEntriesOfStep + 1, 0)));
  EXPECT_THAT(work(), ElementsAre(is(2, 0, 2 * kEntriesOfStep)));
  EXPECT_EQ(service.cache().bindings(), 0u);
}

TEST_F(DropsTest, WhatIsSavedAfterItsBeginningStays) {
  save("e", kEntriesOfStep);
  drop_endpoint(1, "e");
  drop_prefix(2, "");
  save("e");
  bind("d");
  while (!drops.empty()) work();
  EXPECT_EQ(service.cache().connections(), 1u);
  EXPECT_EQ(service.cache().bindings(), 1u);
}

TEST_F(DropsTest, OneThatIsCancelledLeavesTheRestAndTheOthers) {
  save("e", 2 * kEntriesOfStep);
  bind("d", 2 * kEntriesOfStep);
  drop_endpoint(1, "e");
  drop_prefix(2, "d");
  work();
  EXPECT_TRUE(drops.cancel(1));
  EXPECT_FALSE(drops.cancel(1));
  EXPECT_FALSE(drops.cancel(3));
  while (!drops.empty()) work();
  EXPECT_EQ(service.cache().connections(), kEntriesOfStep);
  EXPECT_EQ(service.cache().bindings(), 0u);
}

TEST_F(DropsTest, WaitsUntilTheCloserHasCaughtUp) {
  const HangingClose hanging;
  Ends lingering = lingering_pair(30);
  const int number = lingering.first.get();
  closer.close(std::move(lingering.first), kUser);
  ASSERT_TRUE(comes_true([number] { return !is_open(number); })) << "the thread is in close(2)";
  for (std::size_t i = 0; i <= Closer::kMaxBehind; ++i) {
    closer.close(Fd{::dup(pipe.first.get())}, kUser);
  }
  ASSERT_TRUE(service.is_closing());
  save("e");
  bind("d");
  drop_endpoint(1, "e");
  drop_prefix(2, "d");
  for (int i = 0; i < 4; ++i) drops.run_step();
  EXPECT_EQ(service.cache().connections(), 1u);
  EXPECT_EQ(service.cache().bindings(), 1u);
  lingering.second.reset();
  EXPECT_TRUE(comes_true([this] { return closer.is_idle(); }));
  EXPECT_THAT(work(), ElementsAre(is(1, 1, 0), is(2, 0, 1)));
}

TEST_F(DropsTest, ByPrefixLeavesWhatTheCallerMayNotDrop) {
  save("a1");
  save("b1");
  bind("a2");
  bind("b2");
  Caller someone{.policy = policy, .user = 7, .rights = {}};
  someone.rights.add(std::make_shared<Grant>(Grant{.names = {"a*"}}));
  drop_prefix(1, someone, "");
  EXPECT_THAT(work(), ElementsAre(is(1, 1, 1)));
  EXPECT_EQ(service.cache().connections(), 1U);
  EXPECT_EQ(service.cache().bindings(), 1U);
}

class DropsAndProbesTest : public DropsTest {
 protected:
  DropsAndProbesTest() {
    service.probe([this](std::string_view) { return &probe; });
    service.observe(prober);
    service.use_prober(&prober);
  }
  ~DropsAndProbesTest() override {
    service.use_prober(nullptr);
    service.stop_observing(prober);
    EXPECT_TRUE(comes_true([this] { return closer.is_idle(); }));
  }

  // Saves connections of which each is being probed afterwards.
  void save_probed(const std::vector<std::string>& endpoints) {
    for (const std::string& endpoint : endpoints) {
      Ends ends = socket_pair();
      EXPECT_EQ(
          service.save(caller, SaveEndpoint{10s, endpoint, ""}, std::move(ends.first), clock.now()),
          Saved::yes);
      peers.push_back(std::move(ends.second));
    }
    clock.advance(probe.idle);
    settle();
    EXPECT_EQ(prober.count(), endpoints.size());
  }

  Probe probe{.send = "PING\r\n", .expect = "+PONG\r\n", .end = "", .idle = 5s, .wait = 2s};
  Prober prober{loop, closer, service, log};
  std::vector<Fd> peers;
};

TEST_F(DropsAndProbesTest, AConnectionThatIsProbedLeaves) {
  save_probed({"e", "f"});
  drop_endpoint(1, "e");
  save("e");
  EXPECT_THAT(work(), ElementsAre(is(1, 1, 0)));
  EXPECT_EQ(prober.count(), 1U);
  EXPECT_EQ(service.totals().dropped, 1U);
  EXPECT_EQ(service.cache().connections(), 1U) << "it was saved later";
}

TEST_F(DropsAndProbesTest, ByPrefixLeaveThoseThatTheCallerMayDrop) {
  save_probed({"a1", "a2", "b1"});
  Caller someone{.policy = policy, .user = 7, .rights = {}};
  someone.rights.add(std::make_shared<Grant>(Grant{.names = {"a1"}}));
  drop_prefix(1, someone, "a");
  EXPECT_THAT(work(), ElementsAre(is(1, 1, 0)));
  EXPECT_EQ(prober.count(), 2U);
  drop_prefix(2, "a");
  EXPECT_THAT(work(), ElementsAre(is(2, 1, 0)));
  EXPECT_EQ(prober.count(), 1U);
}

}  // namespace
}  // namespace scache::server

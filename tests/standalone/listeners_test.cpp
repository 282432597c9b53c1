// SPDX-License-Identifier: Apache-2.0
#include "standalone/listeners.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "support/descriptors.hpp"
#include "support/listening.hpp"
#include "support/scratch.hpp"

namespace scache::standalone {
namespace {

using namespace std::chrono_literals;
using namespace test;

constexpr Capacity kCapacity{.connections = 10, .clients = 4};

class ListenersTest : public DescriptorCensus {
 protected:
  ListenersTest() {
    configuration.socket_path = scratch.path("first");
    configuration.listens = {{.path = scratch.path("second"), .tag = "mail"}};
  }
  // Opens them; the service manager passes these.
  Result<Listeners> open(std::initializer_list<const Listening*> passed = {}) {
    std::vector<ActivatedSocket> sockets;
    for (const Listening* each : passed) {
      sockets.push_back({duplicate(each->descriptor()), each->path()});
    }
    return Listeners::open(configuration, std::move(sockets));
  }

  ScratchDirectory scratch;
  Configuration configuration;
};

TEST_F(ListenersTest, AreTheSocketsOfTheConfiguration) {
  auto listeners = open();
  ASSERT_TRUE(listeners);
  EXPECT_EQ(listeners->addresses().size(), 2U);
  EXPECT_TRUE(connect_to(scratch.path("first")));
  EXPECT_TRUE(connect_to(scratch.path("second")));
  listeners->close();
  EXPECT_FALSE(connect_to(scratch.path("first")));
  EXPECT_FALSE(connect_to(scratch.path("second")));
}

TEST_F(ListenersTest, ThatCannotBeCreatedAreAnError) {
  configuration.listens[0].path = "/nowhere/at/all";
  EXPECT_FALSE(open());
  EXPECT_FALSE(connect_to(scratch.path("first"))) << "the others are closed";
}

TEST_F(ListenersTest, ASocketThatIsPassedBelongsToTheTableWithItsPath) {
  const Listening named{scratch.path("second")};
  auto listeners = open({&named});
  ASSERT_TRUE(listeners);
  EXPECT_TRUE(connect_to(scratch.path("first"))) << "it is created";
}

TEST_F(ListenersTest, OneThatIsPassedWithoutATableIsTheFirst) {
  const Listening other{scratch.path("other")};
  auto listeners = open({&other});
  ASSERT_TRUE(listeners);
  EXPECT_FALSE(connect_to(scratch.path("first")));
  EXPECT_TRUE(connect_to(scratch.path("second"))) << "it is created";
}

TEST_F(ListenersTest, TwoThatArePassedWithoutATableAreAnError) {
  const Listening other{scratch.path("other")};
  const Listening third{scratch.path("third")};
  const auto listeners = open({&other, &third});
  ASSERT_FALSE(listeners);
  EXPECT_EQ(listeners.error().text,
            "socket activation: " + third.path() + ": no [[listen]] has this path");
}

TEST_F(ListenersTest, EachHasItsPolicy) {
  configuration.listens[0].main_cf = PostfixSettings{.ttl_limit = 7s, .request_time = 8s};
  configuration.listens[0].users = {{"", 5}};
  auto listeners = open();
  ASSERT_TRUE(listeners);
  listeners->set_policies(configuration, kCapacity, {});
  EXPECT_EQ(listeners->policy(0).source, "client");
  EXPECT_EQ(listeners->policy(0).ttl_limit, 1h);
  EXPECT_EQ(listeners->policy(0).time_limit, 30s);
  EXPECT_TRUE(listeners->policy(0).access->rights_of({1, 5, 9}, {}).none());
  EXPECT_EQ(listeners->policy(1).source, "mail");
  EXPECT_EQ(listeners->policy(1).ttl_limit, 7s);
  EXPECT_EQ(listeners->policy(1).time_limit, 8s);
  EXPECT_FALSE(listeners->policy(1).access->rights_of({1, 5, 9}, {}).none());
}

TEST_F(ListenersTest, NewPoliciesFindTheirSocketsByPath) {
  auto listeners = open();
  ASSERT_TRUE(listeners);
  listeners->set_policies(configuration, kCapacity, {});
  const std::size_t limit = listeners->policy(1).limits.name;
  Configuration changed = configuration;
  changed.name_bytes = limit + 1;
  changed.listens[0].tag = "post";
  changed.listens[0].users = {{"", 5}};
  changed.listens.insert(changed.listens.begin(), {.path = scratch.path("third"), .tag = "other"});
  listeners->set_policies(changed, kCapacity, {});
  EXPECT_EQ(listeners->policy(1).source, "post");
  EXPECT_EQ(listeners->policy(1).limits.name, limit);
  EXPECT_FALSE(listeners->policy(1).access->rights_of({1, 5, 9}, {}).none());
  changed.listens.clear();
  listeners->set_policies(changed, kCapacity, {});
  EXPECT_TRUE(listeners->policy(1).access->rights_of({1, 5, 9}, {}).none());
}

TEST(PolicyOf, HasTheConfiguredValues) {
  Configuration configuration;
  configuration.name_bytes = 5;
  configuration.properties_bytes = 6;
  const auto policy = [&] {
    return policy_of(configuration, configuration.sockets().front(), kCapacity, {});
  };
  const ListenPolicy alone = policy();
  EXPECT_EQ(alone.limits.name, 5u);
  EXPECT_EQ(alone.limits.properties, 6u);
  EXPECT_EQ(alone.time_limit, configuration.request_time);
  EXPECT_GT(alone.clients_of_user, kCapacity.clients) << "no other user has access";
  EXPECT_FALSE(alone.access->rights_of({.pid = 1, .uid = ::geteuid(), .gid = 9}, {}).none());
  configuration.groups = {{.name = "", .number = 70}};
  EXPECT_EQ(policy().clients_of_user, kCapacity.clients_of_user());
}

}  // namespace
}  // namespace scache::standalone

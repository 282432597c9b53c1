// SPDX-License-Identifier: Apache-2.0
#include "server/drops.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/session_fixture.hpp"

namespace scache::server {
namespace {

using namespace std::chrono_literals;
using namespace test;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

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
  // Works on a slice of each drop. Returns the completed ones as request, connections, bindings.
  std::vector<std::vector<std::uint64_t>> work() {
    std::vector<std::vector<std::uint64_t>> done;
    for (std::size_t left = drops.size(); left > 0; --left) {
      EXPECT_TRUE(comes_true([this] { return closer.is_idle(); }));
      drops.work([&](const Drops::Dropped& dropped) {
        done.push_back({dropped.request, dropped.connections, dropped.bindings});
      });
    }
    return done;
  }
  static auto is(std::uint64_t request, std::uint64_t connections, std::uint64_t bindings) {
    return ElementsAre(request, connections, bindings);
  }

  Ends pipe = pipe_pair();
  Drops drops{service};
};

TEST_F(DropsTest, ConnectionsOfAnEndpointLeave) {
  save("e", 3);
  save("ee");
  drops.begin(1, Drops::Of::endpoint, "e");
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
  drops.begin(1, Drops::Of::prefix, "ab");
  EXPECT_THAT(work(), ElementsAre(is(1, 1, 2)));
  drops.begin(2, Drops::Of::prefix, "");
  EXPECT_THAT(work(), ElementsAre(is(2, 1, 1)));
  EXPECT_EQ(service.cache().bytes(), 0u);
}

TEST_F(DropsTest, NothingToDropIsDoneAtOnce) {
  drops.begin(1, Drops::Of::endpoint, "e");
  drops.begin(2, Drops::Of::prefix, "");
  EXPECT_THAT(work(), ElementsAre(is(1, 0, 0), is(2, 0, 0)));
}

TEST_F(DropsTest, ASliceOfEachAtATime) {
  save("e", Drops::kEntriesOfSlice + 1);
  bind("d", 2 * Drops::kEntriesOfSlice);
  drops.begin(1, Drops::Of::endpoint, "e");
  drops.begin(2, Drops::Of::prefix, "d");
  EXPECT_THAT(work(), IsEmpty());
  EXPECT_EQ(service.cache().connections(), 1u);
  EXPECT_THAT(work(), ElementsAre(is(1, Drops::kEntriesOfSlice + 1, 0)));
  EXPECT_THAT(work(), ElementsAre(is(2, 0, 2 * Drops::kEntriesOfSlice)));
  EXPECT_EQ(service.cache().bindings(), 0u);
}

TEST_F(DropsTest, WhatIsSavedAfterItsBeginningStays) {
  save("e", Drops::kEntriesOfSlice);
  drops.begin(1, Drops::Of::endpoint, "e");
  drops.begin(2, Drops::Of::prefix, "");
  save("e");
  bind("d");
  while (!drops.empty()) work();
  EXPECT_EQ(service.cache().connections(), 1u);
  EXPECT_EQ(service.cache().bindings(), 1u);
}

TEST_F(DropsTest, OneThatIsCancelledLeavesTheRestAndTheOthers) {
  save("e", 2 * Drops::kEntriesOfSlice);
  bind("d", 2 * Drops::kEntriesOfSlice);
  drops.begin(1, Drops::Of::endpoint, "e");
  drops.begin(2, Drops::Of::prefix, "d");
  work();
  EXPECT_TRUE(drops.cancel(1));
  EXPECT_FALSE(drops.cancel(1));
  EXPECT_FALSE(drops.cancel(3));
  while (!drops.empty()) work();
  EXPECT_EQ(service.cache().connections(), Drops::kEntriesOfSlice);
  EXPECT_EQ(service.cache().bindings(), 0u);
}

TEST_F(DropsTest, OfTwoWithTheSameIdTheFirstIsCancelled) {
  save("a");
  save("b");
  drops.begin(1, Drops::Of::endpoint, "a");
  drops.begin(1, Drops::Of::endpoint, "b");
  EXPECT_TRUE(drops.cancel(1));
  EXPECT_THAT(work(), SizeIs(1));
  EXPECT_TRUE(is_cached("a"));
  EXPECT_FALSE(is_cached("b"));
}

TEST_F(DropsTest, SoManyMayBeUnderWay) {
  for (std::size_t i = 0; i < Drops::kMostUnderWay; ++i) {
    EXPECT_FALSE(drops.full());
    drops.begin(i, Drops::Of::prefix, "x");
  }
  EXPECT_TRUE(drops.full());
  EXPECT_TRUE(drops.cancel(0));
  EXPECT_FALSE(drops.full());
}

TEST_F(DropsTest, ANameIsCopied) {
  save("endpoint");
  std::string name = "endpoint";
  drops.begin(1, Drops::Of::endpoint, name);
  name.assign(name.size(), 'x');
  EXPECT_THAT(work(), ElementsAre(is(1, 1, 0)));
}

}  // namespace
}  // namespace scache::server

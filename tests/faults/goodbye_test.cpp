// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "faults/faults.hpp"
#include "faults/world.hpp"
#include "health/farewells.hpp"
#include "support/descriptors.hpp"
#include "support/fake_clock.hpp"

// Connections that leave the cache while the calls of their goodbyes fail.

namespace scache::test {
namespace {

class GoodbyeFaults : public DescriptorCensus,
                      public ::testing::WithParamInterface<std::tuple<Call, Lasts>> {
 protected:
  GoodbyeFaults() { faults = {}; }
  ~GoodbyeFaults() override { faults = {}; }

  // Three connections leave; the nth call fails. Returns how many calls there were.
  std::size_t leave(std::size_t nth) {
    const auto [call, lasts] = GetParam();
    faults = {};
    FakeClock clock;
    Loop loop{clock.reader()};
    Closer closer{Closer::kMaxThreads, &start_thread};
    SafeLog log;
    Service service{{}, closer, log};
    const Goodbye goodbye{.bytes = "a goodbye that is longer than a short string\r\n"};
    service.say_goodbye([&](std::string_view) { return &goodbye; });
    Farewells farewells{loop, closer, 2, [&](Farewells::End how) { service.count_goodbye(how); }};
    service.use_farewells(&farewells);
    const server::ListenPolicy policy{.ttl_limit = std::chrono::seconds{10}};
    const server::Caller caller{.policy = policy};
    const SaveEndpoint request{std::chrono::seconds{10}, "e", "p"};
    std::vector<Fd> peers;
    for (int i = 0; i < 3; ++i) {
      Ends ends = socket_pair();
      EXPECT_EQ(service.save(caller, request, std::move(ends.first), clock.now()),
                server::Saved::yes);
      peers.push_back(std::move(ends.second));
    }
    faults.fault = {call, nth, ENOMEM, lasts};
    {
      const Guarded guarded;
      clock.advance(std::chrono::seconds{10});
      service.expire(clock.now(), 3);
      while (loop.turn(Loop::Wait::poll)) {
      }
      clock.advance(goodbye.wait);
      while (loop.turn(Loop::Wait::poll)) {
      }
    }
    faults.lift();
    EXPECT_EQ(farewells.count(), 0U);
    const server::Totals& totals = service.totals();
    EXPECT_EQ(totals.goodbyes + totals.goodbyes_skipped, 3U);
    EXPECT_EQ(totals.goodbyes_answered + totals.goodbyes_unanswered, totals.goodbyes);
    for (const Fd& peer : peers) EXPECT_TRUE(comes_alone(peer));
    service.use_farewells(nullptr);
    return faults.count(call);
  }
};

TEST_P(GoodbyeFaults, CloseTheConnectionsAllTheSame) {
  const std::size_t calls = leave(0);
  for (std::size_t nth = 1; nth <= calls; ++nth) {
    leave(nth);
    ASSERT_FALSE(HasFailure()) << nth;
  }
}

INSTANTIATE_TEST_SUITE_P(All, GoodbyeFaults,
                         ::testing::Combine(::testing::Values(Call::control, Call::thread,
                                                              Call::allocate),
                                            ::testing::Values(Lasts::once, Lasts::from_then_on)));

}  // namespace
}  // namespace scache::test

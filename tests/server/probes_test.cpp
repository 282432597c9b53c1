// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "server/goodbye_fixture.hpp"

// Probes of a server.

namespace scache::test {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;

class ProbesTest : public GoodbyeFixture {
 protected:
  ProbesTest() {
    service.probe([this](std::string_view endpoint) {
      return endpoint.starts_with("smtp:") ? &probe : nullptr;
    });
    start_with(4);
  }
  // Runs the loop until the counter has a value.
  bool counts(std::uint64_t Totals::* counter, std::uint64_t value) {
    return comes_true([&] {
      turns();
      return service.totals().*counter == value;
    });
  }

  Probe probe{.send = "NOOP\r\n", .expect = "250 ", .end = "\n", .idle = 30s, .wait = 2s};
};

TEST_F(ProbesTest, AnIdleConnectionThatAnswersStays) {
  const Fd peer = save("smtp:a");
  advance(30s);
  ASSERT_TRUE(hears(peer, "NOOP\r\n"));
  EXPECT_TRUE(send_with(peer.get(), "250 Ok\r\n", {}));
  EXPECT_TRUE(counts(&Totals::probes_passed, 1));
  EXPECT_EQ(service.totals().dead, 0U);
  EXPECT_TRUE(service.find(caller, FindEndpoint{"smtp:a"}, clock.now()));
  EXPECT_THAT(statistics_lines(), Contains("statistics: probes passed=1 failed=0"));
}

TEST_F(ProbesTest, AnIdleConnectionThatDoesNotIsClosedWithoutAGoodbye) {
  const Fd peer = save("smtp:a");
  const Fd other = save("other");
  advance(30s);
  ASSERT_TRUE(hears(peer, "NOOP\r\n"));
  EXPECT_TRUE(send_with(peer.get(), "421 Bye\r\n", {}));
  EXPECT_TRUE(counts(&Totals::probes_failed, 1));
  EXPECT_EQ(service.totals().dead, 1U);
  EXPECT_EQ(service.totals().goodbyes, 0U);
  EXPECT_TRUE(comes_alone(peer));
  EXPECT_EQ(service.cache().held(), 1U);
  EXPECT_THAT(log.take(), Contains("warning: a probe has failed: endpoint=smtp:a: wrong answer"));
}

TEST_F(ProbesTest, AConnectionThatIsWithdrawnMeanwhileIsClosed) {
  const Fd peer = save("smtp:a");
  const Position place = service.last_place();
  advance(30s);
  ASSERT_TRUE(hears(peer, "NOOP\r\n"));
  service.withdraw(place);
  EXPECT_EQ(service.cache().held(), 0U);
  EXPECT_TRUE(comes_alone(peer));
}

TEST_F(ProbesTest, TheWatcherGoesOnAfterAProbe) {
  const Fd peer = save("smtp:a");
  advance(30s);
  ASSERT_TRUE(hears(peer, "NOOP\r\n"));
  EXPECT_TRUE(send_with(peer.get(), "250 Ok\r\n", {}));
  EXPECT_TRUE(counts(&Totals::probes_passed, 1));
  advance(1s);
  EXPECT_TRUE(send_with(peer.get(), "421 Bye\r\n", {}));
  EXPECT_TRUE(counts(&Totals::dead, 1));
  EXPECT_EQ(service.totals().probes_failed, 0U);
}

}  // namespace
}  // namespace scache::test

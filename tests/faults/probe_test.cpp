// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "faults/faults.hpp"
#include "faults/world.hpp"
#include "health/prober.hpp"
#include "support/descriptors.hpp"
#include "support/fake_clock.hpp"

// Connections that are probed while the calls of the probes fail.

namespace scache::test {
namespace {

class ProbeFaults : public DescriptorCensus,
                    public ::testing::WithParamInterface<std::tuple<Call, Lasts>> {
 protected:
  static constexpr std::size_t kConnections = 3;

  ProbeFaults() { faults = {}; }
  ~ProbeFaults() override { faults = {}; }

  // The connections are probed; the nth call fails. Returns how many calls there were.
  std::size_t probe(std::size_t nth) {
    const auto [call, lasts] = GetParam();
    faults = {};
    FakeClock clock;
    Loop loop{clock.reader()};
    Closer closer{Closer::kMaxThreads, &start_thread};
    SafeLog log;
    Service service{{}, closer, log};
    const Probe probe{.send = "a request that is longer than a short string\r\n",
                      .expect = "+PONG\r\n",
                      .end = "",
                      .idle = std::chrono::seconds{30},
                      .wait = std::chrono::seconds{2}};
    service.probe([&](std::string_view) { return &probe; });
    Prober prober{loop, closer, service, log};
    service.observe(prober);
    const server::ListenPolicy policy{.ttl_limit = std::chrono::hours{1}};
    const server::Caller caller{.policy = policy};
    std::vector<Fd> peers;
    for (std::size_t i = 0; i < kConnections; ++i) {
      Ends ends = socket_pair();
      // Of one endpoint not all would be probed at once.
      const std::string endpoint = std::to_string(i);
      const SaveEndpoint request{std::chrono::hours{1}, endpoint, "p"};
      EXPECT_EQ(service.save(caller, request, std::move(ends.first), clock.now()),
                server::Saved::yes);
      peers.push_back(std::move(ends.second));
    }
    faults.fault = {call, nth, ENOMEM, lasts};
    clock.advance(probe.idle);
    run(loop, closer, peers);
    // Those without an answer, because their request, the news of it, or its answer got lost.
    clock.advance(std::max(probe.wait, Prober::kSendLimit));
    run(loop, closer, peers);
    faults.lift();
    EXPECT_EQ(prober.count(), 0U);
    const auto dead = static_cast<std::size_t>(
        std::ranges::count_if(peers, [](const Fd& peer) { return is_left_alone(peer); }));
    EXPECT_EQ(service.cache().connections(), kConnections - dead);
    EXPECT_EQ(service.totals().dead, dead);
    EXPECT_EQ(service.totals().probes_failed, dead);
    service.stop_observing(prober);
    return faults.count(call);
  }

 private:
  // Turns the loop, and answers for the peers, until nothing happens any more.
  static void run(Loop& loop, const Closer& closer, const std::vector<Fd>& peers) {
    for (bool is_quiet = false; !is_quiet;) {
      is_quiet = true;
      {
        const Guarded guarded;
        while (loop.turn(Loop::Wait::poll)) is_quiet = false;
      }
      EXPECT_TRUE(comes_true([&] { return closer.is_idle(); }));
      for (const Fd& peer : peers) {
        if (receive_with(peer.get()).size <= 0) continue;
        EXPECT_TRUE(send_with(peer.get(), "+PONG\r\n", {}));
        is_quiet = false;
      }
    }
  }
};

TEST_P(ProbeFaults, LoseNoConnectionThatIsNotClosed) {
  const std::size_t calls = probe(0);
  for (std::size_t nth = 1; nth <= calls; ++nth) {
    probe(nth);
    ASSERT_FALSE(HasFailure()) << nth;
  }
}

INSTANTIATE_TEST_SUITE_P(All, ProbeFaults,
                         ::testing::Combine(::testing::Values(Call::control, Call::thread,
                                                              Call::allocate),
                                            ::testing::Values(Lasts::once, Lasts::from_then_on)));

}  // namespace
}  // namespace scache::test

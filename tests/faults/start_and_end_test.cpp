// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <system_error>

#include "faults/direct_requests.hpp"
#include "faults/faults.hpp"
#include "faults/postfix_requests.hpp"
#include "faults/world.hpp"
#include "io/end_watch.hpp"
#include "io/signals.hpp"
#include "support/descriptors.hpp"
#include "support/fake_clock.hpp"

// Faults before the first turn of the loop and after the last.

namespace scache::test {
namespace {

class StartAndEnd : public DescriptorCensus {
 protected:
  StartAndEnd() { faults = {}; }
  ~StartAndEnd() override { faults = {}; }
};

TEST_F(StartAndEnd, AnEndThatCannotBeWatchedIsNoSecret) {
  FakeClock clock;
  Loop loop{clock.reader()};
  const Ends ends = socket_pair();
  faults.fault = {Call::control, 1, ENOMEM, Lasts::once};
  const Guarded guarded;
  EXPECT_THROW((EndWatch{loop, ends.first.get(), [] {}}), std::system_error);
}

TEST_F(StartAndEnd, SignalsThatCannotBeWatchedAreNoSecret) {
  FakeClock clock;
  Loop loop{clock.reader()};
  sigset_t before;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &before);
  faults.fault = {Call::control, 1, ENOMEM, Lasts::once};
  const Guarded guarded;
  EXPECT_THROW((Signals{loop, {SIGUSR1}, [](int) {}}), std::system_error);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TEST_F(StartAndEnd, ACacheThatEndsWaitsForNoLingeringConnection) {
  constexpr int kLingers = 60;
  Ends ends = lingering_pair(kLingers);
  const Instant before = BootClock::now();
  {
    Closer closer{Closer::kMaxThreads, &start_thread};
    SafeLog log;
    Service service{{}, closer, log};
    const server::ListenPolicy policy{.ttl_limit = std::chrono::seconds{10}};
    const server::Caller caller{.policy = policy};
    const SaveEndpoint request{std::chrono::seconds{10}, "e", "p"};
    ASSERT_EQ(service.save(caller, request, std::move(ends.first), before), server::Saved::yes);
  }
  EXPECT_LT(BootClock::now() - before, std::chrono::seconds{kLingers / 2});
}

TEST_F(StartAndEnd, AServerEndsWithoutMemoryToo) {
  const std::size_t allocations = live_allocations();
  {
    World world;
    world.invite({save("e"), save("e"), bind("d", "e"), find_and_stall("e")});
    world.invite({save("f"), stall_after(save_endp("f", "p"))});
    world.invite({stall_after("requ")});
    world.invite({save_directly("g", "g"), save_half_and_stall("g")});
    world.run();
    EXPECT_EQ(world.server().clients(), 4U);
    EXPECT_EQ(world.cache().held(), 4U);
    faults.fault = {Call::allocate, 1, ENOMEM, Lasts::from_then_on};
    world.end_server();
  }
  EXPECT_TRUE(comes_true([&] { return live_allocations() == allocations; }));
}

}  // namespace
}  // namespace scache::test

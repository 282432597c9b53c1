// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cerrno>
#include <string>

#include "faults/play.hpp"
#include "support/rooms.hpp"

// Faults while there is room neither for all clients nor for all connections.

namespace scache::test {
namespace {

// What is tried of the calls of a crowd of both.
constexpr std::size_t kMost = 150;

Play crowded(Call call, int error, Lasts lasts) {
  return {.fault = {.call = call, .nth = 0, .error = error, .lasts = lasts},
          .weather = Weather::fair,
          .settings = {.verbose = false, .clients = 3, .connections = 3},
          // Clients and connections make room for others, without any fault.
          .interruptions = 1'000,
          .refusals = 1'000};
}

// Those of Postfix alone, and then some of the calls of a crowd of both.
void perform_crowded(Call call, int error, Lasts lasts) {
  Play play = crowded(call, error, lasts);
  perform_for_every_call(play);
  play.who = Who::both;
  perform_for_every_call(play, kMost * rounds());
}

TEST(Crowd, IsServedWithoutFaults) {
  Play play = crowded(Call::receive, 0, Lasts::once);
  for (const Who who : {Who::of_postfix, Who::direct, Who::both}) {
    play.who = who;
    perform(play);
  }
}

TEST(Crowd, MemoryRunsOut) {
  perform_crowded(Call::allocate, ENOMEM, Lasts::once);
}

TEST(Crowd, MemoryRunsOutForLong) {
  perform_crowded(Call::allocate, ENOMEM, Lasts::from_then_on);
}

TEST(Crowd, TheDescriptorTableIsFullForLong) {
  perform_crowded(Call::accept, EMFILE, Lasts::from_then_on);
}

TEST(Crowd, EpollHasNoMemory) {
  perform_crowded(Call::control, ENOMEM, Lasts::once);
}

TEST(Crowd, ReceivingFails) {
  perform_crowded(Call::receive, ENOMEM, Lasts::once);
}

TEST(Crowd, SendingFailsForLong) {
  perform_crowded(Call::send, ENOBUFS, Lasts::from_then_on);
}

}  // namespace
}  // namespace scache::test

#include <gtest/gtest.h>

#include <cerrno>
#include <string>

#include "faults/play.hpp"

// Faults while there is room neither for all clients nor for all connections.

namespace scache::test {
namespace {

Play crowded(Call call, int error, Lasts lasts) {
  return {.fault = {.call = call, .nth = 0, .error = error, .lasts = lasts},
          .weather = Weather::fair,
          .settings = {.verbose = false, .clients = 3, .connections = 3},
          // Clients make room for each other, and connections are refused, without any fault.
          .interruptions = 1'000,
          .refusals = 1'000};
}

TEST(Crowd, IsServedWithoutFaults) {
  perform(crowded(Call::receive, 0, Lasts::once));
}

TEST(Crowd, MemoryRunsOut) {
  perform_for_every_call(crowded(Call::allocate, ENOMEM, Lasts::once));
}

TEST(Crowd, MemoryRunsOutForLong) {
  perform_for_every_call(crowded(Call::allocate, ENOMEM, Lasts::from_then_on));
}

TEST(Crowd, TheDescriptorTableIsFullForLong) {
  perform_for_every_call(crowded(Call::accept, EMFILE, Lasts::from_then_on));
}

TEST(Crowd, EpollHasNoMemory) {
  perform_for_every_call(crowded(Call::control, ENOMEM, Lasts::once));
}

TEST(Crowd, ReceivingFails) {
  perform_for_every_call(crowded(Call::receive, ENOMEM, Lasts::once));
}

TEST(Crowd, SendingFailsForLong) {
  perform_for_every_call(crowded(Call::send, ENOBUFS, Lasts::from_then_on));
}

}  // namespace
}  // namespace scache::test

#include <gtest/gtest.h>

#include <cerrno>

#include "faults/play.hpp"

// Memory that runs out ends the session that asked for it, and no other.

namespace scache::test {
namespace {

Play without_memory(Lasts lasts) {
  return {.fault = {.call = Call::allocate, .nth = 0, .error = ENOMEM, .lasts = lasts},
          .weather = Weather::fair,
          .settings = {},
          .interruptions = 1,
          .refusals = 0};
}

TEST(Memory, RunsOutOnce) {
  perform_for_every_call(without_memory(Lasts::once));
}

TEST(Memory, RunsOutForLong) {
  perform_for_every_call(without_memory(Lasts::from_then_on));
}

TEST(Memory, RunsOutOnceWhileDetailsAreLogged) {
  Play play = without_memory(Lasts::once);
  play.settings.verbose = true;
  perform_for_every_call(play);
}

TEST(Memory, RunsOutForLongWhileDetailsAreLogged) {
  Play play = without_memory(Lasts::from_then_on);
  play.settings.verbose = true;
  perform_for_every_call(play);
}

TEST(Memory, RunsOutOnceWhenAllIsSlow) {
  Play play = without_memory(Lasts::once);
  play.weather = Weather::trickling;
  perform_for_every_call(play, 30 * rounds());
}

}  // namespace
}  // namespace scache::test

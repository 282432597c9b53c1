// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cerrno>

#include "faults/play.hpp"
#include "support/rooms.hpp"

// Memory that runs out ends the session that asked for it, and no other.

namespace scache::test {
namespace {

Play without_memory(Lasts lasts, Who who) {
  return {.fault = {.call = Call::allocate, .nth = 0, .error = ENOMEM, .lasts = lasts},
          .weather = Weather::fair,
          .settings = {},
          .interruptions = 1,
          .refusals = 0,
          .who = who};
}

class Memory : public ::testing::TestWithParam<Who> {};

TEST_P(Memory, RunsOutOnce) {
  perform_for_every_call(without_memory(Lasts::once, GetParam()));
}

TEST_P(Memory, RunsOutForLong) {
  perform_for_every_call(without_memory(Lasts::from_then_on, GetParam()));
}

TEST_P(Memory, RunsOutOnceWhileDetailsAreLogged) {
  Play play = without_memory(Lasts::once, GetParam());
  play.settings.verbose = true;
  perform_for_every_call(play);
}

TEST_P(Memory, RunsOutForLongWhileDetailsAreLogged) {
  Play play = without_memory(Lasts::from_then_on, GetParam());
  play.settings.verbose = true;
  perform_for_every_call(play);
}

TEST_P(Memory, RunsOutOnceWhenAllIsSlow) {
  Play play = without_memory(Lasts::once, GetParam());
  play.weather = Weather::trickling;
  perform_for_every_call(play, 30 * rounds());
}

INSTANTIATE_TEST_SUITE_P(Whose, Memory, ::testing::Values(Who::of_postfix, Who::direct),
                         [](const auto& instance) { return name_of(instance.param); });

}  // namespace
}  // namespace scache::test

// SPDX-License-Identifier: Apache-2.0
#include "base/process.hpp"

#include <fcntl.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>

#include "support/recording_log.hpp"
#include "support/refused_call.hpp"
#include "support/scratch.hpp"

namespace scache::base {
namespace {

using namespace test;

TEST(Process, IgnoresTheSignalsOfPipesAndFiles) {
  EXPECT_EQ(in_child([] {
              if (!prepare_server()) return "no descriptors";
              ::raise(SIGPIPE);
              ::raise(SIGXFSZ);
              return "alive";
            }),
            "alive");
}

// Which of the three are closed, as bits of a number.
class StandardDescriptors : public testing::TestWithParam<int> {
 protected:
  static void close_some() {
    for (int number = 0; number < 3; ++number) {
      if ((GetParam() & 1 << number) != 0) ::close(number);
    }
  }
};

TEST_P(StandardDescriptors, AreReservedWhereTheyAreClosed) {
  EXPECT_EQ(in_child([] {
              close_some();
              if (!reserve_standard_descriptors()) return std::string{"refused"};
              const int next = ::dup(200);
              std::string closed;
              for (int number = 0; number < 3; ++number) {
                if (!is_inherited(number)) closed += fmt::to_string(number);
              }
              return fmt::format("{} {}", next > 2, closed);
            }),
            fmt::format("true {}{}{}", (GetParam() & 1) != 0 ? "0" : "",
                        (GetParam() & 2) != 0 ? "1" : "", (GetParam() & 4) != 0 ? "2" : ""));
}

TEST_P(StandardDescriptors, FailToBeWrittenAndAreAtTheirEnd) {
  EXPECT_EQ(in_child([] {
              close_some();
              if (!reserve_standard_descriptors()) return std::string{"refused"};
              for (int number = 0; number < 3; ++number) {
                char byte = 0;
                if (is_inherited(number)) continue;
                if (::write(number, &byte, 1) != -1) return std::string{"written"};
                if (::read(number, &byte, 1) != 0) return std::string{"read"};
              }
              return std::string{"right"};
            }),
            "right");
}

INSTANTIATE_TEST_SUITE_P(Process, StandardDescriptors, testing::Range(0, 8));

// The limit after it was raised, and the log.
std::string raise() {
  RecordingLog log;
  const rlim_t raised = raise_descriptor_limit(log);
  return fmt::format("{} {}", raised, fmt::join(log.take(), ";"));
}

TEST(Process, RaisesItsLimitOfDescriptorsToTheMaximum) {
  EXPECT_EQ(in_child([] {
              rlimit limit{.rlim_cur = 64, .rlim_max = 200};
              if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) return std::string{"cannot lower"};
              const std::string told = raise();
              ::getrlimit(RLIMIT_NOFILE, &limit);
              return fmt::format("{}{}", told, limit.rlim_cur);
            }),
            "200 200");
}

TEST(Process, GoesOnWithTheLimitThatTheSystemRefusesToRaise) {
  EXPECT_EQ(in_child([] {
              const rlimit limit{.rlim_cur = 64, .rlim_max = 200};
              if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) return std::string{"cannot lower"};
              if (!refuse_call(SYS_prlimit64, EPERM, 2)) return std::string{"no filter"};
              return raise();
            }),
            "64 warning: the limit of open files stays at 64: cannot raise it to 200: "
            "Operation not permitted");
}

TEST(Process, AssumesALimitThatTheSystemDoesNotTell) {
  EXPECT_EQ(in_child([] {
              if (!refuse_call(SYS_prlimit64, EPERM)) return std::string{"no filter"};
              return raise();
            }),
            "1024 warning: cannot read the limit of open files, 1024 is assumed: "
            "Operation not permitted");
}

}  // namespace
}  // namespace scache::base

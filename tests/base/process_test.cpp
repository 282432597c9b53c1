#include "base/process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

#include "support/scratch.hpp"

namespace scache {
namespace {

using namespace test;

TEST(Process, OccupiesTheStandardDescriptorsAndIgnoresPipeSignals) {
  EXPECT_EQ(in_child([] {
              ::close(0);
              ::close(2);
              prepare_process();
              const bool occupied = ::fcntl(0, F_GETFD) >= 0 && ::fcntl(2, F_GETFD) >= 0;
              ::raise(SIGPIPE);
              ::raise(SIGXFSZ);
              return std::string{occupied ? "occupied" : "free"};
            }),
            "occupied");
}

TEST(Process, RaisesItsLimitOfDescriptorsToTheMaximum) {
  EXPECT_EQ(in_child([] {
              rlimit limit{.rlim_cur = 64, .rlim_max = 200};
              if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) return std::string{"cannot lower"};
              const auto raised = raise_descriptor_limit();
              ::getrlimit(RLIMIT_NOFILE, &limit);
              return raised ? fmt::format("{} {}", *raised, limit.rlim_cur) : raised.error().text;
            }),
            "200 200");
}

}  // namespace
}  // namespace scache

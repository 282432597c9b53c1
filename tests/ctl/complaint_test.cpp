// SPDX-License-Identifier: Apache-2.0
#include "ctl/complaint.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

#include "base/process.hpp"
#include "support/scratch.hpp"

namespace scache::ctl {
namespace {

using test::in_child;

TEST(Complaint, IsALineOnStandardError) {
  EXPECT_EQ(in_child([] {
              std::array<int, 2> ends{};
              if (::pipe(ends.data()) != 0 || ::dup2(ends[1], STDERR_FILENO) == -1)
                return "no pipe";
              complain("what");
              std::array<char, 100> text{};
              return ::read(ends[0], text.data(), text.size()) == 16 ? "line" : "something else";
            }),
            "line");
}

TEST(Complaint, ThatCannotBeWrittenIsLost) {
  EXPECT_EQ(in_child([] {
              ::close(STDERR_FILENO);
              complain("what");
              if (!reserve_standard_descriptors()) return "no descriptor";
              complain("what");
              return "alive";
            }),
            "alive");
}

}  // namespace
}  // namespace scache::ctl

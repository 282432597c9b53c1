// SPDX-License-Identifier: Apache-2.0
#include "ctl/subprocess.hpp"

#include <gtest/gtest.h>

#include <csignal>

#include "support/descriptors.hpp"

namespace scache::ctl {
namespace {

class SubprocessTest : public test::DescriptorCensus {};

TEST_F(SubprocessTest, TellsTheOutputAndTheStatus) {
  const auto done = run_program({"sh", "-c", "echo out; echo err >&2; exit 3"});
  ASSERT_TRUE(done);
  EXPECT_EQ(done->output, "out\n");
  EXPECT_EQ(done->errors, "err\n");
  EXPECT_EQ(done->status, 3);
}

TEST_F(SubprocessTest, HasNoInputAndPassesWordsAsTheyAre) {
  const auto done = run_program({"sh", "-c", "cat; printf %s \"$1\"", "sh", "a b*"});
  ASSERT_TRUE(done);
  EXPECT_EQ(done->output, "a b*");
}

TEST_F(SubprocessTest, TellsTheSignal) {
  const auto done = run_program({"sh", "-c", "kill -9 $$"});
  ASSERT_TRUE(done);
  EXPECT_EQ(done->status, 128 + SIGKILL);
}

TEST_F(SubprocessTest, ReadsMoreThanAPipeHolds) {
  const auto done = run_program({"sh", "-c", "head -c 300000 /dev/zero | tee /dev/stderr"});
  ASSERT_TRUE(done);
  EXPECT_EQ(done->output.size(), 300'000U);
  EXPECT_EQ(done->errors.size(), 300'000U);
}

TEST_F(SubprocessTest, AProgramThatIsMissingIsAnError) {
  const auto done = run_program({"no-such-program"});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().text, "no-such-program: No such file or directory");
}

}  // namespace
}  // namespace scache::ctl

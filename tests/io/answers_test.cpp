// SPDX-License-Identifier: Apache-2.0
#include "io/answers.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <memory>
#include <thread>
#include <vector>

#include "support/descriptors.hpp"

namespace scache::test {
namespace {

bool is_readable(const Answers& answers) {
  pollfd poll{.fd = answers.descriptor(), .events = POLLIN, .revents = 0};
  return ::poll(&poll, 1, 0) == 1;
}

class AnswersTest : public DescriptorCensus {};

TEST_F(AnswersTest, GivesWhatWasPutInOrder) {
  Answers answers;
  EXPECT_FALSE(is_readable(answers));
  EXPECT_TRUE(answers.take().empty());
  answers.put({.key = 1, .kind = Answers::Kind::received, .bytes = "a"});
  answers.put({.key = 2, .bytes = "b"});
  EXPECT_TRUE(is_readable(answers));
  const auto taken = answers.take();
  ASSERT_EQ(taken.size(), 2u);
  EXPECT_EQ(taken[0].key, 1u);
  EXPECT_EQ(taken[0].kind, Answers::Kind::received);
  EXPECT_EQ(taken[1].bytes, "b");
  EXPECT_EQ(taken[1].kind, Answers::Kind::ended);
  EXPECT_FALSE(is_readable(answers));
}

TEST_F(AnswersTest, TakesFromThreads) {
  constexpr int kEach = 1'000;
  const auto answers = std::make_shared<Answers>();
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 2; ++thread) {
    threads.emplace_back([answers] {
      for (int i = 0; i < kEach; ++i) answers->put({.bytes = "x"});
    });
  }
  std::size_t count = 0;
  while (count < 2u * kEach) count += answers->take().size();
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(answers->take().empty());
}

}  // namespace
}  // namespace scache::test

#include "base/log_stream.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <string>

#include "support/descriptors.hpp"
#include "support/scratch.hpp"

namespace scache {
namespace {

using namespace test;
using std::chrono::steady_clock;

// Fills a pipe up to its last byte.
void fill(const Fd& pipe) {
  ::fcntl(pipe.get(), F_SETFL, O_NONBLOCK);
  const std::string much(4'096, 'x');
  while (::write(pipe.get(), much.data(), much.size()) > 0) {
  }
  ::fcntl(pipe.get(), F_SETFL, 0);
}

TEST(LogStream, WritesLines) {
  const Ends pipe = pipe_pair();
  LogStream stream{pipe.second.get()};
  ASSERT_TRUE(stream);
  EXPECT_TRUE(stream.write("one\n"));
  EXPECT_TRUE(stream.write("two\n"));
  EXPECT_EQ(arrived(pipe.first.get()), std::vector<std::string>{"one\ntwo\n"});
}

TEST(LogStream, IsNothingWithoutADescriptor) {
  EXPECT_FALSE(LogStream{});
}

TEST(LogStream, WaitsOnceForSomebodyWhoHasStoppedReading) {
  const Ends pipe = pipe_pair();
  fill(pipe.second);
  LogStream stream{pipe.second.get()};
  EXPECT_FALSE(stream.write("lost\n"));
  const auto before = steady_clock::now();
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(stream.write("lost\n"));
  EXPECT_LT(steady_clock::now() - before, std::chrono::seconds{4});
  arrived(pipe.first.get());
  EXPECT_TRUE(stream.write("kept\n"));
  EXPECT_EQ(arrived(pipe.first.get()), std::vector<std::string>{"kept\n"});
}

}  // namespace
}  // namespace scache

// SPDX-License-Identifier: Apache-2.0
#include "base/log_stream.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/descriptors.hpp"
#include "support/scratch.hpp"

namespace scache::base {
namespace {

using namespace test;
using Sent = LogOutlet::Sent;

// Fills a descriptor up to its last byte.
void fill(const Fd& fd) {
  ::fcntl(fd.get(), F_SETFL, O_NONBLOCK);
  const std::string much(4'096, 'x');
  while (::write(fd.get(), much.data(), much.size()) > 0) {
  }
  while (::write(fd.get(), much.data(), 1) > 0) {
  }
  ::fcntl(fd.get(), F_SETFL, 0);
}

TEST(LogStream, WritesLines) {
  const Ends pipe = pipe_pair();
  LogStream stream{pipe.second.get()};
  EXPECT_TRUE(stream.send("one\n"));
  EXPECT_TRUE(stream.send_if_ready("two\n"));
  EXPECT_EQ(arrived(pipe.first.get()), std::vector<std::string>{"one\ntwo\n"});
}

TEST(LogStream, APipeCannotBeAskedNotToWait) {
  const Ends pipe = pipe_pair();
  LogStream stream{pipe.second.get()};
  std::string_view record = "line\n";
  EXPECT_EQ(stream.try_send(record), Sent::not_now);
  EXPECT_EQ(record, "line\n");
  EXPECT_TRUE(arrived(pipe.first.get()).empty());
  EXPECT_EQ(::fcntl(pipe.second.get(), F_GETFL) & O_NONBLOCK, 0);
}

TEST(LogStream, ASocketTakesWhatItHasRoomFor) {
  const Ends pair = socket_pair();
  LogStream stream{pair.second.get()};
  std::string_view record = "line\n";
  EXPECT_EQ(stream.try_send(record), Sent::yes);
  EXPECT_EQ(arrived(pair.first.get()), std::vector<std::string>{"line\n"});
  fill(pair.second);
  record = "line\n";
  EXPECT_EQ(stream.try_send(record), Sent::not_now);
  EXPECT_EQ(record, "line\n");
  EXPECT_FALSE(stream.send_if_ready("line\n"));
}

TEST(LogStream, TellsWhatIsLeftOfALine) {
  const Ends pair = socket_pair();
  LogStream stream{pair.second.get()};
  const std::string much(1U << 22, 'x');
  std::string_view record = much;
  EXPECT_EQ(stream.try_send(record), Sent::not_now);
  EXPECT_GT(record.size(), 0u);
  EXPECT_LT(record.size(), much.size());
}

TEST(LogStream, WritesNothingWhereNobodyReads) {
  const Ends pipe = pipe_pair();
  fill(pipe.second);
  LogStream stream{pipe.second.get()};
  EXPECT_FALSE(stream.send_if_ready("lost\n"));
  arrived(pipe.first.get());
  EXPECT_TRUE(stream.send_if_ready("kept\n"));
  EXPECT_EQ(arrived(pipe.first.get()), std::vector<std::string>{"kept\n"});
}

TEST(LogStream, SendWaitsForRoomEvenWhereOthersDoNotWant) {
  const Ends pipe = pipe_pair();
  fill(pipe.second);
  ::fcntl(pipe.second.get(), F_SETFL, O_NONBLOCK);
  LogStream stream{pipe.second.get()};
  std::thread writer{[&] { EXPECT_TRUE(stream.send("kept\n")); }};
  std::string all;
  while (!all.ends_with("kept\n")) {
    for (const std::string& piece : arrived(pipe.first.get())) all += piece;
  }
  writer.join();
}

TEST(LogStream, SaysWhenAllIsLost) {
  ::signal(SIGPIPE, SIG_IGN);
  Ends pipe = pipe_pair();
  LogStream stream{pipe.second.get()};
  pipe.first.reset();
  EXPECT_FALSE(stream.send("lost\n"));
  Ends pair = socket_pair();
  LogStream socket{pair.second.get()};
  pair.first.reset();
  std::string_view record = "lost\n";
  EXPECT_EQ(socket.try_send(record), Sent::no);
  EXPECT_FALSE(LogStream{-1}.send("lost\n"));
  ::signal(SIGPIPE, SIG_DFL);
}

}  // namespace
}  // namespace scache::base

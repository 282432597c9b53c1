// SPDX-License-Identifier: Apache-2.0
#include "standalone/activation.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <string>

#include "support/descriptors.hpp"
#include "support/listening.hpp"
#include "support/scratch.hpp"

namespace scache::standalone {
namespace {

using namespace test;

// The output of a child that has `passed` as its descriptor 3.
std::string activated(int passed, const char* count, const std::function<std::string()>& pid) {
  return in_child([&] {
    for (const int number : {kFirstActivatedFd, kFirstActivatedFd + 1}) {
      ::dup2(passed, number);
      ::fcntl(number, F_SETFL, 0);
    }
    ::setenv("LISTEN_PID", pid().c_str(), 1);
    ::setenv("LISTEN_FDNAMES", "x", 1);
    if (count != nullptr) ::setenv("LISTEN_FDS", count, 1);
    const auto taken = take_activated_sockets();
    for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) {
      if (::getenv(name) != nullptr) return std::string{name} + " is there";
    }
    if (!taken) return taken.error().text;
    if (taken->empty()) return std::string{"none"};
    std::string all;
    for (const ActivatedSocket& each : *taken) {
      const int number = each.socket.get();
      const bool ready = is_close_on_exec(number) && (::fcntl(number, F_GETFL) & O_NONBLOCK) != 0;
      all += (all.empty() ? "" : ", ") + std::to_string(number) + (ready ? " ready " : " raw ") +
             each.path;
    }
    return all;
  });
}

std::string own() {
  return std::to_string(::getpid());
}

TEST(Activation, TakesTheSocketThatIsPassed) {
  const Listening listening;
  EXPECT_EQ(activated(listening.descriptor(), "1", own), "3 ready " + listening.path());
}

TEST(Activation, IsForTheProcessThatItNames) {
  const Listening listening;
  EXPECT_EQ(activated(listening.descriptor(), "1", [] { return std::string{"1"}; }), "none");
  EXPECT_EQ(activated(listening.descriptor(), "1", [] { return std::string{}; }), "none");
}

TEST(Activation, IsNoneWithoutDescriptors) {
  const Listening listening;
  EXPECT_EQ(activated(listening.descriptor(), nullptr, own), "none");
  EXPECT_EQ(activated(listening.descriptor(), "0", own), "none");
}

TEST(Activation, TakesSeveralSockets) {
  const Listening listening;
  EXPECT_EQ(activated(listening.descriptor(), "2", own),
            "3 ready " + listening.path() + ", 4 ready " + listening.path());
}

TEST(Activation, IsByANumberOfSockets) {
  const Listening listening;
  for (const std::string count : {"x", "-1", "1x", "65", ""}) {
    EXPECT_EQ(activated(listening.descriptor(), count.c_str(), own),
              "socket activation: LISTEN_FDS is " + count + ", not a number up to 64");
  }
}

TEST(Activation, IsByAListeningStreamOfTheUnixDomain) {
  const std::string refusal =
      "socket activation: descriptor 3 is not a listening UNIX-domain stream socket";
  const Ends connected = socket_pair();
  EXPECT_EQ(activated(connected.first.get(), "1", own), refusal);
  const Ends pipe = pipe_pair();
  EXPECT_EQ(activated(pipe.first.get(), "1", own), refusal);
  const Fd tcp{::socket(AF_INET, SOCK_STREAM, 0)};
  ASSERT_EQ(::listen(tcp.get(), 1), 0);
  EXPECT_EQ(activated(tcp.get(), "1", own), refusal);
}

}  // namespace
}  // namespace scache::standalone

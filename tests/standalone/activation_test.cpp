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
    ::dup2(passed, kFirstActivatedFd);
    ::fcntl(kFirstActivatedFd, F_SETFL, 0);
    ::setenv("LISTEN_PID", pid().c_str(), 1);
    ::setenv("LISTEN_FDNAMES", "x", 1);
    if (count != nullptr) ::setenv("LISTEN_FDS", count, 1);
    const auto taken = take_activated_socket();
    for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) {
      if (::getenv(name) != nullptr) return std::string{name} + " is there";
    }
    if (!taken) return taken.error().text;
    if (!*taken) return std::string{"none"};
    const bool ready =
        is_close_on_exec(taken->get()) && (::fcntl(taken->get(), F_GETFL) & O_NONBLOCK) != 0;
    return std::to_string(taken->get()) + (ready ? " ready" : " raw");
  });
}

std::string own() {
  return std::to_string(::getpid());
}

TEST(Activation, TakesTheSocketThatIsPassed) {
  const Listening listening;
  EXPECT_EQ(activated(listening.descriptor(), "1", own), "3 ready");
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

TEST(Activation, IsByOneSocket) {
  const Listening listening;
  EXPECT_EQ(activated(listening.descriptor(), "2", own),
            "socket activation: expected one socket, LISTEN_FDS is 2");
  EXPECT_EQ(activated(listening.descriptor(), "x", own),
            "socket activation: expected one socket, LISTEN_FDS is x");
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

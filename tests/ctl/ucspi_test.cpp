// SPDX-License-Identifier: Apache-2.0
#include "ctl/ucspi.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <string>

#include "ctl/connect.hpp"

namespace scache::ctl {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::Each;
using testing::Not;
using testing::StartsWith;

constexpr const char* kNothing[] = {nullptr};

std::string port_of(int descriptor) {
  sockaddr_in address{};
  socklen_t size = sizeof(address);
  EXPECT_EQ(::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size), 0);
  return std::to_string(ntohs(address.sin_port));
}

Connection local() {
  int ends[2];
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const Descriptor other{ends[1]};
  return {.descriptor = Descriptor{ends[0]}};
}

TEST(Ucspi, TellsBothEndsOfATcpConnection) {
  const Descriptor listener{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  const std::string port = port_of(listener.get());
  auto descriptor = connect_to("127.0.0.1", port, 10s);
  ASSERT_TRUE(descriptor);
  const std::string local_port = port_of(descriptor->get());
  const Connection connection{.descriptor = std::move(*descriptor)};
  const auto environment = connection_environment(kNothing, connection, "localhost");
  for (const std::string& variable :
       {std::string{"PROTO=TCP"}, std::string{"TCPREMOTEIP=127.0.0.1"}, "TCPREMOTEPORT=" + port,
        std::string{"TCPREMOTEHOST=localhost"}, std::string{"TCPLOCALIP=127.0.0.1"},
        "TCPLOCALPORT=" + local_port}) {
    EXPECT_THAT(environment, Contains(variable));
  }
}

TEST(Ucspi, ALocalSocketHasNoAddress) {
  const auto environment = connection_environment(kNothing, local(), {});
  EXPECT_THAT(environment, Contains("PROTO=UNIX"));
  EXPECT_THAT(environment, Each(Not(StartsWith("TCP"))));
}

TEST(Ucspi, TellsWhatTheCacheKnows) {
  Connection connection = local();
  connection.endpoint = "e\n";
  connection.endpoint_properties = std::string("p\0", 2);
  connection.destination_properties = "dp";
  connection.uses = 3;
  const auto environment = connection_environment(kNothing, connection, {});
  EXPECT_THAT(environment, Contains("SCACHE_ENDPOINT=e\\n"));
  EXPECT_THAT(environment, Contains("SCACHE_PROPERTIES=p\\x00"));
  EXPECT_THAT(environment, Contains("SCACHE_DESTINATION_PROPERTIES=dp"));
  EXPECT_THAT(environment, Contains("SCACHE_USES=3"));
}

TEST(Ucspi, LeavesTheRestAndReplacesItsOwn) {
  const char* const inherited[] = {"PATH=/bin",     "PROTO=SSL",        "TCPREMOTEINFO=me",
                                   "SCACHE_USES=9", "SCACHE_SOCKET=/s", nullptr};
  const auto environment = connection_environment(inherited, local(), {});
  EXPECT_THAT(environment, Contains("PATH=/bin"));
  EXPECT_THAT(environment, Contains("SCACHE_SOCKET=/s"));
  EXPECT_THAT(environment, Not(Contains("PROTO=SSL")));
  EXPECT_THAT(environment, Not(Contains("TCPREMOTEINFO=me")));
  EXPECT_THAT(environment, Not(Contains("SCACHE_USES=9")));
}

TEST(Ucspi, WhatTheKernelWouldNotTakeIsNoVariable) {
  Connection connection = local();
  connection.endpoint_properties = std::string(kMaxVariable, 'p');
  EXPECT_THAT(connection_environment(kNothing, connection, {}),
              Contains(StartsWith("SCACHE_PROPERTIES=p")));
  connection.endpoint_properties += 'p';
  EXPECT_THAT(connection_environment(kNothing, connection, {}),
              Each(Not(StartsWith("SCACHE_PROPERTIES="))));
}

}  // namespace
}  // namespace scache::ctl

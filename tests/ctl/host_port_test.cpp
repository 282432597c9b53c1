// SPDX-License-Identifier: Apache-2.0
#include "ctl/host_port.hpp"

#include <gtest/gtest.h>

namespace scache::ctl {
namespace {

using Parts = std::pair<std::string, std::string>;

TEST(HostPort, HasTwoParts) {
  EXPECT_EQ(split_host_port("example.org:25"), (Parts{"example.org", "25"}));
  EXPECT_EQ(split_host_port("h:65535"), (Parts{"h", "65535"}));
  EXPECT_EQ(split_host_port("192.0.2.1:smtp"), (Parts{"192.0.2.1", "smtp"}));
  EXPECT_EQ(split_host_port("[2001:db8::1]:25"), (Parts{"2001:db8::1", "25"}));
}

TEST(HostPort, IsNothingElse) {
  for (const char* text : {"", "host", ":25", "host:", "2001:db8::1:25", "[]:25", "[::1]", "h:0",
                           "h:65536", "h:99999999999999999999"}) {
    EXPECT_EQ(split_host_port(text), Parts{}) << text;
  }
}

}  // namespace
}  // namespace scache::ctl

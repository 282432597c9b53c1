// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

// The start of a stream (docs/protocol.md).
namespace scache::bench {

using namespace std::string_view_literals;

// The server's greeting.
inline constexpr auto kGreeting = "protocol\0connection_cache_protocol\0\0"sv;
// The request for the direct protocol, and its answer.
inline constexpr auto kWish = "request\0direct\0version\0001\0\0"sv;
inline constexpr auto kAgreement =
    "status\0000\0version\0001\0"
    "capabilities\0save find bind drop list statistics ping cancel\0\0"sv;

}  // namespace scache::bench

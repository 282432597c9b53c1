// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace scache::bench {

// Sizes as in Postfix: names of some 80 bytes, properties of some 150.
inline constexpr std::size_t kNameSize = 80;
inline constexpr std::size_t kDestinationPropertiesSize = 150;
inline constexpr std::size_t kEndpointPropertiesSize = 150;
// With TLS the properties of the endpoint contain session data.
inline constexpr std::size_t kTlsPropertiesSize = 700;
// In seconds: no entry expires during a measurement.
inline constexpr std::string_view kTtl = "90000";
inline constexpr std::uint64_t kTtlMilliseconds = 90'000'000;
// The number of outstanding requests of a pipelining client: more than the descriptors that a
// client may leave unread, so that the server has to wait for the client, too.
inline constexpr std::uint32_t kDirectLanes = 64;

}  // namespace scache::bench

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace scache::bench {

// What Postfix sends: names of some 80 bytes, properties of some 150.
inline constexpr std::size_t kNameSize = 80;
inline constexpr std::size_t kDestinationPropertiesSize = 150;
inline constexpr std::size_t kEndpointPropertiesSize = 150;
// With TLS the endpoint's properties hold the session's particulars.
inline constexpr std::size_t kTlsPropertiesSize = 700;
// In seconds: nothing expires while it is measured.
inline constexpr std::string_view kTtl = "90000";
inline constexpr std::uint64_t kTtlMilliseconds = 90'000'000;
// Requests that a client of the direct protocol has under way when it does not wait for each
// answer: more than it may leave descriptors unread, so that the server must wait for it, too.
inline constexpr std::uint32_t kDirectLanes = 64;

}  // namespace scache::bench

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "support/rooms.hpp"

// Messages of the Postfix protocol, independent of the codec under test.

namespace scache::test {

// A list of NUL-terminated strings, and its terminator.
inline std::string strings(std::initializer_list<std::string_view> texts) {
  std::string bytes;
  for (const std::string_view text : texts) bytes.append(text).push_back('\0');
  return bytes;
}
inline std::string list(std::initializer_list<std::string_view> texts) {
  return strings(texts) + '\0';
}

inline std::string find_endp(std::string_view endpoint) {
  return list({"request", "find_endp", "label", endpoint});
}
inline std::string find_dest(std::string_view destination) {
  return list({"request", "find_dest", "label", destination});
}
inline std::string save_endp(std::string_view endpoint, std::string_view properties,
                             std::string_view ttl = "100") {
  return list({"request", "save_endp", "ttl", ttl, "label", endpoint, "property", properties});
}
inline std::string save_dest(std::string_view destination, std::string_view properties,
                             std::string_view endpoint, std::string_view ttl = "100") {
  return list({"request", "save_dest", "ttl", ttl, "label", destination, "property", properties,
               "label", endpoint});
}

inline const std::string kGreeting = list({"protocol", "connection_cache_protocol"});
inline const std::string kDummy = list({"dummy", ""});
inline const std::string kByte(1, '\0');
inline const std::string kSaved = list({"status", "0"});
inline const std::string kBad = list({"status", "1"});
inline const std::string kFailed = list({"status", "2"});
inline const std::string kNoEndpoint = list({"status", "2", "property", ""});
inline const std::string kNoDestination = list({"status", "2", "property", "", "property", ""});

inline std::string endpoint_hit(std::string_view properties) {
  return list({"status", "0", "property", properties});
}
inline std::string destination_hit(std::string_view destination, std::string_view endpoint) {
  return list({"status", "0", "property", destination, "property", endpoint});
}

}  // namespace scache::test

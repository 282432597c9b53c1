#pragma once

#include <chrono>
#include <string_view>
#include <variant>

namespace scache {

// The requests of a client. Views are valid as long as the bytes that they were read from.

struct SaveEndpoint {
  std::chrono::seconds ttl{};
  std::string_view endpoint;
  std::string_view properties;
};

struct FindEndpoint {
  std::string_view endpoint;
};

struct SaveDestination {
  std::chrono::seconds ttl{};
  std::string_view destination;
  std::string_view properties;
  std::string_view endpoint;
};

struct FindDestination {
  std::string_view destination;
};

using Request = std::variant<SaveEndpoint, FindEndpoint, SaveDestination, FindDestination>;

}  // namespace scache

// SPDX-License-Identifier: Apache-2.0
#include "ctl/ucspi.hpp"

#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstddef>

#include "base/stream_socket.hpp"
#include "ctl/text.hpp"

namespace scache::ctl {
namespace {

using Environment = std::vector<std::string>;

constexpr std::array<std::string_view, 12> kOurs{
    "PROTO",           "TCPREMOTEIP", "TCPREMOTEPORT",     "TCPREMOTEHOST",
    "TCPREMOTEINFO",   "TCPLOCALIP",  "TCPLOCALPORT",      "TCPLOCALHOST",
    "SCACHE_ENDPOINT", "SCACHE_USES", "SCACHE_PROPERTIES", "SCACHE_DESTINATION_PROPERTIES",
};

bool is_ours(std::string_view variable) {
  const std::string_view name = variable.substr(0, variable.find('='));
  return std::ranges::find(kOurs, name) != kOurs.end();
}

void put(Environment& environment, std::string_view name, std::string_view value) {
  environment.push_back(fmt::format("{}={}", name, value));
}

void put_bytes(Environment& environment, std::string_view name, std::string_view bytes) {
  const std::string shown = show_bytes(bytes);
  if (shown.size() <= kMaxVariable) put(environment, name, shown);
}

// getpeername or getsockname.
using Ask = int (*)(int, sockaddr*, socklen_t*) noexcept;

void put_end(Environment& environment, std::string_view end, int descriptor, Ask ask) {
  sockaddr_storage storage{};
  socklen_t size = sizeof(storage);
  auto* const address = reinterpret_cast<sockaddr*>(&storage);
  std::array<char, NI_MAXHOST> ip{};
  std::array<char, NI_MAXSERV> port{};
  if (ask(descriptor, address, &size) != 0) return;
  if (::getnameinfo(address, size, ip.data(), ip.size(), port.data(), port.size(),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return;
  }
  put(environment, fmt::format("TCP{}IP", end), ip.data());
  put(environment, fmt::format("TCP{}PORT", end), port.data());
}

}  // namespace

Environment connection_environment(const char* const* inherited, const Connection& connection,
                                   std::string_view host) {
  Environment environment;
  for (; *inherited != nullptr; ++inherited) {
    if (!is_ours(*inherited)) environment.emplace_back(*inherited);
  }
  const int descriptor = connection.descriptor.get();
  const int kind = socket_family(descriptor);
  if (kind == AF_INET || kind == AF_INET6) {
    put(environment, "PROTO", "TCP");
    put_end(environment, "REMOTE", descriptor, &::getpeername);
    put_end(environment, "LOCAL", descriptor, &::getsockname);
    if (!host.empty()) put(environment, "TCPREMOTEHOST", host);
  } else if (kind == AF_UNIX) {
    put(environment, "PROTO", "UNIX");
  }
  put_bytes(environment, "SCACHE_ENDPOINT", connection.endpoint);
  put_bytes(environment, "SCACHE_PROPERTIES", connection.endpoint_properties);
  put_bytes(environment, "SCACHE_DESTINATION_PROPERTIES", connection.destination_properties);
  put(environment, "SCACHE_USES", fmt::to_string(connection.uses));
  return environment;
}

}  // namespace scache::ctl

// SPDX-License-Identifier: Apache-2.0
#include "ctl/host_port.hpp"

#include <algorithm>
#include <charconv>

namespace scache::ctl {
namespace {

// getaddrinfo(3) takes a port modulo 65536.
bool is_port(std::string_view text) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!std::ranges::all_of(text, digit)) return !text.empty();
  int number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  return read.ec == std::errc{} && number > 0 && number <= 65'535;
}

}  // namespace

std::pair<std::string, std::string> split_host_port(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return {};
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    // An IPv6 address without brackets is ambiguous.
    return {};
  }
  if (host.empty() || !is_port(port)) return {};
  return {std::string{host}, std::string{port}};
}

}  // namespace scache::ctl

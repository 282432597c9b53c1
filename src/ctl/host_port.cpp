#include "ctl/host_port.hpp"

namespace scache::ctl {

std::pair<std::string, std::string> split_host_port(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return {};
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    // An address of IPv6 without brackets: nobody knows where it ends.
    return {};
  }
  if (host.empty() || port.empty()) return {};
  return {std::string{host}, std::string{port}};
}

}  // namespace scache::ctl

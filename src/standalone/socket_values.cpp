// SPDX-License-Identifier: Apache-2.0
#include "standalone/socket_values.hpp"

#include <fmt/format.h>

#include <cstddef>

namespace scache::standalone {
namespace {

// The size of sockaddr_un::sun_path without the terminating NUL.
constexpr std::size_t kMaxSocketPath = 107;

}  // namespace

std::optional<std::string> read_socket_path(const toml::node& node, const std::string& key,
                                            Complaints& complaints) {
  const auto* text = node.as_string();
  if (text == nullptr || !(**text).starts_with('/') || (**text).size() > kMaxSocketPath ||
      (**text).find('\0') != std::string::npos) {
    complaints.add(node.source(), fmt::format("{} must be an absolute path of at most {} bytes",
                                              key, kMaxSocketPath));
    return std::nullopt;
  }
  return **text;
}

std::optional<mode_t> read_mode(const toml::node& node, const std::string& key,
                                Complaints& complaints) {
  const auto* text = node.as_string();
  unsigned mode = 0;
  bool octal = text != nullptr && (**text).size() >= 3 && (**text).size() <= 4;
  for (std::size_t i = 0; octal && i < (**text).size(); ++i) {
    const char digit = (**text)[i];
    octal = digit >= '0' && digit <= '7';
    mode = mode * 8 + static_cast<unsigned>(digit - '0');
  }
  if (!octal || mode > 0777) {
    complaints.add(node.source(),
                   fmt::format("{} must be an octal number from \"0000\" to \"0777\"", key));
    return std::nullopt;
  }
  return mode;
}

std::optional<Identity> read_owner(const toml::node& node, const LookUpId& look,
                                   const std::string& key, std::string_view what,
                                   Complaints& complaints) {
  if (const auto* text = node.as_string(); text != nullptr && (**text).empty()) return std::nullopt;
  return read_identity(node, look, key, what, complaints);
}

std::string show_mode(mode_t mode) {
  return fmt::format("\"{:04o}\"", mode);
}

std::string show_owner(const std::optional<Identity>& owner) {
  return owner ? show_identity(*owner) : in_quotes("");
}

}  // namespace scache::standalone

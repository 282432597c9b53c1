// SPDX-License-Identifier: Apache-2.0
// A host name consists of labels separated by single dots, and has at most 255 bytes. A label
// consists of letters, digits, "_" and "-", does not begin or end with "-", and has at most 63
// bytes. Digits and dots alone are an address, not a name. As in Postfix, the size of a label is
// checked at letters, digits and "_" only.
#include "main_cf/host_name.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>

#include "main_cf/ascii.hpp"

namespace scache::main_cf {
namespace {

constexpr std::size_t kMaxLabel = 63;
constexpr std::size_t kMaxName = 255;

std::string about(std::string_view what, std::string_view name) {
  return fmt::format("valid_hostname: {}: {}", what, name.substr(0, 100));
}

}  // namespace

std::optional<std::string> host_name_complaint(std::string_view name) {
  if (name.empty()) return "valid_hostname: empty hostname";
  std::size_t label = 0;
  bool numeric = true;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool last = i + 1 == name.size();
    if (is_alphanumeric(c) || c == '_') {
      if (++label > kMaxLabel) return about("hostname label too long", name);
      numeric = numeric && is_digit(c);
    } else if (c == '.') {
      if (label == 0 || last) return about("misplaced delimiter", name);
      label = 0;
    } else if (c == '-') {
      if (++label == 1 || last || name[i + 1] == '.') return about("misplaced hyphen", name);
      numeric = false;
    } else {
      const int code = static_cast<unsigned char>(c);
      return about(fmt::format("invalid character {}(decimal)", code), name);
    }
  }
  if (numeric) return about("numeric hostname", name);
  if (name.size() > kMaxName) {
    return fmt::format("valid_hostname: bad length {} for {}...", name.size(), name.substr(0, 100));
  }
  return std::nullopt;
}

std::string own_host_name() {
  std::array<char, 256> name{};
  // The last byte stays a NUL, which gethostname(2) does not guarantee.
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

}  // namespace scache::main_cf

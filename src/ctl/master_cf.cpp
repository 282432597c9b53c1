// SPDX-License-Identifier: Apache-2.0
#include "ctl/master_cf.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <sstream>
#include <utility>

namespace scache::ctl {
namespace {

constexpr std::string_view kName = "scache";
constexpr std::string_view kType = "unix";

// Whether a text goes on with a commented line of arguments.
bool continues_comment(std::string_view text) {
  if (!text.starts_with("\n#")) return false;
  text.remove_prefix(2);
  const std::size_t blanks = text.find_first_not_of(" \t");
  return blanks != 0 && blanks != std::string_view::npos && text.substr(blanks).starts_with('-');
}

}  // namespace

ServiceLine service_line(std::string_view text) {
  ServiceLine words;
  std::istringstream stream{std::string{text}};
  for (std::string word; stream >> word;) words.push_back(word);
  const bool is_one = words.size() > kCommandWord && words[0] == kName && words[1] == kType;
  return is_one ? words : ServiceLine{};
}

std::optional<Uncommented> uncommented(std::string_view master_cf) {
  std::optional<std::size_t> last;
  ServiceLine found;
  for (std::size_t begin = 0; begin < master_cf.size();) {
    const std::size_t end = std::min(master_cf.find('\n', begin), master_cf.size());
    const std::string_view line = master_cf.substr(begin, end - begin);
    // A line that begins with a blank would continue the service before it.
    if (line.starts_with("#scache")) {
      if (ServiceLine words = service_line(line.substr(1)); !words.empty()) {
        last = begin;
        found = std::move(words);
      }
    }
    begin = end + 1;
  }
  if (!last) return std::nullopt;
  std::string text{master_cf};
  // postconf(1) writes a "#" before each line of the service.
  for (std::size_t at = *last;;) {
    text.erase(at, 1);
    at = std::min(text.find('\n', at), text.size());
    if (!continues_comment(std::string_view{text}.substr(at))) break;
    ++at;
  }
  return Uncommented{std::move(text), std::move(found)};
}

Keeper keeper_of(const ServiceLine& line) {
  if (line.empty()) return Keeper::none;
  return line[kCommandWord] == kName ? Keeper::stock : Keeper::scache;
}

ServiceLine with_command(ServiceLine line, std::string command) {
  line[kCommandWord] = std::move(command);
  return line;
}

std::string setting_of(const ServiceLine& line) {
  return fmt::format("{}/{}={}", kName, kType, fmt::join(line, " "));
}

}  // namespace scache::ctl

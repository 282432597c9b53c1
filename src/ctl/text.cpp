// SPDX-License-Identifier: Apache-2.0
#include "ctl/text.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <system_error>

namespace scache::ctl {
namespace {

// The byte of the two hexadecimal digits at the beginning.
std::optional<char> hexadecimal(std::string_view digits) {
  if (digits.size() < 2) return std::nullopt;
  std::uint8_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + 2, value, 16);
  if (error != std::errc{} || end != digits.data() + 2) return std::nullopt;
  return static_cast<char>(value);
}

// Decodes a text. Calls `literal(out, byte)` for an escaped backslash or \xHH, and
// `other(out, byte)` for any other byte after a backslash; `other` returns whether it is valid.
template <typename Literal, typename Other>
std::optional<std::string> read(std::string_view text, Literal literal, Other other) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\') {
      out += text[at];
      continue;
    }
    if (++at == text.size()) return std::nullopt;
    if (text[at] == 'n') {
      out += '\n';
    } else if (text[at] == 't') {
      out += '\t';
    } else if (text[at] == '\\') {
      literal(out, '\\');
    } else if (text[at] == 'x') {
      const auto byte = hexadecimal(text.substr(at + 1));
      if (!byte) return std::nullopt;
      literal(out, *byte);
      at += 2;
    } else if (!other(out, text[at])) {
      return std::nullopt;
    }
  }
  return out;
}

}  // namespace

std::string show_bytes(std::string_view bytes) {
  std::string out;
  for (const char byte : bytes) {
    if (byte == '\n') {
      out += "\\n";
    } else if (byte == '\t') {
      out += "\\t";
    } else if (byte == '\\') {
      out += "\\\\";
    } else if (byte >= ' ' && byte <= '~') {
      out += byte;
    } else {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(byte));
    }
  }
  return out;
}

std::optional<std::string> read_bytes(std::string_view text) {
  return read(
      text, [](std::string& out, char byte) { out += byte; },
      [](std::string&, char) { return false; });
}

std::optional<std::string> read_pattern(std::string_view text) {
  const auto literal = [](std::string& out, char byte) { (out += '\\') += byte; };
  return read(text, literal, [&](std::string& out, char byte) {
    literal(out, byte);
    return byte == '*' || byte == '?';
  });
}

std::string literal_prefix(std::string_view pattern) {
  std::string prefix;
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    if (pattern[at] == '*' || pattern[at] == '?') break;
    if (pattern[at] == '\\') ++at;
    if (at == pattern.size()) break;
    prefix += pattern[at];
  }
  return prefix;
}

std::string show_time(std::chrono::milliseconds time) {
  using namespace std::chrono;
  if (time < 1s) return fmt::format("{}ms", time.count());
  if (time < 1min) {
    const auto tenths = time / 100ms;
    return fmt::format("{}.{}s", tenths / 10, tenths % 10);
  }
  if (time < 1h) return fmt::format("{}m{:02}s", time / 1min, time % 1min / 1s);
  if (time < days{1}) return fmt::format("{}h{:02}m", time / 1h, time % 1h / 1min);
  return fmt::format("{}d{:02}h", time / days{1}, time % days{1} / 1h);
}

}  // namespace scache::ctl

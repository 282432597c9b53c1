// SPDX-License-Identifier: Apache-2.0
#include "session/script.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace scache::fuzz {
namespace {

// More than a request may be long; less than would take the fuzzer's time.
constexpr std::size_t kMostBytes = 300'000;

std::string unescaped(std::string_view text) {
  std::string bytes;
  for (const char c : text) {
    if (c == '@' && bytes.size() < kMostBytes) {
      bytes.append(1'000, 'x');
    } else {
      bytes += c == '~' ? '\0' : c == '^' ? '\n' : c;
    }
  }
  return bytes;
}

// Takes `|NUMBER` off the end of a line, and answers the number; 0 where it does not end so.
std::size_t take_kept_back(std::string_view& line) {
  const std::size_t digits = line.find_last_not_of("0123456789") + 1;
  if (digits == 0 || digits == line.size() || line[digits - 1] != '|') return 0;
  std::size_t number = 0;
  for (const char digit : line.substr(digits)) {
    number = std::min(kMostBytes, number * 10 + static_cast<std::size_t>(digit - '0'));
  }
  line = line.substr(0, digits - 1);
  return number;
}

// As far as somebody's clock may go in one step: a machine that sleeps for some months.
Duration milliseconds_in(std::string_view digits) {
  constexpr std::int64_t kMost = 10'000'000'000;
  std::int64_t number = 0;
  for (const char digit : digits) {
    if (digit < '0' || digit > '9') break;
    number = std::min(kMost, number * 10 + (digit - '0'));
  }
  return std::chrono::milliseconds{number};
}

}  // namespace

std::optional<Command> Script::next() {
  while (!rest_.empty()) {
    std::string_view line = take_line();
    if (line.empty()) continue;
    Command command;
    command.what = line.front();
    line.remove_prefix(1);
    if (command.what == 't') {
      command.wait = milliseconds_in(line);
      return command;
    }
    if (constexpr std::string_view kAlone = "qgxi"; kAlone.contains(command.what)) return command;
    if (line.empty()) continue;
    command.client = static_cast<unsigned char>(line.front() - '0') % kClients;
    line.remove_prefix(1);
    const std::size_t space = std::min(line.find(' '), line.size());
    command.cargo = line.substr(0, std::min(space, kMaxCargo));
    line.remove_prefix(std::min(space + 1, line.size()));
    command.kept_back = take_kept_back(line);
    command.bytes = unescaped(line);
    return command;
  }
  return std::nullopt;
}

std::string_view Script::take_line() {
  const std::size_t end = rest_.find('\n');
  const std::string_view line = rest_.substr(0, end);
  rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
  return line;
}

}  // namespace scache::fuzz

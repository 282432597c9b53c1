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
    if (command.what == 'q' || command.what == 'g') return command;
    if (line.empty()) continue;
    command.client = static_cast<unsigned char>(line.front() - '0') % kClients;
    line.remove_prefix(1);
    const std::size_t space = std::min(line.find(' '), line.size());
    command.cargo = line.substr(0, std::min(space, kMaxCargo));
    command.bytes = unescaped(line.substr(std::min(space + 1, line.size())));
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

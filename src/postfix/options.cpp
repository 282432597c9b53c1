// SPDX-License-Identifier: Apache-2.0
#include "postfix/options.hpp"

#include <fmt/format.h>
#include <strings.h>

#include <cstdlib>
#include <string_view>

#include "main_cf/file.hpp"

namespace scache::postfix {
namespace {

constexpr std::string_view kFlags = "cdDlSuvVz";
constexpr std::string_view kWithValue = "imnost";

std::unexpected<Error> fail(std::string text) {
  return std::unexpected{Error{std::move(text)}};
}

bool one_of(std::string_view letters, char letter) {
  return letters.find(letter) != std::string_view::npos;
}

}  // namespace

Options::Options(const Environment& environment)
    : debugger{environment.debugger}, verbosity{environment.verbose ? 1 : 0} {}

Result<void> Options::read(std::span<const char* const> command_line) {
  const std::string_view program = command_line.empty() ? "scache" : command_line[0];
  process_name = program.substr(program.rfind('/') + 1);
  service_name = process_name;

  std::size_t at = 1;
  for (; at < command_line.size(); ++at) {
    const std::string_view word = command_line[at];
    if (word == "--") {
      ++at;
      break;
    }
    if (word.size() < 2 || word[0] != '-') break;
    for (std::size_t i = 1; i < word.size(); ++i) {
      const char letter = word[i];
      if (one_of(kFlags, letter)) {
        if (auto taken = take(letter, {}); !taken) return taken;
        continue;
      }
      // A value is the rest of the argument, or the next argument.
      const bool in_word = i + 1 < word.size();
      if (!one_of(kWithValue, letter) || (!in_word && at + 1 == command_line.size()))
        return fail(fmt::format("invalid option: {}", letter));
      const std::string value{in_word ? word.substr(i + 1) : command_line[++at]};
      if (auto taken = take(letter, value); !taken) return taken;
      break;
    }
  }
  for (; at < command_line.size(); ++at) arguments.emplace_back(command_line[at]);
  return {};
}

Result<void> Options::take(char letter, const std::string& value) {
  switch (letter) {
    case 'c':
      chroot = true;
      break;
    case 'd':
      from_terminal = true;
      break;
    case 'D':
      debugger = true;
      break;
    case 'i':
      settings.emplace_back("max_idle", value);
      break;
    case 'l':
      alone = true;
      break;
    case 'm':
      settings.emplace_back("max_use", value);
      break;
    case 'n':
      service_name = value;
      break;
    case 'o': {
      auto setting = main_cf::split_name_value(value);
      if (!setting) {
        return fail(fmt::format("invalid \"-o {}\" option value: {}", value, setting.error().text));
      }
      settings.emplace_back(std::move(setting->name), std::move(setting->value));
      break;
    }
    case 's':
      sockets = static_cast<int>(std::strtol(value.c_str(), nullptr, 10));
      if (sockets <= 0) return fail(fmt::format("invalid socket_count: {}", value));
      break;
    case 'S':
      one_client = true;
      break;
    case 't':
      transport = value;
      break;
    case 'u':
      drop_privileges = true;
      break;
    case 'v':
      ++verbosity;
      break;
    case 'V':
      log_to_stderr = true;
      break;
    default:
      unlimited = true;
      break;
  }
  return {};
}

Result<void> Options::check_service() const {
  if (one_client) return {};
  if (!alone) return fail(fmt::format("service {} requires a process limit of 1", service_name));
  if (!transport) return fail("no transport type specified");
  if (::strcasecmp(transport->c_str(), "unix") != 0 &&
      ::strcasecmp(transport->c_str(), "inet") != 0)
    return fail(fmt::format("unsupported transport type: {}", *transport));
  return {};
}

}  // namespace scache::postfix

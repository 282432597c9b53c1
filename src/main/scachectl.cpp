// SPDX-License-Identifier: Apache-2.0
// scachectl, for administrators of a cache and for scripts that use one. This file connects its
// parts; docs/architecture.md describes each.

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <scache/client.hpp>
#include <variant>

#include "base/process.hpp"
#include "ctl/commands.hpp"
#include "ctl/complaint.hpp"
#include "ctl/exit_status.hpp"
#include "ctl/options.hpp"

namespace {

namespace ctl = scache::ctl;
using namespace scache::base;
using scache::Client;

ctl::Manner manner_of(const ctl::Options& options) {
  const bool terminal = ::isatty(STDOUT_FILENO) == 1;
  const char* const no_colour = std::getenv("NO_COLOR");
  return {.json = options.json,
          .verbose = options.verbose,
          .terminal = terminal,
          .colours = terminal && (no_colour == nullptr || *no_colour == '\0')};
}

int execute(const ctl::Options& options) {
  Client cache{options.socket, {.timeout = options.timeout}};
  const ctl::Manner manner = manner_of(options);
  const int status = std::visit(
      [&](const auto& command) { return ctl::execute(command, cache, manner); }, options.command);
  if (std::fflush(stdout) == 0 && !std::ferror(stdout)) return status;
  ctl::complain(fmt::format("standard output: {}", std::strerror(errno)));
  return ctl::kFailed;
}

}  // namespace

int main(int argc, char* argv[]) {
  if (!reserve_standard_descriptors()) return ctl::kFailed;
  try {
    const auto options = ctl::read_options(argc, argv, scache::default_socket_path());
    return options ? execute(*options) : options.error();
  } catch (const std::exception& failure) {
    ctl::complain(failure.what());
    return ctl::kFailed;
  }
}

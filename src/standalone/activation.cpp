// SPDX-License-Identifier: Apache-2.0
#include "standalone/activation.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <string>

#include "base/stream_socket.hpp"

namespace scache::standalone {
namespace {

std::optional<std::string> take(const char* name) {
  const char* value = ::getenv(name);
  std::optional<std::string> taken =
      value == nullptr ? std::nullopt : std::optional{std::string{value}};
  ::unsetenv(name);
  return taken;
}

std::unexpected<Error> fail(std::string text) {
  return std::unexpected{Error{"socket activation: " + std::move(text)}};
}

}  // namespace

Result<Fd> take_activated_socket() {
  const auto process = take("LISTEN_PID");
  const auto count = take("LISTEN_FDS");
  take("LISTEN_FDNAMES");
  if (!count || process != std::to_string(::getpid()) || count == "0") return Fd{};
  if (count != "1") return fail(fmt::format("expected one socket, LISTEN_FDS is {}", *count));
  if (!is_stream_socket(kFirstActivatedFd, true) || socket_family(kFirstActivatedFd) != AF_UNIX) {
    return fail(fmt::format("descriptor {} is not a listening UNIX-domain stream socket",
                            kFirstActivatedFd));
  }
  return adopt_listening(kFirstActivatedFd);
}

}  // namespace scache::standalone

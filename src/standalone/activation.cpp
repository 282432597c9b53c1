// SPDX-License-Identifier: Apache-2.0
#include "standalone/activation.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

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

// The path to which a socket is bound; empty if it has none.
std::string path_of(int socket) {
  sockaddr_un address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  // The kernel adds a NUL, unless the path fills the array.
  const std::size_t room = std::min<std::size_t>(size, sizeof address);
  const std::size_t before = offsetof(sockaddr_un, sun_path);
  if (room <= before) return {};
  return {address.sun_path, ::strnlen(address.sun_path, room - before)};
}

}  // namespace

Result<std::vector<ActivatedSocket>> take_activated_sockets() {
  const auto process = take("LISTEN_PID");
  const auto count = take("LISTEN_FDS");
  take("LISTEN_FDNAMES");
  std::vector<ActivatedSocket> sockets;
  if (!count || process != std::to_string(::getpid())) return sockets;
  int number = 0;
  const char* const end = count->data() + count->size();
  const auto [rest, error] = std::from_chars(count->data(), end, number);
  if (error != std::errc{} || rest != end || number < 0 || number > kMostActivated) {
    return fail(fmt::format("LISTEN_FDS is {}, not a number up to {}", *count, kMostActivated));
  }
  for (int fd = kFirstActivatedFd; fd < kFirstActivatedFd + number; ++fd) {
    if (!is_stream_socket(fd, true) || socket_family(fd) != AF_UNIX) {
      return fail(fmt::format("descriptor {} is not a listening UNIX-domain stream socket", fd));
    }
    sockets.push_back({adopt_listening(fd), path_of(fd)});
  }
  return sockets;
}

}  // namespace scache::standalone

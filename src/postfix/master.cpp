// SPDX-License-Identifier: Apache-2.0
#include "postfix/master.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "base/stream_socket.hpp"

namespace scache::postfix {
namespace {

// A status message of master(8), in the byte order of the machine.
struct StatusMessage {
  std::int32_t pid;
  std::uint32_t generation;
  std::int32_t status;
};
static_assert(sizeof(StatusMessage) == 12);
constexpr std::int32_t kTaken = 0;
constexpr std::int32_t kAvailable = 1;

std::unexpected<Error> wrong_descriptor(int descriptor, const char* what) {
  return std::unexpected{
      Error{fmt::format("descriptor {} is not {}: this program is a service of Postfix, to be "
                        "started by master(8)",
                        descriptor, what)}};
}

bool is_pipe(int descriptor) {
  struct stat status{};
  return ::fstat(descriptor, &status) == 0 && S_ISFIFO(status.st_mode);
}

}  // namespace

Result<Inherited> adopt_inherited(int listeners) {
  if (!is_stream_socket(kStatusFd, false))
    return wrong_descriptor(kStatusFd, "master's status channel");
  for (int i = 0; i < listeners; ++i)
    if (!is_stream_socket(kFirstListenFd + i, true))
      return wrong_descriptor(kFirstListenFd + i, "a listening socket");

  Inherited inherited;
  inherited.listeners.reserve(static_cast<std::size_t>(listeners));
  if (is_pipe(kFlowReadFd)) inherited.flow_read = adopt_inherited_fd(kFlowReadFd);
  if (is_pipe(kFlowWriteFd)) inherited.flow_write = adopt_inherited_fd(kFlowWriteFd);
  inherited.status = adopt_inherited_fd(kStatusFd);
  for (int i = 0; i < listeners; ++i) {
    inherited.listeners.push_back(adopt_listening(kFirstListenFd + i));
  }
  return inherited;
}

Result<unsigned> parse_generation(const std::optional<std::string>& text) {
  if (!text) return 0U;
  const auto digit = [](unsigned char byte) { return std::isdigit(byte) != 0; };
  if (text->empty() || !std::ranges::all_of(*text, digit))
    return std::unexpected{Error{"bad generation: " + *text}};
  return static_cast<unsigned>(std::strtoul(text->c_str(), nullptr, 8));
}

MasterChannel::MasterChannel(Fd channel, pid_t pid, unsigned generation) noexcept
    : channel_{std::move(channel)}, pid_{pid}, generation_{generation} {}

void MasterChannel::send_status(Log& log) noexcept {
  // Both messages at once: a few bytes on a stream are sent completely or not at all.
  const std::array<StatusMessage, 2> messages = {
      {{pid_, generation_, kTaken}, {pid_, generation_, kAvailable}}};
  const auto sent =
      ::send(channel_.get(), messages.data(), sizeof(messages), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0 && (errno == EAGAIN || errno == EINTR)) return;
  // Any other error means that master has ended, which the end of the stream also reports.
  sent_ = true;
  if (sent < 0) {
    log.detail("master_notify: status 0: {}", std::strerror(errno));
  } else {
    log.detail("master_notify: status 0");
    log.detail("master_notify: status 1");
  }
}

}  // namespace scache::postfix

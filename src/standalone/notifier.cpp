// SPDX-License-Identifier: Apache-2.0
#include "standalone/notifier.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace scache::standalone {
namespace {

std::string_view view(const char* text) noexcept {
  return text == nullptr ? std::string_view{} : std::string_view{text};
}

std::optional<std::int64_t> whole_number(const char* text) noexcept {
  const std::string_view digits = view(text);
  std::int64_t number = 0;
  const char* const end = digits.data() + digits.size();
  const auto [behind, error] = std::from_chars(digits.data(), end, number);
  if (digits.empty() || error != std::errc{} || behind != end) return std::nullopt;
  return number;
}

}  // namespace

Notifier::Notifier(std::string_view address) {
  const bool has_form = address.starts_with('/') || address.starts_with('@');
  if (!has_form || address.size() < 2 || address.size() >= sizeof(sockaddr_un::sun_path)) return;
  address_ = address;
  socket_ = Fd{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
}

Notifier Notifier::from_environment() {
  Notifier notifier{view(::getenv("NOTIFY_SOCKET"))};
  ::unsetenv("NOTIFY_SOCKET");
  return notifier;
}

void Notifier::reloading(std::uint64_t monotonic_microseconds) noexcept {
  std::array<char, 64> text;
  const auto end = fmt::format_to_n(text.data(), text.size(), "RELOADING=1\nMONOTONIC_USEC={}",
                                    monotonic_microseconds);
  send({text.data(), end.size});
}

void Notifier::send(std::string_view state) noexcept {
  if (!socket_) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, address_.data(), address_.size());
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  ::sendto(socket_.get(), state.data(), state.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
           reinterpret_cast<const sockaddr*>(&address), size);
}

std::uint64_t monotonic_microseconds() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec) / 1'000;
}

std::optional<Duration> watchdog_interval(const char* microseconds, const char* process,
                                          pid_t own) noexcept {
  if (process != nullptr && whole_number(process) != std::int64_t{own}) return std::nullopt;
  const auto period = whole_number(microseconds);
  // The upper bound prevents an overflow of Duration.
  if (!period || *period < 2 || *period > Duration::max() / std::chrono::microseconds{1}) {
    return std::nullopt;
  }
  return std::chrono::microseconds{*period / 2};
}

std::optional<Duration> watchdog_interval_from_environment() {
  const auto interval =
      watchdog_interval(::getenv("WATCHDOG_USEC"), ::getenv("WATCHDOG_PID"), ::getpid());
  ::unsetenv("WATCHDOG_USEC");
  ::unsetenv("WATCHDOG_PID");
  return interval;
}

bool notify_ready(Fd descriptor) noexcept {
  return ::write(descriptor.get(), "\n", 1) == 1;
}

}  // namespace scache::standalone

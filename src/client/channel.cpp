// SPDX-License-Identifier: Apache-2.0
#include "client/channel.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <ctime>
#include <system_error>
#include <utility>

namespace scache::client {
namespace {

// Unlike the server, a client may block in close().
class CloseHere final : public Surplus {
 public:
  void close_surplus(Fd fd) noexcept override { fd.reset(); }
};

// The errors of connect() that mean that no server listens at the path, or that the permissions of
// the socket exclude this process.
bool no_server(int error) noexcept {
  switch (error) {
    case ECONNREFUSED:
    case ENOENT:
    case ENOTDIR:
    case EACCES:
    case EPERM:
    case ELOOP:
    case EPROTOTYPE:
    case ENOTSOCK:
      return true;
    default:
      return false;
  }
}

bool no_descriptors(int error) noexcept {
  return error == EMFILE || error == ENFILE;
}

}  // namespace

Error system_error(ErrorCode code, std::string_view what, int error) {
  return {code, std::string{what} + ": " + std::generic_category().message(error) + "."};
}

Result<void> Channel::open(const std::string& path, Instant deadline) {
  const int error = socket_.open(path, deadline);
  if (error == 0) return {};
  if (error == ENAMETOOLONG) {
    return Error{ErrorCode::invalid_argument, "The path of the socket must have 1 to 107 bytes."};
  }
  if (error == EAGAIN) {
    return Error{ErrorCode::timeout,
                 "The server did not accept the connection in time: its backlog is full."};
  }
  auto code = ErrorCode::system;
  if (no_server(error)) code = ErrorCode::no_server;
  if (no_descriptors(error)) code = ErrorCode::no_descriptors;
  return system_error(code, "Cannot connect to the server at " + path, error);
}

Error Channel::broken(int error) {
  in_step_ = false;
  // A child of fork() has no socket: poll() and send() fail with EBADF.
  if (error == EPIPE || error == ECONNRESET || error == EBADF) {
    return {ErrorCode::disconnected, "The server closed the stream."};
  }
  return system_error(ErrorCode::system, "Communication with the server failed", error);
}

Result<void> Channel::expect_descriptor() {
  // A socket reserves the number of the descriptor. If socket(2) fails for another reason, such as
  // a seccomp filter, the process may have free descriptors all the same.
  const auto placeholder = [] { return ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0); };
  int error = 0;
  if (place_.get() < 0) {
    error = place_.open(placeholder);
  } else if (expected_ > more_places_.size()) {
    Fd place{placeholder()};
    if (!place) error = errno;
    if (place) more_places_.push_back(std::move(place));
  }
  if (no_descriptors(error)) {
    return system_error(ErrorCode::no_descriptors, "Cannot reserve a descriptor for the lookup",
                        error);
  }
  ++expected_;
  return {};
}

void Channel::expect_one_less() noexcept {
  if (expected_ > 0) --expected_;
  if (!more_places_.empty() && more_places_.size() >= expected_) more_places_.pop_back();
}

Received Channel::take(WhenEmpty when_empty) {
  CloseHere surplus;
  has_no_room_ = false;
  if (expected_ == 0) return io::receive(socket_.get(), inbox_.space(), surplus, when_empty);
  for (;;) {
    Received received = receive_if_room(socket_.get(), inbox_.space(), surplus, when_empty);
    has_no_room_ = received.kind == Received::Kind::failed && received.error == EMFILE;
    if (!has_no_room_) return received;
    if (!more_places_.empty()) {
      more_places_.pop_back();
    } else if (place_.get() >= 0) {
      place_.close();
    } else {
      return received;
    }
  }
}

Result<bool> Channel::receive(WhenEmpty when_empty) {
  Received received = take(when_empty);
  if (has_no_room_) return false;
  switch (received.kind) {
    case Received::Kind::nothing_yet:
      return false;
    case Received::Kind::end:
      return broken(EPIPE);
    case Received::Kind::failed:
      return broken(received.error);
    case Received::Kind::bytes:
      break;
  }
  inbox_.received(received.size);
  if (received.descriptors_lost) {
    in_step_ = false;
    return Error{ErrorCode::protocol,
                 "The server violated the protocol: it sent unrequested descriptors."};
  }
  if (received.fd) {
    if (unclaimed_.size() == kMaxUnclaimed) {
      in_step_ = false;
      return Error{ErrorCode::protocol,
                   "The server violated the protocol: it sent unrequested descriptors."};
    }
    unclaimed_.push_back(std::move(received.fd));
    expect_one_less();
  }
  return true;
}

Result<std::size_t> Channel::send(std::string_view bytes, std::optional<int> descriptor) {
  const int socket = socket_.get();
  const Sent sent = descriptor ? io::send(socket, bytes, *descriptor) : io::send(socket, bytes);
  if (sent.error == 0) return sent.size;
  if (sent.must_wait()) return std::size_t{0};
  // These errors concern the descriptor only: nothing was sent, and the stream remains usable.
  if (descriptor && sent.error == EBADF && socket >= 0) {
    return Error{ErrorCode::invalid_argument, "The descriptor of the connection is not open."};
  }
  if (sent.error == ETOOMANYREFS) {
    return system_error(ErrorCode::busy,
                        "Cannot send the descriptor: too many descriptors are in flight",
                        sent.error);
  }
  return broken(sent.error);
}

Result<void> Channel::fill(Instant deadline) {
  for (;;) {
    // The reply has rarely arrived yet, so a blocking receive with a timeout saves a poll().
    const bool waits = socket_.limit_receive(left_until(deadline, BootClock::now()));
    if (!waits) {
      if (auto waited = wait(POLLIN, deadline); !waited) return waited;
    }
    const auto came = receive(waits ? WhenEmpty::wait : WhenEmpty::answer);
    if (!came) return came.error();
    if (*came) return {};
    if (!has_no_room_) continue;
    if (auto waited = wait_for_room(deadline); !waited) return waited;
  }
}

Result<void> Channel::wait_for_room(Instant deadline) {
  if (left_until(deadline, BootClock::now()) == Duration{0}) {
    in_step_ = false;
    return Error{ErrorCode::no_descriptors,
                 "Cannot receive the connection that was found: other threads have taken the "
                 "reserved descriptor."};
  }
  // No event reports that another thread has closed a descriptor.
  ::poll(nullptr, 0, 1);
  return {};
}

Result<void> Channel::send_all(std::string_view bytes, Handover* handover, Instant deadline) {
  while (!bytes.empty()) {
    const auto size = handover != nullptr ? send(bytes, handover->descriptor()) : send(bytes, {});
    if (!size) return size.error();
    if (*size > 0) {
      in_step_ = false;
      if (handover != nullptr) std::exchange(handover, nullptr)->mark_sent();
      bytes.remove_prefix(*size);
    } else if (auto waited = wait(POLLOUT, deadline); !waited) {
      return waited;
    }
  }
  return {};
}

Result<void> Channel::wait(short events, Instant deadline) {
  for (;;) {
    const int socket = socket_.get();
    if (socket < 0) return broken(EBADF);
    const Duration left = left_until(deadline, BootClock::now());
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(left);
    const timespec limit{whole.count(), (left - whole).count()};
    pollfd state{.fd = socket, .events = events, .revents = 0};
    const int count = ::ppoll(&state, 1, &limit, nullptr);
    if (count > 0) return {};
    if (count < 0 && errno != EINTR) return broken(errno);
    if (count == 0) {
      in_step_ = false;
      return Error{ErrorCode::timeout, "The server did not answer in time."};
    }
  }
}

Fd Channel::claim() noexcept {
  if (unclaimed_.empty()) return {};
  Fd fd = std::move(unclaimed_.front());
  unclaimed_.pop_front();
  return fd;
}

}  // namespace scache::client

#include "client/channel.hpp"

#include <poll.h>
#include <sys/eventfd.h>

#include <cerrno>
#include <chrono>
#include <ctime>
#include <system_error>
#include <utility>

namespace scache::client {
namespace {

// A client may wait in close().
class CloseHere final : public Surplus {
 public:
  void close_surplus(Fd fd) noexcept override { fd.reset(); }
};

// ECONNREFUSED and ENOENT say that nobody listens, EACCES that we may not ask.
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
    return Error{ErrorCode::invalid_argument, "A socket's path has 1 to 107 bytes."};
  }
  if (error == EAGAIN) return Error{ErrorCode::timeout, "The server takes no more clients in."};
  if (no_server(error)) {
    return system_error(ErrorCode::no_server, "There is no server at " + path, error);
  }
  const auto code = no_descriptors(error) ? ErrorCode::no_descriptors : ErrorCode::system;
  return system_error(code, "Cannot connect to " + path, error);
}

Error Channel::broken(int error) {
  in_step_ = false;
  // In a child of fork() there is no socket, and poll() and send() say so.
  if (error == EPIPE || error == ECONNRESET || error == EBADF) {
    return {ErrorCode::disconnected, "The server ended the stream."};
  }
  return system_error(ErrorCode::system, "The stream to the server failed", error);
}

Result<void> Channel::expect_descriptor() {
  // A placeholder stands for the descriptor until that comes. Where it is refused for another
  // reason, such as a filter of system calls, there may be room all the same.
  const auto placeholder = [] { return ::eventfd(0, EFD_CLOEXEC); };
  int error = 0;
  if (place_.get() < 0) {
    error = place_.open(placeholder);
  } else if (expected_ > more_places_.size()) {
    Fd place{placeholder()};
    if (!place) error = errno;
    if (place) more_places_.push_back(std::move(place));
  }
  if (no_descriptors(error)) {
    return system_error(ErrorCode::no_descriptors,
                        "Nothing is looked for without room for a descriptor", error);
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
    return Error{ErrorCode::protocol, "The server sends descriptors that nobody asked for."};
  }
  if (received.fd) {
    if (unclaimed_.size() == kMaxUnclaimed) {
      in_step_ = false;
      return Error{ErrorCode::protocol, "The server sends descriptors that nobody asked for."};
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
  // Neither is the stream's fault: nothing was sent.
  if (descriptor && sent.error == EBADF && socket >= 0) {
    return Error{ErrorCode::invalid_argument, "The descriptor to be saved is not open."};
  }
  if (sent.error == ETOOMANYREFS) {
    return system_error(ErrorCode::busy, "A descriptor cannot be sent", sent.error);
  }
  return broken(sent.error);
}

Result<void> Channel::fill(Instant deadline) {
  for (;;) {
    // An answer is hardly ever there at once, so the receive itself waits, where it can be limited.
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
                 "Other threads have left no descriptor for the connection that was found."};
  }
  // Nobody tells when they close one.
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
      return Error{ErrorCode::timeout, "The server has not answered in time."};
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

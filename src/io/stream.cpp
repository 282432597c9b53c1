// SPDX-License-Identifier: Apache-2.0
#include "io/stream.hpp"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <utility>

#include "io/message.hpp"

// A client may send ahead: the bytes of further requests, and a descriptor before it is requested.
// A descriptor that came with input belongs to the last byte that came with it. It is returned if
// that byte is consumed as the byte of a descriptor, and closed if the byte is something else.
//
// One such descriptor at a time is enough. The session waits for input only within a message: the
// byte of an earlier descriptor then belongs to that message and not to a descriptor.

namespace scache::io {
namespace {

void limit_send_buffer(int socket, int size) noexcept {
  ::setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}

Flow flow_of(const Received& received) noexcept {
  switch (received.kind) {
    case Received::Kind::bytes:
      return {};
    case Received::Kind::nothing_yet:
      return {Flow::Kind::not_yet, 0};
    case Received::Kind::end:
      return {Flow::Kind::end, 0};
    case Received::Kind::failed:
      break;
  }
  return {Flow::Kind::failed, received.error};
}

Flow flow_of(const Sent& sent) noexcept {
  if (sent.error == 0) return {};
  return {sent.must_wait() ? Flow::Kind::not_yet : Flow::Kind::failed, sent.error};
}

}  // namespace

int Flow::reason() const noexcept {
  switch (kind) {
    case Kind::timed_out:
      return ETIMEDOUT;
    case Kind::failed:
      return error;
    case Kind::moved:
    case Kind::not_yet:
    case Kind::end:
      break;
  }
  return 0;
}

Stream::Socket::Socket(Fd taken, Closer& its_closer, uid_t its_user) noexcept
    : fd{std::move(taken)}, closer{its_closer}, user{its_user} {
  put_out_of_band_in_line(fd.get());
  limit_send_buffer(fd.get(), kSendBuffer);
}

Stream::Socket::~Socket() {
  if (!fd) return;
  ::shutdown(fd.get(), SHUT_RDWR);
  closer.close_client(std::move(fd), user);
}

void Stream::consume(std::size_t size) noexcept {
  inbox_.consume(size);
  if (pending_distance_ == 0) return;
  if (size >= pending_distance_) {
    drop_pending();
  } else {
    pending_distance_ -= size;
  }
}

Watch::Awaiter Stream::readable(Instant deadline) noexcept {
  drop_pending();
  inbox_.shrink();
  return watch_.readable(deadline);
}

Received Stream::receive_some(std::span<char> into) noexcept {
  if (closer_.must_wait(user_)) {
    Received later;
    later.kind = Received::Kind::nothing_yet;
    return later;
  }
  Received received = receive(socket_.fd.get(), into, *this);
  if (!received.fd && !received.descriptors_lost) return received;
  if (closer_.accepts(user_)) return received;
  closer_.close(std::move(received.fd), user_);
  received = {};
  received.error = EDQUOT;
  return received;
}

Flow Stream::receive_input(std::size_t most) {
  const std::span<char> space = inbox_.space();
  Received received = receive_some(space.first(std::min(space.size(), most)));
  const Flow flow = flow_of(received);
  if (!flow.moved()) return flow;
  inbox_.received(received.size);
  charge(kWorkOfCall);
  if (received.fd || received.descriptors_lost) {
    drop_pending();
    pending_ = std::move(received.fd);
    pending_distance_ = inbox_.bytes().size();
  }
  return flow;
}

bool Stream::has_hung_up() const noexcept {
  pollfd socket{socket_.fd.get(), 0, 0};
  return ::poll(&socket, 1, 0) == 1 && (socket.revents & POLLHUP) != 0;
}

bool Stream::has_unread_input() const noexcept {
  int bytes = 0;
  return ::ioctl(socket_.fd.get(), SIOCINQ, &bytes) == 0 && bytes > 0;
}

bool Stream::stop_if_silent() noexcept {
  if (!watch_.awaits_input()) return watch_.awaits_peer();
  if (has_unread_input()) return false;
  // Input may have arrived between the check and the shutdown. It must be served: the client cannot
  // know that it was not.
  stop_input();
  return !has_unread_input();
}

void Stream::stop_input() noexcept {
  ::shutdown(socket_.fd.get(), SHUT_RD);
}

Flow Stream::send_output() noexcept {
  if (!output_.empty()) charge(kWorkOfCall);
  std::size_t size = 0;
  Flow flow;
  while (flow.moved() && size < output_.size()) {
    const Sent sent = send(socket_.fd.get(), std::string_view{output_}.substr(size));
    flow = flow_of(sent);
    size += sent.size;
  }
  // Sent bytes are erased so that a retry does not repeat them.
  output_.erase(0, size);
  sent_ += size;
  if (output_.empty() && output_.capacity() > kMaxBufferedReplies) output_.shrink_to_fit();
  return flow;
}

Task<Flow> Stream::flush(Instant deadline) {
  for (;;) {
    const Flow flow = send_output();
    if (!flow.must_wait()) co_return flow;
    const Ready ready = co_await writable(deadline);
    if (ready == Ready::timed_out) co_return Flow{Flow::Kind::timed_out, 0};
  }
}

Task<Stream::Descriptor> Stream::receive_descriptor(Instant deadline) {
  Descriptor result;
  if (pending_distance_ > 0) {
    // Sent ahead. A descriptor that does not belong to the next byte is not that of this request.
    if (pending_distance_ == 1) {
      result.fd = std::move(pending_);
      consume(1);
    }
    co_return result;
  }
  // Other input is requests that were sent ahead; the stock server skips them, too.
  do {
    result.flow = send_output();
    if (result.flow.must_wait()) result.flow = co_await flush(deadline);
    if (!result.flow.moved()) co_return result;
    const Ready ready = co_await watch_.readable(deadline);
    if (ready == Ready::timed_out) {
      result.flow = {Flow::Kind::timed_out, 0};
      co_return result;
    }
    // One byte only: what the client sends after it in the same message stays in the socket.
    char byte = 0;
    Received received = receive_some({&byte, 1});
    result.flow = flow_of(received);
    if (result.flow.moved()) result.fd = std::move(received.fd);
    charge(kWorkOfCall);
  } while (result.flow.must_wait());
  co_return result;
}

Flow Stream::send_descriptor(int descriptor, std::string_view bytes) {
  const Flow before = send_output();
  if (!before.moved()) return before;
  // Reserve memory before the send: a descriptor that was sent cannot be taken back.
  output_.reserve(bytes.size());
  const Sent sent = send(socket_.fd.get(), bytes, descriptor);
  charge(kWorkOfCall);
  const Flow flow = flow_of(sent);
  if (flow.moved()) {
    sent_ += sent.size;
    output_.append(bytes.substr(sent.size));
    if (output_.empty() && output_.capacity() > kMaxBufferedReplies) output_.shrink_to_fit();
  }
  return flow;
}

Stream::Arrival Stream::take_descriptor() noexcept {
  const bool came = std::exchange(pending_distance_, 0) > 0;
  return {.came = came, .fd = std::move(pending_)};
}

void Stream::drop_pending() noexcept {
  closer_.close(std::move(pending_), user_);
  pending_distance_ = 0;
}

}  // namespace scache::io

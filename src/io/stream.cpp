#include "io/stream.hpp"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "io/message.hpp"

// A client may send ahead: the bytes of further requests, and a descriptor before it was asked for.
// One that came with input belongs to the last byte that came with it; it is handed to whoever
// consumes that byte as a descriptor's, and closed when the byte turns out to be something else.
//
// One such descriptor at a time is enough. fill() is called when the input ends within a message:
// then the byte of a descriptor that came before belongs to that message, and is no descriptor's.

namespace scache {

int Flow::reason() const noexcept {
  switch (kind) {
    case Kind::timed_out:
      return ETIMEDOUT;
    case Kind::failed:
      return error;
    case Kind::moved:
    case Kind::end:
      break;
  }
  return 0;
}

Stream::Socket::~Socket() {
  if (!fd) return;
  ::shutdown(fd.get(), SHUT_RDWR);
  closer.close_connection(std::move(fd), DescriptorKind::local_stream);
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

Task<Flow> Stream::fill(Instant deadline) {
  if (!output_.empty()) {
    const Flow flow = co_await flush(deadline);
    if (!flow.moved()) co_return flow;
  }
  drop_pending();
  inbox_.shrink();
  for (;;) {
    const Ready ready = co_await watch_.readable(deadline);
    if (ready == Ready::timed_out) co_return Flow{Flow::Kind::timed_out, 0};
    Received received = receive(socket_.fd.get(), inbox_.space(), closer_);
    switch (received.kind) {
      case Received::Kind::nothing_yet:
        continue;
      case Received::Kind::end:
        co_return Flow{Flow::Kind::end, 0};
      case Received::Kind::failed:
        co_return Flow{Flow::Kind::failed, received.error};
      case Received::Kind::bytes:
        break;
    }
    inbox_.received(received.size);
    if (received.fd || received.descriptors_lost) {
      pending_ = std::move(received.fd);
      pending_distance_ = inbox_.bytes().size();
    }
    co_return Flow{};
  }
}

Task<Flow> Stream::flush(Instant deadline) {
  Flow flow;
  std::size_t sent_bytes = 0;
  while (flow.moved() && sent_bytes < output_.size()) {
    const Sent sent = send(socket_.fd.get(), std::string_view{output_}.substr(sent_bytes));
    if (sent.must_wait()) {
      const Ready ready = co_await watch_.writable(deadline);
      if (ready == Ready::timed_out) flow = {Flow::Kind::timed_out, 0};
    } else if (sent.error != 0) {
      flow = {Flow::Kind::failed, sent.error};
    } else {
      sent_bytes += sent.size;
    }
  }
  // Whoever tries once more must not say it twice.
  output_.erase(0, sent_bytes);
  if (output_.empty() && output_.capacity() > kMaxBufferedReplies) output_.shrink_to_fit();
  co_return flow;
}

Task<Stream::Descriptor> Stream::receive_descriptor(Instant deadline) {
  Descriptor result;
  if (!output_.empty()) {
    result.flow = co_await flush(deadline);
    if (!result.flow.moved()) co_return result;
  }
  if (pending_distance_ > 0) {
    // Sent before it was asked for. Further away than the next byte, it is not this request's.
    if (pending_distance_ == 1) {
      result.fd = std::move(pending_);
      consume(1);
    }
    co_return result;
  }
  // Other input is requests that were sent ahead; the stock server passes over them, too.
  for (;;) {
    const Ready ready = co_await watch_.readable(deadline);
    if (ready == Ready::timed_out) {
      result.flow = {Flow::Kind::timed_out, 0};
      co_return result;
    }
    // Just its own byte: what the client sends behind it in one message stays in the stream.
    char byte = 0;
    Received received = receive(socket_.fd.get(), {&byte, 1}, closer_);
    if (received.kind == Received::Kind::nothing_yet) continue;
    if (received.kind == Received::Kind::end) {
      result.flow = {Flow::Kind::end, 0};
    } else if (received.kind == Received::Kind::failed) {
      result.flow = {Flow::Kind::failed, received.error};
    } else {
      result.fd = std::move(received.fd);
    }
    co_return result;
  }
}

Task<Flow> Stream::send_descriptor(int descriptor, Instant deadline) {
  if (!output_.empty()) {
    const Flow flow = co_await flush(deadline);
    if (!flow.moved()) co_return flow;
  }
  for (;;) {
    const Sent sent = send(socket_.fd.get(), std::string_view{"\0", 1}, descriptor);
    if (sent.must_wait()) {
      const Ready ready = co_await watch_.writable(deadline);
      if (ready == Ready::timed_out) co_return Flow{Flow::Kind::timed_out, 0};
      continue;
    }
    if (sent.error != 0) co_return Flow{Flow::Kind::failed, sent.error};
    ++unread_descriptors_;
    co_return Flow{};
  }
}

void Stream::drop_pending() noexcept {
  closer_.close_copy(std::move(pending_));
  pending_distance_ = 0;
}

bool Stream::reads_descriptors() noexcept {
  if (unread_descriptors_ < kMaxUnreadDescriptors) return true;
  int unread_bytes = 0;
  if (::ioctl(socket_.fd.get(), SIOCOUTQ, &unread_bytes) == 0 && unread_bytes == 0) {
    unread_descriptors_ = 0;
    return true;
  }
  return false;
}

}  // namespace scache

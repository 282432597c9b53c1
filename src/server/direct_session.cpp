// SPDX-License-Identifier: Apache-2.0
#include "server/direct_session.hpp"

#include <utility>

#include "wire/direct_frame.hpp"

// In one turn a session serves the received frames, executes steps of requests whose answers take
// time, sends, and waits for input, for room in the socket, or for its next turn. Replies are sent
// together at the end of the turn, except those with a descriptor: each of these is a message of
// its own.
//
// At most one descriptor waits for its frame: the session receives only the rest of that frame. At
// most one found connection waits for room in the socket: the session receives nothing, which
// bounds the memory for a client that does not read its replies.

namespace scache::server {

DirectSession::~DirectSession() {
  service_.close_unwanted(std::move(arrived_), stream_.user());
}

Task<> DirectSession::run() {
  deadline_ = after(stream_.loop().now(), policy_.time_limit);
  // A descriptor that arrived with the request for this protocol.
  if (!take_arrival()) co_return;
  Next next = Next::input;
  for (;;) {
    // After a fatal error the session only sends the remaining replies.
    if (next != Next::over) next = serve();
    const Flow sent = send();
    if (!sent.moved() && !sent.must_wait()) co_return;
    if (next == Next::over && sent.moved()) co_return;
    Ready ready = Ready::yes;
    if (sent.must_wait()) {
      be_busy();
      ready = co_await stream_.writable(deadline_);
    } else if (next == Next::others || !requests_.under_way().empty()) {
      co_await stream_.others();
      // The client cannot receive the replies to its pending requests.
      if (stream_.has_hung_up()) co_return;
    } else {
      ready = co_await more_input();
    }
    if (ready == Ready::timed_out) {
      log_.warn(LogKind::unfinished, stream_.loop().now(), "direct: {}: timeout", policy_.source);
      co_return;
    }
    // Serve buffered input first. Do not read from a client that does not read its replies.
    if (sent.moved() && next == Next::input && !receive()) co_return;
  }
}

// Serves until the client's turn is over.
DirectSession::Next DirectSession::serve() {
  if (requests_.has_found()) send_found();
  const Next next = serve_frames();
  if (next != Next::over) run_steps();
  return next;
}

DirectSession::Next DirectSession::serve_frames() {
  while (!requests_.has_found() && !is_broken_) {
    const direct::FrameStep frame = direct::read_frame(stream_.input());
    if (frame.kind == direct::FrameStep::Kind::need_more) {
      const bool is_lost = arrived_ && stream_.input().empty();
      return is_lost ? end("a descriptor arrived without its frame") : Next::input;
    }
    if (frame.kind == direct::FrameStep::Kind::bad) {
      requests_.refuse_frame(frame.header.id);
      return Next::over;
    }
    if (frame.header.with_descriptor && !arrived_) {
      return end("a frame arrived without its descriptor");
    }
    if (stream_.turn_is_over() || stream_.too_much_output() || requests_.under_way().full()) {
      return Next::others;
    }
    requests_.serve(frame, frame.header.with_descriptor ? std::move(arrived_) : Fd{});
    if (requests_.has_found()) send_found();
    stream_.consume(frame.header.size);
    deadline_ = after(stream_.loop().now(), policy_.time_limit);
    if (!stream_.input().empty()) events_.busy_again();
  }
  return Next::input;
}

void DirectSession::send_found() {
  const Flow flow = requests_.send_found();
  if (!flow.moved() && !flow.must_wait()) is_broken_ = true;
}

void DirectSession::run_steps() {
  // At least one step, so that a stream of new requests does not delay those that are under way.
  for (bool goes_on = !requests_.under_way().empty(); goes_on;) {
    requests_.run_step();
    goes_on = !requests_.under_way().empty() && !service_.is_closing() && !stream_.turn_is_over();
  }
}

// Sends the replies. serve() has already tried to send a found connection.
Flow DirectSession::send() {
  if (is_broken_) return {Flow::Kind::failed, 0};
  if (requests_.has_found()) return {Flow::Kind::not_yet, 0};
  return stream_.send_output();
}

Watch::Awaiter DirectSession::more_input() {
  if (!stream_.input().empty()) return stream_.readable(deadline_);
  if (!std::exchange(idle_, true)) events_.idle();
  return stream_.readable(kNever);
}

// After the descriptor of an unfinished frame, receives only the rest of that frame: the next
// descriptor may follow it.
std::size_t DirectSession::receivable() const noexcept {
  if (!arrived_) return Stream::kAny;
  const std::string_view input = stream_.input();
  const bool has_header = input.size() >= direct::kHeaderSize;
  const std::size_t end = has_header ? direct::read_frame(input).header.size : direct::kHeaderSize;
  return end - input.size();
}

// Returns false if the session must end.
bool DirectSession::receive() {
  const Flow flow = stream_.receive_input(receivable());
  if (flow.must_wait()) return true;
  if (std::exchange(idle_, false)) {
    if (flow.moved()) events_.busy();
    deadline_ = after(stream_.loop().now(), policy_.time_limit);
  }
  return flow.moved() && take_arrival();
}

// Takes the descriptor that arrived with the input, if any. Returns false after a protocol error.
bool DirectSession::take_arrival() {
  Stream::Arrival arrival = stream_.take_descriptor();
  if (!arrival.came) return true;
  if (arrived_ || !arrival.fd) {
    service_.close_unwanted(std::move(arrival.fd), stream_.user());
    end("more than one descriptor arrived with a frame, or the descriptor table is full");
    return false;
  }
  arrived_ = std::move(arrival.fd);
  return true;
}

DirectSession::Next DirectSession::end(std::string_view why) {
  log_.warn(LogKind::session, stream_.loop().now(), "direct: {}: {}", policy_.source, why);
  return Next::over;
}

}  // namespace scache::server

// SPDX-License-Identifier: Apache-2.0
#include "client/multiplex.hpp"

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/check.hpp"
#include "client/direct_way.hpp"
#include "wire/direct_handshake.hpp"

namespace scache::client {
namespace {

using direct::Kind;
using Answer = AsyncClient::Answer;

// Converts the result of one kind of request into the common type.
template <typename T>
Result<Answer> widen(Result<T> result) {
  if (!result) return std::move(result).error();
  return Answer{std::move(*result)};
}

Result<Answer> read_answer(Kind asked, Reply& reply) {
  switch (asked) {
    case Kind::find:
      return widen(read_found(reply, BootClock::now()));
    case Kind::save:
      return widen(read_saved(reply));
    case Kind::bind:
      return widen(read_bound(reply));
    case Kind::drop:
      return widen(read_dropped(reply));
    case Kind::list:
      return widen(read_page(reply));
    case Kind::statistics:
      return widen(read_statistics(reply));
    case Kind::ping:
      return widen(read_pong(reply));
    default: {
      const auto cancelled = read_cancelled(reply);
      if (!cancelled) return cancelled.error();
      return Answer{AsyncClient::Cancelled{*cancelled}};
    }
  }
}

Error no_direct_protocol() {
  return {ErrorCode::unsupported, "The server does not support the direct protocol."};
}

}  // namespace

void Multiplex::start(RequestId id, Kind kind, Result<std::string> frame, Connection connection) {
  leave_parent();
  Pending& pending = pending_[id];
  pending.kind = kind;
  pending.connection = std::move(connection);
  if (!frame) return end(id, frame.error());
  if (refused_) return end(id, no_direct_protocol());
  pending.frame = std::move(*frame);
  line_.push_back(id);
}

void Multiplex::cancel(RequestId id, RequestId target) {
  leave_parent();
  const auto waits = std::find(line_.begin(), line_.end(), target);
  if (waits == line_.end() && pending_.contains(target)) {
    return start(id, Kind::cancel, cancel_request(id, target));
  }
  const bool under_way = waits != line_.end();
  if (under_way) {
    line_.erase(waits);
    end(target, Error{ErrorCode::cancelled, "The request was cancelled before it was sent."});
  }
  outcomes_.push_back({id, Answer{AsyncClient::Cancelled{under_way}}, {}});
}

void Multiplex::leave_parent() {
  if (process_ == this_process()) return;
  process_ = this_process();
  close();
  line_.clear();
  // The requests, and the outcomes that were not taken yet, continue in the parent.
  const Error error{ErrorCode::disconnected, "The request belongs to the parent process."};
  for (Outcome& outcome : outcomes_) outcome = {outcome.id, error, {}};
  for (const auto& [id, pending] : pending_) outcomes_.push_back({id, error, {}});
  pending_.clear();
}

void Multiplex::disconnect() {
  leave_parent();
  fail({ErrorCode::disconnected, "The program closed the stream."});
}

short Multiplex::events() const noexcept {
  if (descriptor() < 0) return 0;
  return static_cast<short>(POLLIN | (output_.empty() ? 0 : POLLOUT));
}

bool Multiplex::wants_process() const noexcept {
  if (process_ != this_process()) return true;
  const bool may_send = state_ == State::closed || (state_ == State::open && output_.empty());
  return may_send && !line_.empty();
}

void Multiplex::process() {
  leave_parent();
  // Receive before sending: the server may have closed a stream that was idle.
  while (state_ == State::open && receive()) {
  }
  if (state_ == State::closed && !line_.empty()) open();
  while (state_ != State::closed) {
    send();
    if (state_ == State::closed || !receive()) return;
  }
}

bool Multiplex::receive() {
  const auto came = channel_->receive();
  // Process the replies that arrived before the end of the stream.
  if (!came && state_ == State::open) read_replies();
  if (state_ == State::closed) return false;
  if (!came) {
    lose(came.error());
    return false;
  }
  if (!*came) return false;
  if (state_ != State::open) shake_hands();
  if (state_ == State::open) read_replies();
  return state_ != State::closed;
}

void Multiplex::open() {
  channel_.emplace();
  handshake_ = {};
  state_ = State::greeting;
  // A deadline in the past: connect without waiting.
  if (auto opened = channel_->open(path_, Instant::min()); !opened) fail(opened.error());
}

void Multiplex::shake_hands() {
  for (;;) {
    switch (handshake_.step(channel_->inbox())) {
      case Handshake::Step::need_more:
        return;
      case Handshake::Step::greeted:
        state_ = State::wishing;
        direct::put_wish(output_);
        break;
      case Handshake::Step::direct:
        state_ = State::open;
        return;
      case Handshake::Step::refused:
        refused_ = true;
        return fail(no_direct_protocol());
      case Handshake::Step::failed:
        return fail(handshake_.error());
    }
  }
}

void Multiplex::gather() {
  while (!line_.empty() && output_.size() < kMaxGathered) {
    Pending& next = pending_.at(line_.front());
    if (next.kind == Kind::find) {
      if (auto room = channel_->expect_descriptor(); !room) {
        const RequestId id = line_.front();
        line_.pop_front();
        end(id, room.error());
        continue;
      }
    }
    // A frame with a descriptor is sent alone.
    const bool alone = next.kind == Kind::save;
    if (alone && !output_.empty()) return;
    output_ += std::exchange(next.frame, {});
    if (alone) lent_ = line_.front();
    line_.pop_front();
    if (alone) return;
  }
}

void Multiplex::send() {
  for (;;) {
    if (output_.empty() && state_ == State::open) gather();
    if (output_.empty()) return;
    std::optional<int> descriptor;
    if (lent_) descriptor = pending_.at(*lent_).connection.descriptor.get();
    const auto size = channel_->send(output_, descriptor);
    if (!size && channel_->in_step()) {
      // Only this descriptor cannot be sent; the stream is usable.
      output_.clear();
      end(*std::exchange(lent_, {}), size.error());
      continue;
    }
    if (!size) {
      // The server may have sent an error before it closed the stream.
      while (receive()) {
      }
      if (state_ != State::closed) fail(size.error());
      return;
    }
    if (*size == 0) return;
    if (lent_) pending_.at(*std::exchange(lent_, {})).handover.mark_sent();
    output_.erase(0, *size);
  }
}

void Multiplex::read_replies() {
  while (state_ == State::open) {
    auto reply = take_reply(*channel_);
    if (!reply) return fail(reply.error());
    if (!*reply) return;
    answer(std::move(**reply));
  }
}

void Multiplex::answer(Reply reply) {
  const auto found = pending_.find(reply.header.id);
  // The id is unknown, or its request is not sent yet.
  if (found == pending_.end() || !found->second.frame.empty() || lent_ == reply.header.id) {
    return fail(
        {ErrorCode::protocol, "The server violated the protocol: it sent an unrequested reply."});
  }
  if (found->second.kind == Kind::find && !reply.descriptor) channel_->expect_one_less();
  end(reply.header.id, read_answer(found->second.kind, reply));
}

void Multiplex::end(RequestId id, Result<Answer> answer) {
  Outcome outcome{.id = id, .answer = std::move(answer), .given_back = {}};
  const auto pending = pending_.find(id);
  check(pending != pending_.end(), "a request ends that is not pending");
  if (!outcome.answer) {
    outcome.answer = pending->second.handover.settle(std::move(outcome.answer).error());
    outcome.given_back = std::move(pending->second.connection);
  }
  pending_.erase(pending);
  outcomes_.push_back(std::move(outcome));
}

void Multiplex::lose(const Error& error) {
  // Requests that were not sent yet continue on a new stream.
  if (state_ == State::open && pending_.size() == line_.size()) return close();
  fail(error);
}

void Multiplex::fail(const Error& error) {
  close();
  line_.clear();
  while (!pending_.empty()) end(pending_.begin()->first, error);
}

void Multiplex::close() {
  state_ = State::closed;
  channel_.reset();
  output_.clear();
  lent_.reset();
}

std::optional<Multiplex::Outcome> Multiplex::next_outcome() {
  leave_parent();
  if (outcomes_.empty()) return std::nullopt;
  std::optional<Outcome> next{std::move(outcomes_.front())};
  outcomes_.pop_front();
  return next;
}

}  // namespace scache::client

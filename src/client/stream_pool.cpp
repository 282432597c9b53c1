// SPDX-License-Identifier: Apache-2.0
#include "client/stream_pool.hpp"

#include <algorithm>
#include <utility>

#include "client/handshake.hpp"
#include "wire/direct_handshake.hpp"

namespace scache::client {
namespace {

// Waits until the handshake has made a step.
Result<Handshake::Step> await_step(Channel& channel, Handshake& handshake, Instant deadline) {
  for (;;) {
    const auto step = handshake.step(channel.inbox());
    if (step == Handshake::Step::failed) return handshake.error();
    if (step != Handshake::Step::need_more) return step;
    if (auto came = channel.fill(deadline); !came) return came.error();
  }
}

// Asks for the direct protocol. Returns whether the server has agreed.
Result<bool> wish(Channel& channel, Handshake& handshake, Instant deadline) {
  std::string request;
  direct::put_wish(request);
  if (auto sent = channel.send_all(request, {}, deadline); !sent) return sent.error();
  const auto step = await_step(channel, handshake, deadline);
  if (!step) return step.error();
  channel.set_in_step(true);
  return *step == Handshake::Step::direct;
}

}  // namespace

StreamPool::StreamPool(std::string path, Protocol protocol, std::size_t most_idle)
    : path_{std::move(path)}, protocol_{protocol}, idle_(std::min(most_idle, kMaxIdle)) {}

StreamPool::~StreamPool() {
  while (take_idle()) {
  }
}

Result<std::unique_ptr<Stream>> StreamPool::take(bool fresh, Instant deadline) {
  while (auto stream = take_idle()) {
    // Streams that are not taken are closed; a child of fork() closes its parent's.
    if (fresh || stream->channel.descriptor() < 0) continue;
    stream->was_idle = true;
    stream->given = false;
    return stream;
  }
  return open(deadline);
}

std::unique_ptr<Stream> StreamPool::take_idle() {
  for (std::atomic<Stream*>& place : idle_) {
    Stream* const stream = place.load() != nullptr ? place.exchange(nullptr) : nullptr;
    if (stream != nullptr) return std::unique_ptr<Stream>{stream};
  }
  return {};
}

void StreamPool::give_back(std::unique_ptr<Stream> stream) noexcept {
  if (!stream->channel.in_step() || stream->channel.descriptor() < 0) return;
  stream->channel.inbox().shrink();
  for (std::atomic<Stream*>& place : idle_) {
    Stream* empty = nullptr;
    if (place.load() == nullptr && place.compare_exchange_strong(empty, stream.get())) {
      [[maybe_unused]] const Stream* const kept = stream.release();
      return;
    }
  }
}

Result<std::unique_ptr<Stream>> StreamPool::open(Instant deadline) {
  auto stream = std::make_unique<Stream>();
  Channel& channel = stream->channel;
  if (auto opened = channel.open(path_, deadline); !opened) return opened.error();
  Handshake handshake;
  const auto greeted = await_step(channel, handshake, deadline);
  if (!greeted) return greeted.error();
  if (protocol_ != Protocol::postfix && !refused_.load(std::memory_order_relaxed)) {
    const auto wished = wish(channel, handshake, deadline);
    if (!wished) return wished.error();
    stream->direct = *wished;
    if (!*wished) refused_.store(true, std::memory_order_relaxed);
  }
  if (!stream->direct && protocol_ == Protocol::direct) {
    return Error{ErrorCode::unsupported, "The server does not support the direct protocol."};
  }
  return stream;
}

}  // namespace scache::client

// SPDX-License-Identifier: Apache-2.0
#include "client/direct_way.hpp"

#include <utility>

namespace scache::client {
namespace {

Error out_of_step(Channel& channel) {
  channel.set_in_step(false);
  return {ErrorCode::protocol, "The server violated the protocol."};
}

}  // namespace

Result<std::optional<Reply>> take_reply(Channel& channel) {
  const direct::FrameStep step = direct::read_frame(channel.inbox().bytes());
  if (step.kind == direct::FrameStep::Kind::bad) return out_of_step(channel);
  if (step.kind == direct::FrameStep::Kind::need_more) return std::optional<Reply>{};
  Reply reply{.header = step.header, .body = step.body, .descriptor = {}};
  channel.inbox().consume(step.header.size);
  if (step.header.with_descriptor) {
    reply.descriptor = channel.claim();
    if (!reply.descriptor) return out_of_step(channel);
  }
  // A descriptor that is left between two frames belongs to none of them.
  if (channel.inbox().empty() && channel.has_leftovers()) return out_of_step(channel);
  return std::optional<Reply>{std::move(reply)};
}

Result<Reply> await_reply(Channel& channel, RequestId id, Instant deadline) {
  for (;;) {
    auto reply = take_reply(channel);
    if (!reply) return reply.error();
    if (*reply) {
      if ((*reply)->header.id != id || channel.has_leftovers()) return out_of_step(channel);
      channel.set_in_step(true);
      return std::move(**reply);
    }
    if (auto came = channel.fill(deadline); !came) return came.error();
  }
}

}  // namespace scache::client

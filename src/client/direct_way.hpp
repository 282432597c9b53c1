// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <scache/result.hpp>

#include "base/clock.hpp"
#include "client/channel.hpp"
#include "client/direct_messages.hpp"

// The direct protocol on a channel: complete replies, each with its descriptor.
namespace scache::client {

// The next complete reply with its descriptor, if one has arrived. Its body is valid until the
// channel receives again. An error ends the channel.
Result<std::optional<Reply>> take_reply(Channel& channel);

// Waits for the reply to the only outstanding request.
Result<Reply> await_reply(Channel& channel, RequestId id, Instant deadline);

}  // namespace scache::client

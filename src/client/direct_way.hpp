#pragma once

#include <optional>
#include <scache/result.hpp>

#include "base/clock.hpp"
#include "client/channel.hpp"
#include "client/direct_messages.hpp"

// The direct protocol on a channel: whole replies, each with its descriptor.
namespace scache::client {

// The next reply that has come whole, and its descriptor; nothing where none has. Its body is valid
// until the channel receives again. An error ends the channel.
Result<std::optional<Reply>> take_reply(Channel& channel);

// Waits for the reply to the only request that is under way.
Result<Reply> await_reply(Channel& channel, RequestId id, Instant deadline);

}  // namespace scache::client

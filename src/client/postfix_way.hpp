// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <scache/connection.hpp>
#include <scache/result.hpp>
#include <string_view>

#include "base/clock.hpp"
#include "client/channel.hpp"

// The Postfix protocol on a channel: one function for each of its exchanges (docs/protocol.md).
namespace scache::client::postfix_way {

Result<Connection> find_endpoint(Channel& channel, std::string_view endpoint, Instant deadline);
Result<Connection> find_destination(Channel& channel, std::string_view destination,
                                    Instant deadline);
// Saves the bindings first, as Postfix does. `handover` has the connection's descriptor.
Result<Saved> save(Channel& channel, const Connection& connection, const SaveOptions& options,
                   Instant deadline, Handover& handover);
Result<void> bind(Channel& channel, const Binding& binding, std::string_view endpoint,
                  Instant deadline);

// The error for a request, or a part of one, that the Postfix protocol does not have.
Error unsupported(std::string_view what);

}  // namespace scache::client::postfix_way

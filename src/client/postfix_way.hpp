#pragma once

#include <functional>
#include <scache/connection.hpp>
#include <scache/result.hpp>
#include <string_view>

#include "base/clock.hpp"
#include "client/channel.hpp"

// Postfix's way on a channel: what it can do, one exchange of docs/protocol.md for each.
namespace scache::client::postfix_way {

Result<Connection> find_endpoint(Channel& channel, std::string_view endpoint, Instant deadline);
Result<Connection> find_destination(Channel& channel, std::string_view destination,
                                    Instant deadline);
// The bindings first, as Postfix does. `handover` has the connection's descriptor.
Result<Saved> save(Channel& channel, const Connection& connection, const SaveOptions& options,
                   Instant deadline, Handover& handover);
Result<void> bind(Channel& channel, const Binding& binding, std::string_view endpoint,
                  Instant deadline);

// What Postfix's way cannot say.
Error unsupported(std::string_view what);

}  // namespace scache::client::postfix_way

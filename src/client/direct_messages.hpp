// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <scache/connection.hpp>
#include <scache/result.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "wire/direct_frame.hpp"
#include "wire/direct_reply.hpp"

// The client's side of the messages of the direct protocol.
namespace scache::client {

using RequestId = std::uint64_t;

// Complete frames, or an error if the arguments are invalid.
Result<std::string> find_request(RequestId id, direct::Tag by, std::string_view name);
Result<std::string> save_request(RequestId id, const Connection& connection,
                                 const SaveOptions& options, Instant now);
Result<std::string> bind_request(RequestId id, const Binding& binding, std::string_view endpoint);
Result<std::string> drop_request(RequestId id, direct::Tag by, std::string_view name);
Result<std::string> list_request(RequestId id, const ListOptions& options,
                                 const std::optional<std::string>& cursor);
std::string statistics_request(RequestId id);
std::string ping_request(RequestId id);
std::string cancel_request(RequestId id, RequestId target);

// One frame from the server. The body is valid as long as the bytes that it was read from.
struct Reply {
  direct::Header header;
  std::string_view body;
  Fd descriptor;
};

// The value of a reply, or the error that the server returned. A reply of another kind, or without
// a required part, is an error of code `protocol`.
Result<Connection> read_found(Reply& reply, Instant now);
Result<Saved> read_saved(const Reply& reply);
Result<Bound> read_bound(const Reply& reply);
Result<Dropped> read_dropped(const Reply& reply);
Result<Page> read_page(const Reply& reply);
Result<std::vector<Statistic>> read_statistics(const Reply& reply);
Result<std::string> read_pong(const Reply& reply);
// Whether the target was still under way.
Result<bool> read_cancelled(const Reply& reply);

// The time since boot, as in Connection::found_at.
std::chrono::milliseconds since_boot(Instant moment) noexcept;

// A time to live is optional, but must be greater than zero.
Result<void> check_ttl(const Ttl& ttl);
// Checks the descriptor and the times to live of a save.
Result<void> check_saved(const Connection& connection, const SaveOptions& options);

// The library's error for an error of the server.
Error library_error(const direct::ErrorReply& error);

}  // namespace scache::client

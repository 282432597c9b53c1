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

// The requests of the direct protocol as a client writes them, and the replies as it reads them.
namespace scache::client {

using RequestId = std::uint64_t;

// Whole frames, or what is wrong with the arguments.
Result<std::string> find_request(RequestId id, direct::Tag by, std::string_view name);
Result<std::string> save_request(RequestId id, const Connection& connection,
                                 const SaveOptions& options, Instant now);
Result<std::string> bind_request(RequestId id, const Binding& binding, std::string_view endpoint);
Result<std::string> drop_request(RequestId id, direct::Tag by, std::string_view name);
Result<std::string> list_request(RequestId id, const ListOptions& options,
                                 const std::optional<std::string>& cursor);
// Of statistics and ping, which have no fields.
std::string plain_request(RequestId id, direct::Kind kind);
std::string cancel_request(RequestId id, RequestId target);

// One frame of the server's. The body is valid as long as the bytes that it was read from.
struct Reply {
  direct::Header header;
  std::string_view body;
  Fd descriptor;
};

// What a reply says: the value, or the server's error. A reply of another kind is of ErrorCode
// protocol, and so is one that lacks something.
Result<Connection> read_found(Reply& reply, Instant now);
Result<Saved> read_saved(const Reply& reply);
Result<Bound> read_bound(const Reply& reply);
Result<Dropped> read_dropped(const Reply& reply);
Result<Page> read_page(const Reply& reply);
Result<std::vector<Statistic>> read_statistics(const Reply& reply);
Result<std::string> read_pong(const Reply& reply);

// As Connection::found_at has it.
std::chrono::milliseconds since_boot(Instant moment) noexcept;

// A binding or a connection without a time to live, or with a good one.
Result<void> check_ttl(const Ttl& ttl);
// Whether there is a descriptor to save.
Result<void> check_saved(const Connection& connection, const SaveOptions& options);

}  // namespace scache::client

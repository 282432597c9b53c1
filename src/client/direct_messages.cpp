// SPDX-License-Identifier: Apache-2.0
#include "client/direct_messages.hpp"

#include <algorithm>
#include <utility>

#include "base/stream_socket.hpp"
#include "wire/direct_reply.hpp"
#include "wire/direct_request.hpp"

namespace scache::client {
namespace {

using direct::Fields;
using direct::Kind;
using direct::Tag;
using std::chrono::milliseconds;

// A frame for `put(std::string&)` to write. Most fit into it without being moved as they grow.
template <typename Put>
Result<std::string> make_frame(Put put) {
  std::string frame;
  frame.reserve(512);
  put(frame);
  if (frame.size() > direct::kMaxFrame) {
    return Error{ErrorCode::too_large, "The request exceeds the maximum size of a frame."};
  }
  return frame;
}

direct::Drop::What what_of(Tag by) noexcept {
  if (by == Tag::endpoint) return direct::Drop::What::endpoint;
  return by == Tag::destination ? direct::Drop::What::destination : direct::Drop::What::prefix;
}

SaveDestination wire_binding(const Binding& binding, std::string_view endpoint) {
  return {.ttl = binding.ttl.value_or(kNoTtl),
          .destination = binding.destination,
          .properties = binding.properties,
          .endpoint = endpoint};
}

// The age of the connection now. Both numbers come from other processes and may have any value; the
// sum saturates.
milliseconds age_of(const Connection& connection, Instant now) {
  const milliseconds found_at = std::clamp(connection.found_at, milliseconds{0}, since_boot(now));
  const milliseconds used = since_boot(now) - found_at;
  const milliseconds age = std::max(connection.age, milliseconds{0});
  return age > milliseconds::max() - used ? milliseconds::max() : age + used;
}

Error bad_reply() {
  return {ErrorCode::protocol, "The server violated the protocol: the reply is invalid."};
}

Result<Fields> read(const Reply& reply, Kind wanted) {
  const auto fields = Fields::read(reply.body);
  if (!fields) return bad_reply();
  if (reply.header.kind == static_cast<std::uint8_t>(Kind::error))
    return library_error(direct::read_error(*fields));
  if (reply.header.kind != static_cast<std::uint8_t>(wanted)) return bad_reply();
  return *fields;
}

Entry entry_of(const direct::EntryReply& entry) {
  return {.kind = entry.destination ? Entry::Kind::binding : Entry::Kind::connection,
          .endpoint = std::string{entry.endpoint},
          .destination = std::string{entry.destination.value_or(std::string_view{})},
          .properties = std::string{entry.properties},
          .ttl = entry.ttl,
          .id = entry.connection,
          .uses = entry.uses,
          .age = entry.age,
          .idle = entry.idle,
          .owner = entry.owner};
}

}  // namespace

// The library's error codes are the server's plus 100.
Error library_error(const direct::ErrorReply& error) {
  constexpr int kCodes = 100;
  std::string text{error.text};
  if (error.code == direct::ErrorCode{}) {
    return {ErrorCode::protocol, "The server returned an unknown error: " + text};
  }
  if (text.empty()) text = direct::name_of(error.code);
  return {static_cast<ErrorCode>(kCodes + static_cast<int>(error.code)), std::move(text)};
}

milliseconds since_boot(Instant moment) noexcept {
  return std::chrono::duration_cast<milliseconds>(moment.time_since_epoch());
}

Result<void> check_ttl(const Ttl& ttl) {
  if (!ttl || *ttl > milliseconds{0}) return {};
  return Error{ErrorCode::invalid_argument, "A time to live must be greater than zero."};
}

Result<void> check_saved(const Connection& connection, const SaveOptions& options) {
  if (!connection) return Error{ErrorCode::invalid_argument, "The connection has no descriptor."};
  if (is_unusable_by_mistake(connection.descriptor.get())) {
    return Error{ErrorCode::refused,
                 "The socket is not connected, or this program has shut it down for sending."};
  }
  for (const Binding& binding : options.bindings) {
    if (auto good = check_ttl(binding.ttl); !good) return good;
  }
  return check_ttl(options.ttl);
}

Result<std::string> find_request(RequestId id, Tag by, std::string_view name) {
  return make_frame([&](std::string& out) {
    if (by == Tag::endpoint) return direct::put_find(out, id, FindEndpoint{name});
    direct::put_find(out, id, FindDestination{name});
  });
}

Result<std::string> save_request(RequestId id, const Connection& connection,
                                 const SaveOptions& options, Instant now) {
  if (auto good = check_saved(connection, options); !good) return good.error();
  SaveEndpoint save{.ttl = options.ttl.value_or(kNoTtl),
                    .endpoint = connection.endpoint,
                    .properties = connection.endpoint_properties,
                    .allow_input = options.allow_input};
  if (connection.id != 0) save.past = {connection.id, connection.uses, age_of(connection, now)};
  return make_frame([&](std::string& out) {
    direct::SaveWriter writer{out, id, save};
    for (const Binding& binding : options.bindings) writer.add(wire_binding(binding, {}));
    writer.end();
  });
}

Result<std::string> bind_request(RequestId id, const Binding& binding, std::string_view endpoint) {
  if (auto good = check_ttl(binding.ttl); !good) return good.error();
  return make_frame(
      [&](std::string& out) { direct::put_bind(out, id, wire_binding(binding, endpoint)); });
}

Result<std::string> drop_request(RequestId id, Tag by, std::string_view name) {
  return make_frame([&](std::string& out) { direct::put_drop(out, id, {what_of(by), name}); });
}

Result<std::string> list_request(RequestId id, const ListOptions& options,
                                 const std::optional<std::string>& cursor) {
  const std::uint64_t what =
      (options.connections ? direct::kConnections : 0) | (options.bindings ? direct::kBindings : 0);
  if (what == 0) {
    return Error{ErrorCode::invalid_argument,
                 "The request selects neither connections nor bindings."};
  }
  return make_frame([&](std::string& out) {
    direct::put_list(out, id,
                     {.what = what,
                      .prefix = options.prefix,
                      .cursor = cursor ? std::string_view{*cursor} : std::string_view{},
                      .limit = options.page});
  });
}

std::string statistics_request(RequestId id) {
  std::string frame;
  direct::put_statistics(frame, id);
  return frame;
}

std::string ping_request(RequestId id) {
  std::string frame;
  direct::put_ping(frame, id);
  return frame;
}

std::string cancel_request(RequestId id, RequestId target) {
  std::string frame;
  direct::put_cancel(frame, id, {target});
  return frame;
}

Result<Connection> read_found(Reply& reply, Instant now) {
  const auto fields = read(reply, Kind::found);
  if (!fields) return fields.error();
  if (!reply.descriptor) return Connection{};
  const direct::FoundReply found = direct::read_found(*fields);
  return Connection{.descriptor = Descriptor{reply.descriptor.release()},
                    .endpoint = std::string{found.endpoint},
                    .endpoint_properties = std::string{found.endpoint_properties},
                    .destination_properties =
                        std::string{found.destination_properties.value_or(std::string_view{})},
                    .id = found.connection,
                    .uses = found.uses,
                    .age = found.age,
                    .idle = found.idle,
                    .found_at = since_boot(now)};
}

Result<Saved> read_saved(const Reply& reply) {
  const auto fields = read(reply, Kind::saved);
  if (!fields) return fields.error();
  const direct::SavedReply saved = direct::read_saved(*fields);
  return Saved{.id = saved.connection, .bindings = static_cast<std::size_t>(saved.bindings)};
}

Result<Bound> read_bound(const Reply& reply) {
  const auto fields = read(reply, Kind::bound);
  if (!fields) return fields.error();
  return direct::read_bound(*fields).renewed ? Bound::renewed : Bound::created;
}

Result<Dropped> read_dropped(const Reply& reply) {
  const auto fields = read(reply, Kind::dropped);
  if (!fields) return fields.error();
  const direct::DroppedReply dropped = direct::read_dropped(*fields);
  return Dropped{.connections = dropped.connections, .bindings = dropped.bindings};
}

Result<Page> read_page(const Reply& reply) {
  const auto fields = read(reply, Kind::page);
  if (!fields) return fields.error();
  Page page;
  const bool good = direct::each_entry(
      *fields, [&](const direct::EntryReply& entry) { page.entries.push_back(entry_of(entry)); });
  if (!good) return bad_reply();
  if (fields->has(Tag::cursor)) page.cursor = fields->bytes(Tag::cursor);
  return page;
}

Result<std::vector<Statistic>> read_statistics(const Reply& reply) {
  const auto fields = read(reply, Kind::statistics_reply);
  if (!fields) return fields.error();
  std::vector<Statistic> statistics;
  const bool good =
      direct::each_statistic(*fields, [&](std::string_view name, std::uint64_t value) {
        statistics.push_back({std::string{name}, value});
      });
  if (!good) return bad_reply();
  return statistics;
}

Result<std::string> read_pong(const Reply& reply) {
  const auto fields = read(reply, Kind::pong);
  if (!fields) return fields.error();
  return std::string{direct::read_pong(*fields)};
}

Result<bool> read_cancelled(const Reply& reply) {
  const auto fields = read(reply, Kind::cancel_done);
  if (!fields) return fields.error();
  return direct::read_cancel_done(*fields).cancelled;
}

}  // namespace scache::client

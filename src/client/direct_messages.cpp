#include "client/direct_messages.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/stream_socket.hpp"

namespace scache::client {
namespace {

using direct::Fields;
using direct::FrameWriter;
using direct::Kind;
using direct::Tag;
using std::chrono::milliseconds;

// Most frames fit, so that they are not reallocated as they grow.
constexpr std::size_t kMostFrames = 512;

// Completes a frame, unless it exceeds the protocol's maximum.
Result<std::string> finish(FrameWriter& writer, std::string& frame) {
  if (writer.size() > direct::kMaxFrame) {
    return Error{ErrorCode::too_large, "The request exceeds the maximum size of a frame."};
  }
  writer.end();
  return std::move(frame);
}

void put_ttl(FrameWriter& writer, const Ttl& ttl) {
  if (ttl) writer.put(Tag::ttl, static_cast<std::uint64_t>(ttl->count()));
}

// Saturates a time that exceeds the type's range.
milliseconds read_time(const Fields& fields, Tag tag) {
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return milliseconds{static_cast<std::int64_t>(std::min(fields.number(tag), kMost))};
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

// The library's error codes are the server's plus 100.
Error read_error(const Fields& fields) {
  constexpr std::uint64_t kCodes = 100;
  const std::uint64_t code = fields.number(Tag::code);
  std::string text{fields.bytes(Tag::text)};
  if (code < static_cast<std::uint64_t>(direct::ErrorCode::malformed) ||
      code > static_cast<std::uint64_t>(direct::ErrorCode::cancelled)) {
    return {ErrorCode::protocol, "The server returned an unknown error: " + text};
  }
  const auto name = direct::name_of(static_cast<direct::ErrorCode>(code));
  if (text.empty()) text = name;
  return {static_cast<ErrorCode>(kCodes + code), std::move(text)};
}

Result<Fields> read(const Reply& reply, Kind wanted) {
  const auto fields = Fields::read(reply.body);
  if (!fields) return bad_reply();
  if (reply.header.kind == static_cast<std::uint8_t>(Kind::error)) return read_error(*fields);
  if (reply.header.kind != static_cast<std::uint8_t>(wanted)) return bad_reply();
  return *fields;
}

Entry read_entry(const Fields& fields) {
  const bool binding = fields.has(Tag::destination);
  return {.kind = binding ? Entry::Kind::binding : Entry::Kind::connection,
          .endpoint = std::string{fields.bytes(Tag::endpoint)},
          .destination = std::string{fields.bytes(Tag::destination)},
          .properties = std::string{fields.bytes(binding ? Tag::destination_properties
                                                         : Tag::endpoint_properties)},
          .ttl = read_time(fields, Tag::ttl),
          .id = fields.number(Tag::connection),
          .uses = fields.number(Tag::uses),
          .age = read_time(fields, Tag::age),
          .idle = read_time(fields, Tag::idle),
          .owner = fields.number(Tag::owner)};
}

}  // namespace

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
  std::string frame;
  frame.reserve(kMostFrames);
  FrameWriter writer{frame, Kind::find, id};
  return finish(writer.put(by, name), frame);
}

Result<std::string> save_request(RequestId id, const Connection& connection,
                                 const SaveOptions& options, Instant now) {
  if (auto good = check_saved(connection, options); !good) return good.error();
  std::string frame;
  frame.reserve(kMostFrames);
  FrameWriter writer{frame, Kind::save, id, true};
  writer.put(Tag::endpoint, connection.endpoint);
  writer.put(Tag::endpoint_properties, connection.endpoint_properties);
  put_ttl(writer, options.ttl);
  if (connection.id != 0) {
    writer.put(Tag::connection, connection.id).put(Tag::uses, connection.uses);
    writer.put(Tag::age, static_cast<std::uint64_t>(age_of(connection, now).count()));
  }
  for (const Binding& binding : options.bindings) {
    writer.open(Tag::binding).put(Tag::destination, binding.destination);
    writer.put(Tag::destination_properties, binding.properties);
    put_ttl(writer, binding.ttl);
    writer.close();
  }
  return finish(writer, frame);
}

Result<std::string> bind_request(RequestId id, const Binding& binding, std::string_view endpoint) {
  if (auto good = check_ttl(binding.ttl); !good) return good.error();
  std::string frame;
  FrameWriter writer{frame, Kind::bind, id};
  writer.put(Tag::destination, binding.destination).put(Tag::endpoint, endpoint);
  writer.put(Tag::destination_properties, binding.properties);
  put_ttl(writer, binding.ttl);
  return finish(writer, frame);
}

Result<std::string> drop_request(RequestId id, Tag by, std::string_view name) {
  std::string frame;
  FrameWriter writer{frame, Kind::drop, id};
  return finish(writer.put(by, name), frame);
}

Result<std::string> list_request(RequestId id, const ListOptions& options,
                                 const std::optional<std::string>& cursor) {
  const std::uint64_t what =
      (options.connections ? direct::kConnections : 0) | (options.bindings ? direct::kBindings : 0);
  if (what == 0) {
    return Error{ErrorCode::invalid_argument,
                 "The request selects neither connections nor bindings."};
  }
  std::string frame;
  FrameWriter writer{frame, Kind::list, id};
  writer.put(Tag::what, what).put(Tag::prefix, options.prefix);
  if (cursor) writer.put(Tag::cursor, *cursor);
  if (options.page > 0) writer.put(Tag::limit, std::uint64_t{options.page});
  return finish(writer, frame);
}

std::string plain_request(RequestId id, Kind kind) {
  std::string frame;
  FrameWriter{frame, kind, id}.end();
  return frame;
}

std::string cancel_request(RequestId id, RequestId target) {
  std::string frame;
  FrameWriter writer{frame, Kind::cancel, id};
  writer.put(Tag::target, target).end();
  return frame;
}

Result<Connection> read_found(Reply& reply, Instant now) {
  const auto fields = read(reply, Kind::found);
  if (!fields) return fields.error();
  if (!reply.descriptor) return Connection{};
  return Connection{
      .descriptor = Descriptor{reply.descriptor.release()},
      .endpoint = std::string{fields->bytes(Tag::endpoint)},
      .endpoint_properties = std::string{fields->bytes(Tag::endpoint_properties)},
      .destination_properties = std::string{fields->bytes(Tag::destination_properties)},
      .id = fields->number(Tag::connection),
      .uses = fields->number(Tag::uses),
      .age = read_time(*fields, Tag::age),
      .idle = read_time(*fields, Tag::idle),
      .found_at = since_boot(now)};
}

Result<Saved> read_saved(const Reply& reply) {
  const auto fields = read(reply, Kind::saved);
  if (!fields) return fields.error();
  return Saved{.id = fields->number(Tag::connection),
               .bindings = static_cast<std::size_t>(fields->number(Tag::bindings))};
}

Result<Bound> read_bound(const Reply& reply) {
  const auto fields = read(reply, Kind::bound);
  if (!fields) return fields.error();
  return fields->number(Tag::renewed) != 0 ? Bound::renewed : Bound::created;
}

Result<Dropped> read_dropped(const Reply& reply) {
  const auto fields = read(reply, Kind::dropped);
  if (!fields) return fields.error();
  return Dropped{.connections = fields->number(Tag::connections),
                 .bindings = fields->number(Tag::bindings)};
}

Result<Page> read_page(const Reply& reply) {
  const auto fields = read(reply, Kind::page);
  if (!fields) return fields.error();
  Page page;
  const bool good = fields->each(Tag::entry, [&](const Fields& entry) {
    page.entries.push_back(read_entry(entry));
    return true;
  });
  if (!good) return bad_reply();
  if (fields->has(Tag::cursor)) page.cursor = fields->bytes(Tag::cursor);
  return page;
}

Result<std::vector<Statistic>> read_statistics(const Reply& reply) {
  const auto fields = read(reply, Kind::statistics_reply);
  if (!fields) return fields.error();
  std::vector<Statistic> statistics;
  const bool good = fields->each(Tag::statistic, [&](const Fields& statistic) {
    statistics.push_back({std::string{statistic.bytes(Tag::name)}, statistic.number(Tag::value)});
    return true;
  });
  if (!good) return bad_reply();
  return statistics;
}

Result<std::string> read_pong(const Reply& reply) {
  const auto fields = read(reply, Kind::pong);
  if (!fields) return fields.error();
  return std::string{fields->bytes(Tag::server)};
}

}  // namespace scache::client

// SPDX-License-Identifier: Apache-2.0
#include "wire/direct_reply.hpp"

#include <algorithm>
#include <limits>

namespace scache::wire::direct {
namespace {

std::uint64_t number(milliseconds time) noexcept {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(time.count(), 0));
}

milliseconds time(const Fields& fields, Tag tag) noexcept {
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return milliseconds{static_cast<std::int64_t>(std::min(fields.number(tag), kMost))};
}

}  // namespace

void put_saved(std::string& out, std::uint64_t id, const SavedReply& reply) {
  FrameWriter{out, Kind::saved, id}
      .put(Tag::connection, reply.connection)
      .put(Tag::bindings, reply.bindings)
      .end();
}

SavedReply read_saved(const Fields& fields) noexcept {
  return {.connection = fields.number(Tag::connection), .bindings = fields.number(Tag::bindings)};
}

void put_found(std::string& out, std::uint64_t id, const FoundReply& reply) {
  FrameWriter frame{out, Kind::found, id, true};
  frame.put(Tag::endpoint, reply.endpoint).put(Tag::endpoint_properties, reply.endpoint_properties);
  if (reply.destination_properties) {
    frame.put(Tag::destination_properties, *reply.destination_properties);
  }
  frame.put(Tag::connection, reply.connection)
      .put(Tag::uses, reply.uses)
      .put(Tag::age, number(reply.age))
      .put(Tag::idle, number(reply.idle))
      .end();
}

void put_not_found(std::string& out, std::uint64_t id) {
  FrameWriter{out, Kind::found, id}.end();
}

FoundReply read_found(const Fields& fields) noexcept {
  FoundReply reply{.endpoint = fields.bytes(Tag::endpoint),
                   .endpoint_properties = fields.bytes(Tag::endpoint_properties),
                   .destination_properties = {},
                   .connection = fields.number(Tag::connection),
                   .uses = fields.number(Tag::uses),
                   .age = time(fields, Tag::age),
                   .idle = time(fields, Tag::idle)};
  if (fields.has(Tag::destination_properties)) {
    reply.destination_properties = fields.bytes(Tag::destination_properties);
  }
  return reply;
}

void put_bound(std::string& out, std::uint64_t id, const BoundReply& reply) {
  FrameWriter{out, Kind::bound, id}.put(Tag::renewed, std::uint64_t{reply.renewed}).end();
}

BoundReply read_bound(const Fields& fields) noexcept {
  return {.renewed = fields.number(Tag::renewed) != 0};
}

void put_dropped(std::string& out, std::uint64_t id, const DroppedReply& reply) {
  FrameWriter{out, Kind::dropped, id}
      .put(Tag::connections, reply.connections)
      .put(Tag::bindings, reply.bindings)
      .end();
}

DroppedReply read_dropped(const Fields& fields) noexcept {
  return {.connections = fields.number(Tag::connections), .bindings = fields.number(Tag::bindings)};
}

void PageWriter::put(const EntryReply& entry) {
  frame_.open(Tag::entry);
  if (entry.destination) {
    frame_.put(Tag::destination, *entry.destination)
        .put(Tag::endpoint, entry.endpoint)
        .put(Tag::destination_properties, entry.properties)
        .put(Tag::ttl, number(entry.ttl));
  } else {
    frame_.put(Tag::endpoint, entry.endpoint)
        .put(Tag::endpoint_properties, entry.properties)
        .put(Tag::ttl, number(entry.ttl))
        .put(Tag::connection, entry.connection)
        .put(Tag::uses, entry.uses)
        .put(Tag::age, number(entry.age))
        .put(Tag::idle, number(entry.idle))
        .put(Tag::owner, entry.owner);
  }
  frame_.close();
}

void PageWriter::end(std::optional<std::string_view> cursor) {
  if (cursor) frame_.put(Tag::cursor, *cursor);
  frame_.end();
}

EntryReply read_entry(const Fields& entry) noexcept {
  const bool is_binding = entry.has(Tag::destination);
  EntryReply reply{.destination = {},
                   .endpoint = entry.bytes(Tag::endpoint),
                   .properties = entry.bytes(is_binding ? Tag::destination_properties
                                                        : Tag::endpoint_properties),
                   .ttl = time(entry, Tag::ttl),
                   .connection = entry.number(Tag::connection),
                   .uses = entry.number(Tag::uses),
                   .age = time(entry, Tag::age),
                   .idle = time(entry, Tag::idle),
                   .owner = entry.number(Tag::owner)};
  if (is_binding) reply.destination = entry.bytes(Tag::destination);
  return reply;
}

void StatisticsWriter::put(std::string_view name, std::uint64_t value) {
  frame_.open(Tag::statistic).put(Tag::name, name).put(Tag::value, value).close();
}

void put_pong(std::string& out, std::uint64_t id, std::string_view server) {
  FrameWriter{out, Kind::pong, id}.put(Tag::server, server).end();
}

std::string_view read_pong(const Fields& fields) noexcept {
  return fields.bytes(Tag::server);
}

void put_cancel_done(std::string& out, std::uint64_t id, const CancelReply& reply) {
  FrameWriter{out, Kind::cancel_done, id}.put(Tag::cancelled, std::uint64_t{reply.cancelled}).end();
}

CancelReply read_cancel_done(const Fields& fields) noexcept {
  return {.cancelled = fields.number(Tag::cancelled) != 0};
}

void put_error(std::string& out, std::uint64_t id, const ErrorReply& reply) {
  FrameWriter{out, Kind::error, id}
      .put(Tag::code, static_cast<std::uint64_t>(reply.code))
      .put(Tag::text, reply.text)
      .end();
}

ErrorReply read_error(const Fields& fields) noexcept {
  const std::uint64_t code = fields.number(Tag::code);
  return {.code = known_code(code), .text = fields.bytes(Tag::text)};
}

}  // namespace scache::wire::direct

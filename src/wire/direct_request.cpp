// SPDX-License-Identifier: Apache-2.0
#include "wire/direct_request.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace scache::wire::direct {
namespace {

using Decoded = std::expected<Request, Refusal>;

Decoded malformed(std::string text) {
  return std::unexpected{Refusal{ErrorCode::malformed, std::move(text)}};
}

std::chrono::milliseconds milliseconds(const Fields& fields, Tag tag) noexcept {
  const std::uint64_t most = kLongestTtl.count();
  return std::chrono::milliseconds{std::min(fields.number(tag, most), most)};
}

std::chrono::milliseconds ttl(const Fields& fields) noexcept {
  return fields.has(Tag::ttl) ? milliseconds(fields, Tag::ttl) : kNoTtl;
}

bool has_bad_ttl(const Fields& fields) noexcept {
  return fields.has(Tag::ttl) && fields.number(Tag::ttl) == 0;
}

void put_ttl(FrameWriter& frame, std::chrono::milliseconds ttl) {
  if (ttl != kNoTtl) frame.put(Tag::ttl, static_cast<std::uint64_t>(ttl.count()));
}

constexpr std::array<std::pair<Tag, Drop::What>, 3> kDropTags{
    {{Tag::endpoint, Drop::What::endpoint},
     {Tag::destination, Drop::What::destination},
     {Tag::prefix, Drop::What::prefix}}};

// The text of the error if a name or properties exceed their limit; empty otherwise.
std::string oversize(const Fields& fields, const WireLimits& limits) {
  struct Bound {
    Tag tag;
    const char* what;
    std::size_t limit;
  };
  const std::array<Bound, 5> bounds{
      {{Tag::endpoint, "endpoint", limits.name},
       {Tag::destination, "destination", limits.name},
       {Tag::prefix, "prefix", limits.name},
       {Tag::endpoint_properties, "endpoint properties", limits.properties},
       {Tag::destination_properties, "destination properties", limits.properties}}};
  for (const Bound& bound : bounds) {
    const std::size_t size = fields.bytes(bound.tag).size();
    if (size > bound.limit) {
      return bound.what + (": " + std::to_string(size)) + " bytes exceed the limit of " +
             std::to_string(bound.limit);
    }
  }
  return {};
}

Decoded too_large(std::string text) {
  return std::unexpected{Refusal{ErrorCode::too_large, std::move(text)}};
}

Decoded decode_save(const Fields& fields, bool with_descriptor, const WireLimits& limits) {
  if (!fields.has(Tag::endpoint)) return malformed("save: missing endpoint");
  if (!with_descriptor) return malformed("save: missing descriptor");
  if (has_bad_ttl(fields)) return malformed("save: ttl must be greater than zero");
  std::string large;
  const bool sound = fields.each(Tag::binding, [&](const Fields& binding) {
    large = oversize(binding, limits);
    return large.empty() && binding.has(Tag::destination) && !has_bad_ttl(binding);
  });
  if (!large.empty()) return too_large(std::move(large));
  if (!sound) return malformed("save: malformed binding");
  Save save{.connection = {.ttl = ttl(fields),
                           .endpoint = fields.bytes(Tag::endpoint),
                           .properties = fields.bytes(Tag::endpoint_properties),
                           .allow_input = fields.number(Tag::allow_input) != 0},
            .fields = fields};
  if (const std::uint64_t connection = fields.number(Tag::connection); connection != 0) {
    save.connection.past = {connection, fields.number(Tag::uses), std::chrono::milliseconds{}};
    if (fields.has(Tag::age)) save.connection.past.age = milliseconds(fields, Tag::age);
  }
  return save;
}

Decoded decode_find(const Fields& fields) {
  if (fields.has(Tag::endpoint) == fields.has(Tag::destination)) {
    return malformed("find: requires exactly one of endpoint and destination");
  }
  if (fields.has(Tag::endpoint)) return FindEndpoint{fields.bytes(Tag::endpoint)};
  return FindDestination{fields.bytes(Tag::destination)};
}

Decoded decode_bind(const Fields& fields) {
  if (!fields.has(Tag::destination)) return malformed("bind: missing destination");
  if (!fields.has(Tag::endpoint)) return malformed("bind: missing endpoint");
  if (has_bad_ttl(fields)) return malformed("bind: ttl must be greater than zero");
  return Bind{Save::read_binding(fields, fields.bytes(Tag::endpoint))};
}

Decoded decode_drop(const Fields& fields) {
  std::expected<Request, Refusal> found =
      malformed("drop: requires one of endpoint, destination and prefix");
  for (const auto& [tag, what] : kDropTags) {
    if (!fields.has(tag)) continue;
    if (found) return malformed("drop: allows only one of endpoint, destination and prefix");
    found = Drop{what, fields.bytes(tag)};
  }
  return found;
}

Decoded decode_list(const Fields& fields) {
  constexpr std::uint64_t kAll = kConnections | kBindings;
  const std::uint64_t what = fields.number(Tag::what, kAll);
  if (what == 0 || what > kAll) return malformed("list: field 'what' must be 1, 2 or 3");
  const std::uint64_t limit = fields.number(Tag::limit, ~std::uint64_t{0});
  if (limit == 0) return malformed("list: limit must be greater than zero");
  return List{what, fields.bytes(Tag::prefix), fields.bytes(Tag::cursor), limit};
}

}  // namespace

SaveDestination Save::read_binding(const Fields& binding, std::string_view endpoint) noexcept {
  return {.ttl = ttl(binding),
          .destination = binding.bytes(Tag::destination),
          .properties = binding.bytes(Tag::destination_properties),
          .endpoint = endpoint};
}

Decoded decode(const FrameStep& frame, const WireLimits& limits) {
  const auto kind = static_cast<Kind>(frame.header.kind);
  if (kind < Kind::save || kind > Kind::cancel) {
    return std::unexpected{Refusal{ErrorCode::unsupported,
                                   "unknown request kind " + std::to_string(frame.header.kind)}};
  }
  const std::optional<Fields> fields = Fields::read(frame.body);
  if (!fields) return malformed("malformed or repeated field");
  if (frame.header.with_descriptor && kind != Kind::save) {
    return malformed("only save takes a descriptor");
  }
  if (std::string large = oversize(*fields, limits); !large.empty()) {
    return too_large(std::move(large));
  }
  switch (kind) {
    case Kind::save:
      return decode_save(*fields, frame.header.with_descriptor, limits);
    case Kind::find:
      return decode_find(*fields);
    case Kind::bind:
      return decode_bind(*fields);
    case Kind::drop:
      return decode_drop(*fields);
    case Kind::list:
      return decode_list(*fields);
    case Kind::statistics:
      return Statistics{};
    case Kind::cancel:
      if (!fields->has(Tag::target)) return malformed("cancel: missing target");
      return Cancel{fields->number(Tag::target)};
    default:
      return Ping{};
  }
}

void put_find(std::string& out, std::uint64_t id, const FindEndpoint& find) {
  FrameWriter{out, Kind::find, id}.put(Tag::endpoint, find.endpoint).end();
}

void put_find(std::string& out, std::uint64_t id, const FindDestination& find) {
  FrameWriter{out, Kind::find, id}.put(Tag::destination, find.destination).end();
}

void put_bind(std::string& out, std::uint64_t id, const SaveDestination& binding) {
  FrameWriter frame{out, Kind::bind, id};
  frame.put(Tag::destination, binding.destination)
      .put(Tag::endpoint, binding.endpoint)
      .put(Tag::destination_properties, binding.properties);
  put_ttl(frame, binding.ttl);
  frame.end();
}

void put_drop(std::string& out, std::uint64_t id, const Drop& drop) {
  for (const auto& [tag, what] : kDropTags) {
    if (what == drop.what) FrameWriter{out, Kind::drop, id}.put(tag, drop.name).end();
  }
}

void put_list(std::string& out, std::uint64_t id, const List& list) {
  FrameWriter frame{out, Kind::list, id};
  frame.put(Tag::what, list.what).put(Tag::prefix, list.prefix);
  if (!list.cursor.empty()) frame.put(Tag::cursor, list.cursor);
  if (list.limit > 0) frame.put(Tag::limit, list.limit);
  frame.end();
}

void put_statistics(std::string& out, std::uint64_t id) {
  FrameWriter{out, Kind::statistics, id}.end();
}

void put_ping(std::string& out, std::uint64_t id) {
  FrameWriter{out, Kind::ping, id}.end();
}

void put_cancel(std::string& out, std::uint64_t id, const Cancel& cancel) {
  FrameWriter{out, Kind::cancel, id}.put(Tag::target, cancel.target).end();
}

SaveWriter::SaveWriter(std::string& out, std::uint64_t id, const SaveEndpoint& save)
    : frame_{out, Kind::save, id, true} {
  frame_.put(Tag::endpoint, save.endpoint).put(Tag::endpoint_properties, save.properties);
  put_ttl(frame_, save.ttl);
  if (save.allow_input) frame_.put(Tag::allow_input, std::uint64_t{1});
  if (save.past.connection == 0) return;
  frame_.put(Tag::connection, save.past.connection)
      .put(Tag::uses, save.past.uses)
      .put(Tag::age, static_cast<std::uint64_t>(save.past.age.count()));
}

void SaveWriter::add(const SaveDestination& binding) {
  frame_.open(Tag::binding)
      .put(Tag::destination, binding.destination)
      .put(Tag::destination_properties, binding.properties);
  put_ttl(frame_, binding.ttl);
  frame_.close();
}

}  // namespace scache::wire::direct

// SPDX-License-Identifier: Apache-2.0
// The bytes of a stream, read as frames of the direct protocol. What is read is within the bytes;
// a frame's fields, written again, are read as they were; a request that is understood keeps its
// limits, and what is refused is refused with a reason.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "require.hpp"
#include "target.hpp"
#include "wire/direct_frame.hpp"
#include "wire/direct_reply.hpp"
#include "wire/direct_request.hpp"

namespace scache::fuzz {
namespace {

using namespace direct;

// Small enough to be met.
constexpr WireLimits kLimits{.name = 16, .properties = 32, .list = 128};

bool is_within(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

struct Field {
  std::uint16_t tag;
  std::string_view value;
  bool operator==(const Field&) const = default;
};

struct FieldList {
  std::vector<Field> fields;
  bool malformed = false;
  bool operator==(const FieldList&) const = default;
};

FieldList fields_of(std::string_view body) {
  FieldList list;
  FieldReader reader{body};
  while (reader.next()) {
    require(is_within(reader.value(), body), "a field is within its frame");
    list.fields.push_back({reader.tag(), reader.value()});
  }
  list.malformed = reader.malformed();
  require(!reader.next(), "the end stays the end");
  return list;
}

// The frame as it is written: nothing that is not looked at comes back.
void check_writing(const FrameStep& frame, const FieldList& list) {
  std::string written{"before"};
  FrameWriter writer{written, static_cast<Kind>(frame.header.kind), frame.header.id,
                     frame.header.with_descriptor};
  for (const Field& field : list.fields) writer.put(static_cast<Tag>(field.tag), field.value);
  writer.end();
  written.erase(0, 6);
  require(read_frame(written).header.size == written.size(), "a writer knows its size");
  const FrameStep again = read_frame(written);
  require(again.kind == FrameStep::Kind::frame, "what is written is a frame, whole");
  require(again.header.kind == frame.header.kind && again.header.id == frame.header.id &&
              again.header.with_descriptor == frame.header.with_descriptor,
          "a header says the same when it is written and read again");
  require(fields_of(again.body) == FieldList{list.fields}, "so do fields");
}

// A number as it says itself, by another way.
std::uint64_t number_in(std::string_view bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = 8; i > 0; --i)
    number = number << 8 | static_cast<std::uint8_t>(bytes[i - 1]);
  return number;
}

void check_fields(const FieldList& list, const std::optional<Fields>& fields) {
  if (!fields) return;
  require(!list.malformed, "what is no field makes no fields");
  for (const Field& field : list.fields) {
    const auto tag = static_cast<Tag>(field.tag);
    if (field.tag == 0 || field.tag >= static_cast<std::uint16_t>(Tag::end)) continue;
    require(fields->has(tag), "a field that is there is found");
    if (tag == Tag::ttl || tag == Tag::uses || tag == Tag::target) {
      require(fields->number(tag) == number_in(field.value), "a number is little-endian");
    } else if (tag == Tag::endpoint || tag == Tag::cursor) {
      require(fields->bytes(tag) == field.value, "a text is its bytes");
    }
  }
}

void check_name(std::string_view name, std::string_view body) {
  require(name.size() <= kLimits.name && is_within(name, body), "a name keeps its limit");
}
void check_binding(const SaveDestination& binding, std::string_view body) {
  check_name(binding.destination, body);
  check_name(binding.endpoint, body);
  require(binding.properties.size() <= kLimits.properties, "properties keep their limit");
  require(is_within(binding.properties, body), "properties are within their frame");
  require(binding.ttl >= kNoTtl && binding.ttl <= kLongestTtl, "a ttl is one, or none");
}

struct Check {
  std::string_view body;

  void operator()(const Save& save) const {
    const SaveEndpoint& connection = save.connection;
    check_name(connection.endpoint, body);
    require(connection.properties.size() <= kLimits.properties, "properties keep their limit");
    require(connection.ttl >= kNoTtl && connection.ttl <= kLongestTtl, "a ttl is one, or none");
    require(connection.past.age.count() >= 0 && connection.past.age <= kLongestTtl,
            "an age is one");
    save.each_binding([&](const SaveDestination& binding) { check_binding(binding, body); });
  }
  void operator()(const FindEndpoint& find) const { check_name(find.endpoint, body); }
  void operator()(const FindDestination& find) const { check_name(find.destination, body); }
  void operator()(const Bind& bind) const { check_binding(bind.binding, body); }
  void operator()(const Drop& drop) const { check_name(drop.name, body); }
  void operator()(const List& list) const {
    require(list.what >= kConnections && list.what <= (kConnections | kBindings), "known kinds");
    require(list.limit > 0, "a page has room");
    check_name(list.prefix, body);
    require(is_within(list.cursor, body), "a cursor is within its frame");
  }
  void operator()(const Statistics&) const {}
  void operator()(const Ping&) const {}
  void operator()(const Cancel&) const {}
};

void check_request(const FrameStep& frame, const std::optional<Fields>& fields) {
  const auto request = decode(frame, kLimits);
  if (request) {
    require(fields.has_value(), "a request has fields of their form");
    require(std::holds_alternative<Save>(*request) == frame.header.with_descriptor,
            "a save has a descriptor, and nothing else has");
    return std::visit(Check{frame.body}, *request);
  }
  require(!request.error().text.empty(), "a refusal has a reason");
  std::string out;
  put_error(out, frame.header.id, {request.error().code, request.error().text});
  const FrameStep error = read_frame(out);
  require(error.kind == FrameStep::Kind::frame && error.header.id == frame.header.id,
          "a refusal is a frame");
  const auto told = Fields::read(error.body);
  require(told && told->bytes(Tag::text) == request.error().text, "and says why");
}

void run(std::string_view bytes) {
  while (true) {
    const FrameStep frame = read_frame(bytes);
    if (frame.kind != FrameStep::Kind::frame) {
      require(frame.kind == FrameStep::Kind::bad || bytes.size() < kHeaderSize ||
                  bytes.size() < frame.header.size,
              "a whole frame is one");
      return;
    }
    require(frame.header.size >= kHeaderSize && frame.header.size <= kMaxFrame,
            "sizes have bounds");
    require(frame.body.size() + kHeaderSize == frame.header.size, "a body is the rest");
    require(is_within(frame.body, bytes), "a frame is within the bytes");
    require(read_frame(bytes.substr(0, frame.header.size - 1)).kind == FrameStep::Kind::need_more,
            "less than a frame is none");
    const FieldList list = fields_of(frame.body);
    const std::optional<Fields> fields = Fields::read(frame.body);
    check_writing(frame, list);
    check_fields(list, fields);
    check_request(frame, fields);
    bytes.remove_prefix(frame.header.size);
  }
}

}  // namespace
}  // namespace scache::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  scache::fuzz::run({reinterpret_cast<const char*>(data), size});
  return 0;
}

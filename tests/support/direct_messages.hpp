// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/rooms.hpp"
#include "wire/direct_frame.hpp"
#include "wire/direct_handshake.hpp"

// Messages of the direct protocol.

namespace scache::test {

// The request for the direct protocol, and the server's answer.
inline std::string wish() {
  std::string bytes;
  direct::put_wish(bytes);
  return bytes;
}
inline std::string agreement() {
  std::string bytes;
  direct::put_agreement(bytes, direct::kVersion);
  return bytes;
}

// Frames with the given fields.
using Texts = std::vector<std::pair<direct::Tag, std::string>>;
using Numbers = std::vector<std::pair<direct::Tag, std::uint64_t>>;

inline std::string frame(direct::Kind kind, std::uint64_t id, const Texts& texts = {},
                         const Numbers& numbers = {}, bool with_descriptor = false) {
  std::string bytes;
  direct::FrameWriter writer{bytes, kind, id, with_descriptor};
  for (const auto& [tag, value] : texts) writer.put(tag, value);
  for (const auto& [tag, value] : numbers) writer.put(tag, value);
  writer.end();
  return bytes;
}
inline std::string save_frame(std::uint64_t id, const std::string& endpoint,
                              const Numbers& numbers = {}, const std::string& properties = "p") {
  return frame(direct::Kind::save, id,
               {{direct::Tag::endpoint, endpoint}, {direct::Tag::endpoint_properties, properties}},
               numbers, true);
}
inline std::string find_frame(std::uint64_t id, const std::string& endpoint) {
  return frame(direct::Kind::find, id, {{direct::Tag::endpoint, endpoint}});
}
inline std::string find_destination_frame(std::uint64_t id, const std::string& destination) {
  return frame(direct::Kind::find, id, {{direct::Tag::destination, destination}});
}
inline std::string bind_frame(std::uint64_t id, const std::string& destination,
                              const std::string& endpoint, const Numbers& numbers = {}) {
  return frame(direct::Kind::bind, id,
               {{direct::Tag::destination, destination}, {direct::Tag::endpoint, endpoint}},
               numbers);
}

// A reply as a client reads it.
struct Reply {
  direct::Kind kind;
  std::uint64_t id;
  bool with_descriptor;
  std::string body;

  direct::Fields fields() const { return direct::Fields::read(body).value(); }
  std::string text(direct::Tag tag) const { return std::string{fields().bytes(tag)}; }
  std::uint64_t number(direct::Tag tag) const { return fields().number(tag, ~std::uint64_t{0}); }
  direct::ErrorCode code() const {
    return static_cast<direct::ErrorCode>(number(direct::Tag::code));
  }
};

// Removes the first frame from `bytes`, if it is complete.
inline std::optional<Reply> take_reply(std::string& bytes) {
  const direct::FrameStep step = direct::read_frame(bytes);
  if (step.kind != direct::FrameStep::Kind::frame) return std::nullopt;
  Reply reply{static_cast<direct::Kind>(step.header.kind), step.header.id,
              step.header.with_descriptor, std::string{step.body}};
  bytes.erase(0, step.header.size);
  return reply;
}

}  // namespace scache::test

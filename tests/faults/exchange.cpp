// SPDX-License-Identifier: Apache-2.0
#include "faults/exchange.hpp"

#include <optional>
#include <utility>

#include "support/direct_messages.hpp"
#include "support/messages.hpp"

namespace scache::test {

std::size_t Exchange::size_of(std::size_t count) const {
  std::size_t size = 0;
  for (std::size_t i = 0; i < count; ++i) size += parts[i].bytes.size();
  return size;
}

std::string Exchange::bytes() const {
  std::string bytes;
  for (const Part& part : parts) bytes += part.bytes;
  return bytes;
}

const Part& Exchange::part_of(std::size_t byte) const {
  std::size_t part = 0;
  while (byte >= size_of(part + 1)) ++part;
  return parts[part];
}

std::string Exchange::answers_to(std::size_t bytes) const {
  std::string answers = kGreeting;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (bytes >= size_of(i + 1)) answers += parts[i].answer;
  }
  return answers;
}

bool Exchange::is_within(std::size_t bytes) const {
  if (direct) {
    for (std::size_t i = 0; i <= parts.size(); ++i) {
      if (bytes == size_of(i)) return false;
    }
    return true;
  }
  if (found_after > 0 && bytes == size_of(found_after + 1)) return false;
  return bytes > 0 && bytes < size();
}

std::string Exchange::in_words(std::string_view sent) const {
  const std::string before = kGreeting + agreement();
  if (!direct || !sent.starts_with(before)) return std::string{sent};
  std::string words = before;
  std::string frames{sent.substr(before.size())};
  while (const std::optional<Reply> reply = take_reply(frames)) {
    words += std::to_string(static_cast<int>(reply->kind));
    words += reply->with_descriptor ? " with " : " ";
    words += reply->text(direct::Tag::endpoint_properties) + ";";
  }
  return words + frames;
}

std::vector<Exchange> postfix_exchanges() {
  return {
      {"find_endp_without_a_hit", {{find_endp("nothing"), false, kNoEndpoint}}},
      {"find_dest_without_a_hit", {{find_dest("nothing"), false, kNoDestination}}},
      {"save_dest", {{save_dest("d", "of d", "e"), false, kSaved}}},
      {"save_endp", {{save_endp("e", "p0"), false, kDummy}, {kByte, true, kSaved}}, 2},
      {"find_endp",
       {{find_endp("e"), false, endpoint_hit("p0")}, {kDummy, false, kByte}, {kDummy, false, ""}},
       0,
       2},
      {"find_dest",
       {{find_dest("d"), false, destination_hit("of d", "p0")},
        {kDummy, false, kByte},
        {kDummy, false, ""},
        {find_endp("nothing"), false, kNoEndpoint}},
       0,
       2},
      {"a_bad_request",
       {{list({"request", "find_endp"}), false, list({"status", "1", "property", ""})}}},
  };
}

namespace {

using direct::Kind;
using direct::Tag;

Exchange directly(const char* name, std::vector<Part> parts) {
  parts.insert(parts.begin(), {wish(), false, agreement()});
  Exchange exchange{name, std::move(parts)};
  exchange.direct = true;
  return exchange;
}

// With its first request.
Exchange saving(Exchange exchange) {
  exchange.saved_after = 2;
  return exchange;
}
Exchange finding(Exchange exchange) {
  exchange.found_after = 2;
  return exchange;
}

std::string save_with_binding() {
  std::string bytes;
  direct::FrameWriter frame{bytes, Kind::save, 1, true};
  frame.put(Tag::endpoint, "e").put(Tag::endpoint_properties, "p0").put(Tag::ttl, 100'000);
  frame.open(Tag::binding).put(Tag::destination, "d").put(Tag::ttl, 100'000).close().end();
  return bytes;
}

}  // namespace

std::vector<Exchange> direct_exchanges() {
  const Numbers ttl{{Tag::ttl, 100'000}};
  const Part miss{find_frame(1, "nothing"), false, "130 ;"};
  return {
      directly("direct_find_without_a_hit", {miss, miss}),
      saving(directly("direct_save", {{save_frame(1, "e", ttl, "p0"), true, "129 ;"}, miss})),
      saving(directly("direct_save_with_a_binding", {{save_with_binding(), true, "129 ;"}})),
      finding(directly("direct_find", {{find_frame(1, "e"), false, "130 with p0;"}, miss})),
      finding(directly("direct_find_by_destination",
                       {{find_destination_frame(1, "d"), false, "130 with p0;"}})),
      directly("direct_bind_list_and_drop",
               {{bind_frame(1, "b", "x", ttl), false, "131 ;"},
                {frame(Kind::list, 2, {{Tag::prefix, "b"}}), false, "133 ;"},
                {frame(Kind::drop, 3, {{Tag::prefix, "b"}}), false, "132 ;"}}),
      directly("direct_drop_and_cancel",
               {{frame(Kind::drop, 1, {{Tag::endpoint, "x"}}), false, "132 ;"},
                {frame(Kind::drop, 2, {{Tag::destination, "x"}}), false, "132 ;"},
                {frame(Kind::cancel, 3, {}, {{Tag::target, 1}}), false, "136 ;"}}),
      directly("direct_statistics_and_ping", {{frame(Kind::statistics, 1), false, "134 ;"},
                                              {frame(Kind::ping, 2), false, "135 ;"}}),
      directly("direct_bad_request", {{frame(Kind::find, 1), false, "255 ;"}}),
  };
}

}  // namespace scache::test

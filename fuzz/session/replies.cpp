// SPDX-License-Identifier: Apache-2.0
#include "session/replies.hpp"

#include <array>
#include <cstddef>

#include "require.hpp"
#include "support/messages.hpp"

namespace scache::fuzz {

using direct::Kind;
using direct::Tag;

void Replies::take(std::string_view bytes) {
  rest_ += bytes;
  if (!direct_) take_lists();
  if (direct_) take_frames();
}

void Replies::take_lists() {
  // A list ends with the empty name: at an even place among the strings.
  std::size_t begin = 0;
  std::size_t at = 0;
  for (std::size_t place = 0; !direct_; ++place) {
    const std::size_t end = rest_.find('\0', at);
    if (end == std::string::npos) break;
    const bool empty = end == at;
    at = end + 1;
    if (!empty || place % 2 == 1) continue;
    take_list(std::string_view{rest_}.substr(begin, at - begin));
    begin = at;
    place = static_cast<std::size_t>(-1);
  }
  rest_.erase(0, begin);
}

void Replies::take_with_descriptor(std::string_view bytes) {
  // In the direct protocol it belongs to the frame that comes last.
  if (direct_) {
    ++descriptors_;
    return take(bytes);
  }
  const std::string_view last = bytes.substr(bytes.size() - 1);
  take(bytes.substr(0, bytes.size() - 1));
  if (direct_) {
    ++descriptors_;
    return take(last);
  }
  require(last == std::string_view{"\0", 1}, "a descriptor's byte is NUL");
  require(whole(), "a descriptor comes between lists");
  require(hit_, "a descriptor comes after a hit");
  hit_ = false;
}

void Replies::take_frames() {
  std::size_t begin = 0;
  for (;;) {
    const auto frame = direct::read_frame(std::string_view{rest_}.substr(begin));
    require(frame.kind != direct::FrameStep::Kind::bad, "a reply has a possible size");
    if (frame.kind == direct::FrameStep::Kind::need_more) break;
    take_frame(frame);
    begin += frame.header.size;
  }
  rest_.erase(0, begin);
  require(descriptors_ == 0 || !rest_.empty(), "a descriptor comes with its frame");
}

void Replies::take_frame(const direct::FrameStep& frame) {
  const auto fields = direct::Fields::read(frame.body);
  require(fields.has_value(), "a reply's fields are of their form");
  const auto has = [&](auto... tags) { return (fields->has(tags) && ...); };
  const auto all = [&](Tag tag, auto... inner) {
    return fields->each(tag, [&](const direct::Fields& one) { return (one.has(inner) && ...); });
  };
  const bool with_descriptor = frame.header.with_descriptor;
  if (with_descriptor) {
    require(descriptors_ > 0, "a reply has the descriptor that it says it has");
    --descriptors_;
  }
  const auto kind = static_cast<Kind>(frame.header.kind);
  require(!with_descriptor || kind == Kind::found, "only what is found has a descriptor");
  switch (kind) {
    case Kind::saved:
      return require(has(Tag::connection, Tag::bindings), "a save is answered");
    case Kind::found:
      require(!with_descriptor || has(Tag::endpoint, Tag::endpoint_properties, Tag::connection,
                                      Tag::uses, Tag::age, Tag::idle),
              "a find is answered");
      return require(with_descriptor || frame.body.empty(), "nothing is nothing");
    case Kind::bound:
      return require(has(Tag::renewed), "a bind is answered");
    case Kind::dropped:
      return require(has(Tag::connections, Tag::bindings), "a drop is answered");
    case Kind::page:
      cursor_ = fields->bytes(Tag::cursor);
      return require(all(Tag::entry, Tag::endpoint, Tag::ttl), "a page is of its form");
    case Kind::statistics_reply:
      return require(all(Tag::statistic, Tag::name, Tag::value), "statistics are of their form");
    case Kind::pong:
      return require(has(Tag::server), "a ping is answered");
    case Kind::cancel_done:
      return require(has(Tag::cancelled), "a cancel is answered");
    case Kind::error:
      return require(has(Tag::code, Tag::text), "an error is explained");
    default:
      require(false, "a reply is of a known kind");
  }
}

void Replies::take_list(std::string_view list) {
  if (greeting_expected_) {
    require(list == test::kGreeting, "the server greets");
    greeting_expected_ = false;
    return;
  }
  hit_ = false;
  if (list.starts_with(test::strings({"status", "0", "version", "1", "capabilities"}))) {
    direct_ = true;
    return;
  }
  if (list == test::kDummy || list == test::kSaved || list == test::kBad || list == test::kFailed) {
    return;
  }
  for (const std::string_view status : {"1", "2"}) {
    if (list == test::list({"status", status, "property", ""})) return;
    if (list == test::list({"status", status, "property", "", "property", ""})) return;
  }
  // A hit, of one or two properties.
  const std::string head = test::strings({"status", "0", "property"});
  require(list.starts_with(head), "a reply is known");
  list.remove_prefix(head.size());
  list.remove_prefix(list.find('\0') + 1);
  const std::string second = test::strings({"property"});
  if (list.starts_with(second)) {
    list.remove_prefix(second.size());
    list.remove_prefix(list.find('\0') + 1);
  }
  require(list.size() == 1, "a hit has one property or two");
  hit_ = true;
}

}  // namespace scache::fuzz

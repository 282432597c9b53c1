// SPDX-License-Identifier: Apache-2.0
#include "session/frames.hpp"

#include <algorithm>
#include <cstdint>

#include "wire/direct_frame.hpp"

namespace scache::fuzz {
namespace {

using direct::FrameWriter;
using direct::Kind;
using direct::Tag;

constexpr Tag kUnknown{999};

Kind kind_of(char letter) {
  constexpr std::string_view kLetters = "sfbdltpc";
  const std::size_t place = kLetters.find(letter);
  if (place == std::string_view::npos) return static_cast<Kind>(letter);
  return static_cast<Kind>(place + 1);
}

// Takes a number off the beginning of a text; 0 where none is.
std::uint64_t take_number(std::string_view& text) {
  std::uint64_t number = 0;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    number = number * 10 + static_cast<std::uint64_t>(text.front() - '0');
    text.remove_prefix(1);
  }
  return number;
}

void put_field(FrameWriter& frame, char letter, std::string_view value, std::string_view cursor) {
  constexpr std::string_view kTexts = "edpqx";
  constexpr Tag kTextTags[] = {Tag::endpoint, Tag::destination, Tag::endpoint_properties,
                               Tag::destination_properties, Tag::prefix};
  constexpr std::string_view kNumbers = "tlwgiua";
  constexpr Tag kNumberTags[] = {Tag::ttl,        Tag::limit, Tag::what, Tag::target,
                                 Tag::connection, Tag::uses,  Tag::age};
  if (const std::size_t place = kTexts.find(letter); place != std::string_view::npos) {
    frame.put(kTextTags[place], value);
  } else if (const std::size_t at = kNumbers.find(letter); at != std::string_view::npos) {
    frame.put(kNumberTags[at], take_number(value));
  } else if (letter == 'k') {
    frame.put(Tag::cursor, value.empty() ? cursor : value);
  } else if (letter == 'b') {
    frame.open(Tag::binding).put(Tag::destination, value).put(Tag::destination_properties, "q");
    frame.put(Tag::ttl, 9'000).close();
  } else {
    frame.put(letter == 'B' ? Tag::binding : kUnknown, value);
  }
}

void put_frame(std::string& out, std::string_view text, std::string_view cursor) {
  const Kind kind = kind_of(text.empty() ? 'p' : text.front());
  text.remove_prefix(std::min<std::size_t>(1, text.size()));
  bool with_descriptor = kind == Kind::save;
  if (text.starts_with('!')) {
    with_descriptor = !with_descriptor;
    text.remove_prefix(1);
  }
  FrameWriter frame{out, kind, take_number(text), with_descriptor};
  for (std::size_t begin = text.find(','); begin != std::string_view::npos;) {
    const std::size_t end = text.find(',', begin + 1);
    const std::string_view field = text.substr(begin + 1, end - begin - 1);
    if (!field.empty()) put_field(frame, field.front(), field.substr(1), cursor);
    begin = end;
  }
  frame.end();
}

}  // namespace

std::string with_frames(std::string_view text, std::string_view cursor) {
  std::string bytes;
  for (;;) {
    const std::size_t begin = text.find('{');
    const std::size_t end = text.find('}', std::min(begin, text.size()));
    if (end == std::string_view::npos) return bytes.append(text);
    bytes.append(text.substr(0, begin));
    put_frame(bytes, text.substr(begin + 1, end - begin - 1), cursor);
    text.remove_prefix(end + 1);
  }
}

}  // namespace scache::fuzz

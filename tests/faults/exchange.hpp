// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "support/rooms.hpp"

namespace scache::test {

// One side of an exchange: what the client sends, and what it is answered after each part.
struct Part {
  std::string bytes;
  bool with_descriptor = false;
  std::string answer;
};

// Exchange is what a client and the server say, in either way of talking.
struct Exchange {
  const char* name;
  std::vector<Part> parts;
  // After so many parts a connection is saved under "e"; or the descriptor of the one that is there
  // is on its way. 0 is never.
  std::size_t saved_after = 0;
  std::size_t found_after = 0;
  // In the direct protocol: the first part asks for it, and the other answers are in words.
  bool direct = false;

  std::size_t size() const { return size_of(parts.size()); }
  // Bytes of the first parts.
  std::size_t size_of(std::size_t count) const;
  // What the client sends, and the part that a byte of it belongs to.
  std::string bytes() const;
  const Part& part_of(std::size_t byte) const;
  // What is answered after so many bytes.
  std::string answers_to(std::size_t bytes) const;
  // Whether the server waits for the rest of something after so many bytes: not between two
  // requests.
  bool is_within(std::size_t bytes) const;
  // What a client was sent, as answers_to() tells it. Of a frame there is its kind, whether it has
  // a descriptor, and its endpoint properties: what depends on the time is not.
  std::string in_words(std::string_view sent) const;
};

inline std::ostream& operator<<(std::ostream& out, const Exchange& exchange) {
  return out << exchange.name;
}

// All of them. The first connection that is saved has the properties "p0".
std::vector<Exchange> postfix_exchanges();
std::vector<Exchange> direct_exchanges();

}  // namespace scache::test

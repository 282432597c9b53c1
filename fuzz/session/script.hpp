// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "rooms.hpp"

namespace scache::fuzz {

// A script is what some clients and the clock do, a command to a line:
//
//   !LETTERS      on the first line only, how the server is: v tells the log everything, s does not
//                 speak first, l has the limits of real life and not small ones, u says goodbye to
//                 connections of endpoints that begin with e, and probes them
//   sN BYTES      client N, a digit, sends bytes: `~` stands for NUL, `^` for a newline, `@` for a
//                 thousand times the letter x, `{...}` for a frame (frames.hpp); with `|NUMBER` at
//                 the end so many of them are kept back, and sent in front of the next
//   pNKKK BYTES   the same with a descriptor for each letter K, three at most (cargo.hpp)
//   aN BYTES, bNKKK BYTES
//                 s and p, but the server does not have its turn before the next command
//   rN            client N reads all there is, and keeps the last descriptor
//   eN            the same, and the server does not have its turn
//   hN            it sends no more
//   dN            it receives no more
//   cN            it closes its stream; when it is named again, it comes back
//   tMS           time passes
//   g             whoever holds the other ends of what was sent goes away
//   x             the same, with a reset of TCP connections
//   i             whoever holds the other ends sends something
//   q             the server is ended where it stands; the rest is not read
//
// What is none of this is nothing.
struct Command {
  char what = 0;
  unsigned client = 0;
  // The letters of the descriptors.
  std::string_view cargo;
  std::string bytes;
  // Of them, those that are kept back at the end.
  std::size_t kept_back = 0;
  Duration wait{};
};

class Script {
 public:
  static constexpr unsigned kClients = 6;
  static constexpr std::size_t kMaxCargo = 3;

  explicit Script(std::string_view text) : rest_{text} {
    if (rest_.starts_with('!')) letters_ = take_line();
  }

  bool has(char letter) const { return letters_.contains(letter); }

  // The next command, or nothing at the end.
  std::optional<Command> next();

 private:
  std::string_view take_line();

  std::string_view rest_;
  std::string_view letters_;
};

}  // namespace scache::fuzz

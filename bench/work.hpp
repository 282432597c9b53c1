#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cargo.hpp"
#include "message.hpp"

namespace scache::bench {

enum class Protocol : std::uint8_t { postfix, direct, s6 };

// A message, and the answer to it. `gives` and `takes`: a descriptor goes with it, or comes back.
// `lane`: which of the work's names it is about.
struct Step {
  Message out{};
  bool gives = false;
  Message in{};
  bool takes = false;
  std::uint32_t lane = 0;
};

// Which numbers the operations of a work use.
enum class Choice : std::uint8_t {
  // Never the same twice in a while, and nobody else's.
  fresh,
  // Never saved by anybody.
  unknown,
  // One of the bindings there are, all of them alike.
  bound,
  // Those of one destination that has as many bindings as it may have.
  wide,
  // One after the other: filling the cache with connections, and with such bindings.
  next,
  next_bound,
  next_wide,
};

// Work is an operation that a client repeats, step by step.
struct Work {
  Protocol protocol = Protocol::postfix;
  std::vector<Step> steps{};
  // How many names it works on at once, each with a descriptor of its own. So many steps are sent
  // before the first is answered; they are answered in their order.
  std::uint32_t lanes = 1;
  // Whether each operation connects anew; its steps begin with the server's greeting.
  bool connects = false;
  // Whether the last exchange leaves a dummy to be sent, with the next request if there is one.
  bool owes_dummy = false;
  unsigned requests = 1;
  Choice choice = Choice::fresh;
  CargoKind cargo = CargoKind::tcp;

  // By name: savefind, savefind700, miss, cold, delivery, savedest, widefind, widesave, and, to
  // fill the cache, connections, connections700, bindings, widebindings; in the direct protocol
  // directsavefind, directmiss, directpipe and directcold; with s6 s6savefind, s6miss, s6cold and
  // s6connections. Ends the program when there is none.
  static Work named(std::string_view name);
};

// What a client sends when it is ready for a descriptor, and when it has received it.
inline constexpr std::string_view kDummy{"dummy\0\0\0", 8};

// Chooser is one client of several, which work on names of their own.
struct Chooser {
  std::uint32_t client = 0;
  std::uint32_t clients = 1;
  // How many bindings were filled in, or 0.
  std::uint32_t bindings = 0;
  std::uint64_t random = 1;

  // `number` counts the operations of all clients.
  Ids choose(Choice choice, std::uint32_t number) noexcept;
};

// The same numbers in a lane, where they are nobody else's: the first has them as they are.
Ids in_lane(Ids ids, std::uint32_t lane) noexcept;

}  // namespace scache::bench

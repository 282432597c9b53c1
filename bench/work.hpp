// SPDX-License-Identifier: Apache-2.0
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

// A message and its answer. `gives`: a descriptor is sent with it. `takes`: one comes with the
// answer. `lane`: the index of its name.
struct Step {
  Message out{};
  bool gives = false;
  Message in{};
  bool takes = false;
  std::uint32_t lane = 0;
};

// The numbers that the operations of a workload use.
enum class Choice : std::uint8_t {
  // Of one client only, and not repeated for a while.
  fresh,
  // Never saved.
  unknown,
  // One of the existing bindings, uniformly distributed.
  bound,
  // Of one destination with the maximum number of bindings.
  wide,
  // Consecutive: to fill the cache with connections, and with such bindings.
  next,
  next_bound,
  next_wide,
};

// Work is a workload: an operation of several steps that a client repeats.
struct Work {
  Protocol protocol = Protocol::postfix;
  std::vector<Step> steps{};
  // The number of names that it uses at once, each with its own descriptor, and of pipelined steps.
  // The answers come in the order of the steps.
  std::uint32_t lanes = 1;
  // Whether each operation opens a new stream; its steps begin with the server's greeting.
  bool connects = false;
  // Whether a dummy is outstanding after the last exchange; the next request may carry it.
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

// A client sends this when it is ready for a descriptor, and when it has received it.
inline constexpr std::string_view kDummy{"dummy\0\0\0", 8};

// Chooser selects the numbers of one of several clients, each with its own names.
struct Chooser {
  std::uint32_t client = 0;
  std::uint32_t clients = 1;
  // The number of existing bindings, or 0.
  std::uint32_t bindings = 0;
  std::uint64_t random = 1;

  // `number` counts the operations of all clients.
  Ids choose(Choice choice, std::uint32_t number) noexcept;
};

// The numbers of a lane, which no other client uses. Lane 0 has them unchanged.
Ids in_lane(Ids ids, std::uint32_t lane) noexcept;

}  // namespace scache::bench

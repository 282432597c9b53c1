// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "faults/faults.hpp"
#include "faults/world.hpp"
#include "support/rooms.hpp"

namespace scache::test {

// Whose clients play.
enum class Who : std::uint8_t { of_postfix, direct, both };
std::string name_of(Who who);

// One performance of all exchanges, by several clients at once: a delivery, requests sent ahead,
// bad requests, clients that leave or stall within an exchange, entries that expire; lists and
// drops of those that talk directly. While it lasts, `fault` strikes. Fails a test where anything
// leaks, spins, or is lost, or where somebody is not served afterwards.
struct Play {
  Fault fault;
  Weather weather = Weather::fair;
  World::Settings settings;
  // Streams that the server may end before their time because of a fault that strikes once.
  unsigned interruptions = 1;
  // Saves that may be refused because of it.
  unsigned refusals = 0;
  Who who = Who::of_postfix;
};

// Answers what was counted.
Faults perform(const Play& play);

// Performs the play for every n: with the first such call failing, the second, ... In the end each
// has failed once; or `most` of them and a few more, evenly spread, if there are more calls.
inline constexpr std::size_t kAll = ~std::size_t{0};
void perform_for_every_call(Play play, std::size_t most = kAll);

// How much is done where not everything can be done: a multiple, SCACHE_ROUNDS in the environment.
std::size_t rounds();

}  // namespace scache::test

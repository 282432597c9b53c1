// SPDX-License-Identifier: Apache-2.0
// bench_client is one client: a process with one stream that blocks for each answer, as the clients
// of Postfix do. bench/crowd.py starts as many as a measurement needs:
//
//   bench_client SOCKET WAY WORK PLACE CLIENTS BINDINGS TALLIES
//
// WAY: codec (no library), libscache, libscache-postfix (libscache with the Postfix protocol) or s6
// (s6's own library). PLACE: the number of this client among the CLIENTS. A byte on standard input
// starts it, the shared memory at descriptor TALLIES stops it, and the end of standard input ends
// it. Any error ends it with a message.

#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string_view>

#include "cargo.hpp"
#include "client.hpp"
#include "fail.hpp"
#include "tally.hpp"
#include "ways.hpp"
#include "work.hpp"

namespace {

using namespace scache::bench;

// Saved in turn, to detect a wrong descriptor.
constexpr std::uint32_t kCargo = 4;

std::uint32_t number(const char* text) {
  return static_cast<std::uint32_t>(std::strtoul(text, nullptr, 10));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 8) fail("eight words are wanted, not {}", argc);
  Work work = Work::named(argv[3]);
  Chooser chooser{number(argv[4]), number(argv[5]), number(argv[6]), 0};
  chooser.random = 0x9e37'79b9'7f4a'7c15 * (chooser.client + 1);
  const SharedTallies tallies{static_cast<int>(number(argv[7])), chooser.client};
  CargoStore store;
  const std::span<const Cargo> cargo = store.first(work.cargo, std::size_t{kCargo} * work.lanes);
  const std::unique_ptr<Way> way = Way::named(argv[2], argv[1], work);

  std::uint32_t begun = 0;
  char go = 0;
  tallies.mine().stops.fetch_add(1);
  while (::read(STDIN_FILENO, &go, 1) == 1) {
    std::uint64_t began = now();
    while (tallies.running()) {
      const std::size_t turn = begun % kCargo;
      way->operate(chooser.choose(work.choice, begun),
                   cargo.subspan(turn * work.lanes, work.lanes));
      ++begun;
      const std::uint64_t ended = now();
      tallies.mine().add(ended - began);
      began = ended;
    }
    way->rest();
    tallies.mine().stops.fetch_add(1);
  }
}

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cargo.hpp"
#include "work.hpp"

namespace scache::bench {

// Nanoseconds of CLOCK_MONOTONIC.
std::uint64_t now() noexcept;

// Client repeats the operations of a workload. It waits for each answer, or has as many outstanding
// steps as the workload has lanes. It checks every byte and every descriptor that it receives, and
// ends the program if one is wrong.
class Client {
 public:
  Client() = default;
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  int socket() const noexcept { return socket_; }

  // Closes the old connection, and connects.
  void connect(const std::string& path);
  // Reads the greeting, if the protocol has one, and negotiates the protocol.
  void agree(Protocol protocol);

  // Begins an operation, with `cargo` for its descriptors: one for each lane.
  void begin(Work& work, const Ids& ids, std::span<const Cargo> cargo, std::uint64_t when);
  // Reads the answers that have arrived, and sends the next steps. Returns whether the operation
  // has ended.
  bool proceed();
  // The start of the operation.
  std::uint64_t began() const noexcept { return began_; }
  // Sends the outstanding dummy if no operation follows.
  void finish();

 private:
  // Sends as many steps as allowed; steps without a descriptor in one message.
  void send_steps();
  void check_received(std::uint32_t lane);
  void expect(std::string_view wanted);
  void send(std::string_view bytes, int descriptor);
  // Returns how many bytes arrived; received_ has the descriptor that came with them.
  std::size_t receive();

  int socket_ = -1;
  Work* work_ = nullptr;
  // The numbers of steps that were sent and answered.
  std::size_t sent_ = 0;
  std::size_t answered_ = 0;
  // One of each lane.
  std::vector<Ids> ids_{};
  std::span<const Cargo> cargo_{};
  std::uint64_t began_ = 0;
  bool owes_dummy_ = false;
  int received_ = -1;
  std::size_t size_ = 0;
  char input_[8192];
  char output_[8192];
};

}  // namespace scache::bench

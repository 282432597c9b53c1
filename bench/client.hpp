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

// Client repeats the operations of a work. It waits for each answer, or has as many steps under way
// as the work has lanes, and checks every byte of what comes and every descriptor: a wrong one ends
// the program.
class Client {
 public:
  Client() = default;
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  int socket() const noexcept { return socket_; }

  // Connects, and closes what was connected before.
  void connect(const std::string& path);
  // Hears the greeting, if the protocol has one, and agrees on the protocol.
  void agree(Protocol protocol);

  // Begins an operation, with `cargo` for its descriptors: one for each lane.
  void begin(Work& work, const Ids& ids, std::span<const Cargo> cargo, std::uint64_t when);
  // Takes what has come, and sends what follows. Answers whether the operation has ended.
  bool proceed();
  // When the operation began.
  std::uint64_t began() const noexcept { return began_; }
  // Sends the dummy that is owed when no operation follows.
  void finish();

 private:
  // Sends what may be under way; what has no descriptor, together.
  void send_steps();
  void check_received(std::uint32_t lane);
  void expect(std::string_view wanted);
  void send(std::string_view bytes, int descriptor);
  // Answers how many bytes came, with the descriptor that came with them in received_.
  std::size_t receive();

  int socket_ = -1;
  Work* work_ = nullptr;
  // Steps that were sent, and those that were answered.
  std::size_t sent_ = 0;
  std::size_t answered_ = 0;
  // Of each lane.
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

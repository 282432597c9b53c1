#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "cargo.hpp"
#include "work.hpp"

namespace scache::bench {

enum class Protocol : std::uint8_t { postfix, s6 };

// Nanoseconds of CLOCK_MONOTONIC.
std::uint64_t now() noexcept;

// Client repeats the operations of a work. It waits for each answer, and checks every byte of it
// and every descriptor: a wrong one ends the program.
class Client {
 public:
  Client(const std::string& path, Protocol protocol);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  int socket() const noexcept { return socket_; }

  // Begins an operation, with `cargo` for its descriptor.
  void begin(Work& work, const Ids& ids, const Cargo& cargo, std::uint64_t when);
  // Takes what has come, and sends what follows. Answers whether the operation has ended.
  bool proceed();
  // When the operation began.
  std::uint64_t began() const noexcept { return began_; }
  // Sends the dummy that is owed when no operation follows.
  void finish();

 private:
  void send_step();
  void send(std::string_view bytes, int descriptor);
  // Answers how many bytes came, with the descriptor that came with them in received_.
  std::size_t receive();

  int socket_ = -1;
  Work* work_ = nullptr;
  std::size_t step_ = 0;
  Ids ids_{};
  Cargo cargo_{};
  std::uint64_t began_ = 0;
  bool owes_dummy_ = false;
  int received_ = -1;
  std::size_t size_ = 0;
  char input_[4096];
  char output_[4096];
};

}  // namespace scache::bench

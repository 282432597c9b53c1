// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "support/rooms.hpp"

// Calls that fail on demand. This program's recvmsg, sendmsg, send, accept4, epoll_ctl,
// epoll_wait and operator new are those of faults.cpp, as is the memory of coroutines; outside of a
// Guarded they are the system's.

namespace scache::test {

enum class Call : std::uint8_t {
  // Takes bytes and descriptors from a client.
  receive,
  // The same, counted only where a descriptor comes: the descriptor table is full, the kernel drops
  // it and says so.
  receive_descriptor,
  send,
  // The same, counted only where a descriptor goes.
  send_descriptor,
  accept,
  // Adding to or changing what epoll watches; removing cannot fail.
  control,
  wait,
  thread,
  allocate,
};
inline constexpr std::size_t kCalls = 9;

enum class Lasts : std::uint8_t { once, from_then_on };

// The nth such call fails, or each from the nth on. n counts from 1; 0 is never.
struct Fault {
  Call call = Call::receive;
  std::size_t nth = 0;
  // What errno is then.
  int error = 0;
  Lasts lasts = Lasts::once;
};

std::string describe(const Fault& fault);

// How the system treats whoever is under test, besides faults.
enum class Weather : std::uint8_t {
  fair,
  // Every recvmsg and every sendmsg moves one byte.
  byte_by_byte,
  // So it is, and every other one would block.
  trickling,
};

struct Faults {
  Fault fault;
  Weather weather = Weather::fair;
  // Calls made while guarded, and those of them that failed.
  std::array<std::size_t, kCalls> made{};
  std::size_t failed = 0;
  // The last epoll_wait found nothing and would have slept so many milliseconds; -1 is for ever.
  bool would_sleep = false;
  int sleep = 0;
  // For the weather: recvmsgs and sendmsgs so far.
  std::size_t gusts = 0;

  std::size_t count(Call call) const { return made[static_cast<std::size_t>(call)]; }
  // The fault is over.
  void lift() { fault.nth = 0; }
};
extern constinit Faults faults;

// While it lives, this thread's calls are counted and may fail, and no epoll_wait waits.
class Guarded {
 public:
  Guarded() noexcept;
  ~Guarded() { end(); }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

 private:
  void end() noexcept;
};

// While it lives, calls are the system's again: for a log that writes things down.
class Unguarded {
 public:
  Unguarded() noexcept;
  ~Unguarded();
  Unguarded(const Unguarded&) = delete;
  Unguarded& operator=(const Unguarded&) = delete;

 private:
  bool guarded_;
};

// For a Closer: Call::thread.
void start_thread(std::function<void()> body);

// Memory that all threads have and have not given back, in pieces.
std::size_t live_allocations() noexcept;

}  // namespace scache::test

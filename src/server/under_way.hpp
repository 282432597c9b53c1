// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <list>
#include <utility>

#include "base/rooms.hpp"
#include "io/task.hpp"

namespace scache::server {

// UnderWay is the bounded table of one client's requests whose answers take time. Each is a
// coroutine that appends its own reply. The session resumes them in the client's turns, one step of
// each after the other, so answers come in the order in which they are ready.
//
// A request must own the names and properties that it needs: its bytes in the input are consumed
// before its first step. Its destruction cancels it.
class UnderWay {
 public:
  // Maximum number of requests; further ones wait in the input.
  static constexpr std::size_t kMost = 64;

  UnderWay() = default;
  UnderWay(const UnderWay&) = delete;
  UnderWay& operator=(const UnderWay&) = delete;

  bool empty() const noexcept { return requests_.empty(); }
  bool full() const noexcept { return requests_.size() >= kMost; }
  std::size_t size() const noexcept { return requests_.size(); }

  // Adds a request; its first step comes later. Throws std::bad_alloc.
  void add(std::uint64_t id, Task<> request) { requests_.emplace_back(id, std::move(request)); }
  // Destroys the oldest request with this id. Returns false if there is none.
  bool cancel(std::uint64_t id) noexcept;
  // Resumes the next request for one step, and removes it if it is finished. Throws what it throws.
  void run_step();

  // A request awaits this at the end of each step but the last.
  class StepAwaiter {
   public:
    explicit StepAwaiter(UnderWay& under_way) noexcept : under_way_{under_way} {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> step) noexcept { under_way_.suspended_ = step; }
    void await_resume() const noexcept {}

   private:
    UnderWay& under_way_;
  };
  StepAwaiter next_step() noexcept { return StepAwaiter{*this}; }

 private:
  struct Request {
    std::uint64_t id;
    Task<> task;
    // Where it continues; empty before its first step.
    std::coroutine_handle<> step{};
  };

  std::list<Request> requests_;
  // The request that gets the next step.
  std::list<Request>::iterator next_ = requests_.end();
  // Set by the request that is running.
  std::coroutine_handle<> suspended_;
};

}  // namespace scache::server

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <utility>

#include "io/closer.hpp"

// What the threads of the Closer share with the loop. Only Closer uses it.

namespace scache::io {

// A descriptor to close. The thread that has taken it closes it, unless that thread is stuck with an
// earlier one: then it is given back. begin() decides between the two.
struct Closer::Job {
  explicit Job(uid_t of_user) noexcept : user{of_user} {}

  // Returns whether the caller is the first.
  bool begin() noexcept { return !has_begun.exchange(true, std::memory_order_acq_rel); }

  Fd fd;
  uid_t user;
  std::atomic<bool> has_begun = false;
};

struct Closer::Worker {
  // What it has taken.
  std::list<Job> jobs;
  // The user whose descriptor it closes, and the number of descriptors that it has begun to close.
  // It sets them without the mutex.
  std::atomic<uid_t> user = kNobody;
  std::atomic<std::uint64_t> number = 0;
  // The number at the last look(), and whether it has not changed since: then also the user who is
  // charged with it.
  std::uint64_t seen = 0;
  bool is_stuck = false;
  uid_t charged = kNobody;

  bool is_closing() const noexcept { return !jobs.empty(); }
};

// The mutex protects all members; atomic ones are read without it.
struct Closer::Shared {
  // Descriptors that a thread takes at once: it locks the mutex once for all of them.
  static constexpr std::size_t kTakenAtOnce = 16;

  // A user's waiting descriptors and stuck threads. If too many threads are stuck, the descriptors
  // are held until one of them continues.
  struct Account {
    std::size_t waiting = 0;
    unsigned stuck = 0;
    std::list<Job> held;
  };

  std::mutex mutex;
  // Wake a sleeping worker, the resting worker, and the caller.
  std::condition_variable wake;
  std::condition_variable hurry;
  std::condition_variable caught_up;
  std::list<Job> waiting;
  // The size of `waiting`.
  std::atomic<std::size_t> waiting_count = 0;
  std::list<Worker> workers;
  std::atomic<std::size_t> stuck_workers = 0;
  std::map<uid_t, Account> accounts;
  std::size_t held = 0;
  // An upper bound of the workers that sleep and were not woken yet.
  unsigned sleeping = 0;
  bool main_waits = false;
  bool stop = false;

  // Nothing is held unless a worker is stuck.
  bool is_any_stuck() const noexcept { return stuck_workers.load(std::memory_order_relaxed) > 0; }
  std::size_t count_waiting() const noexcept {
    return waiting_count.load(std::memory_order_relaxed);
  }
  std::size_t able_workers() const noexcept { return workers.size() - stuck_workers; }
  bool is_idle() const noexcept {
    return waiting.empty() && std::ranges::none_of(workers, [](const Worker& worker) {
             return worker.is_closing() && !worker.is_stuck;
           });
  }

  using AccountPlace = std::map<uid_t, Account>::iterator;
  void close_account(AccountPlace account) noexcept {
    if (account->second.waiting == 0 && account->second.stuck == 0) accounts.erase(account);
  }

  void note_waiting() noexcept { waiting_count.store(waiting.size(), std::memory_order_relaxed); }

  // Takes the first jobs whose users may have another stuck thread, and holds the jobs before them.
  void take(std::list<Job>& jobs) noexcept {
    while (!waiting.empty() && jobs.size() < kTakenAtOnce) {
      const auto account = accounts.find(waiting.front().user);
      if (account->second.stuck < kStuckOfUser) {
        jobs.splice(jobs.end(), waiting, waiting.begin());
        --account->second.waiting;
        close_account(account);
      } else {
        std::list<Job>& held_jobs = account->second.held;
        held_jobs.splice(held_jobs.end(), waiting, waiting.begin());
        ++held;
      }
    }
    note_waiting();
  }

  // The worker is stuck: its other jobs wait for another worker.
  void give_back_jobs(Worker& worker) {
    for (Job& job : worker.jobs) {
      std::list<Job> again;
      again.emplace_back(job.user);
      Account& account = accounts[job.user];
      if (!job.begin()) continue;
      ++account.waiting;
      again.front().fd = std::move(job.fd);
      waiting.splice(waiting.begin(), again);
    }
    note_waiting();
  }

  // The worker was stuck, and its close() has returned.
  void recover(Worker& worker) noexcept {
    worker.is_stuck = false;
    --stuck_workers;
    const auto account = accounts.find(worker.charged);
    held -= account->second.held.size();
    waiting.splice(waiting.end(), account->second.held);
    note_waiting();
    --account->second.stuck;
    close_account(account);
  }
};

}  // namespace scache::io

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "io/closer.hpp"

// What the threads of the Closer share with the loop. Only Closer uses it.

namespace scache::io {

struct Closer::Job {
  Fd fd;
  uid_t user = kNobody;
  // Sent before the close.
  std::string bytes{};
  // Whether input is read before the close.
  bool reads = false;
  // Where to tell, if anywhere, that the bytes were sent, or what was read; and with which key.
  std::shared_ptr<Answers> answers{};
  std::uint64_t key = 0;
};

struct Closer::Worker {
  // The user whose descriptor it closes, and the number of descriptors that it has begun to close;
  // what is sent and read before counts as a part of the close.
  uid_t user = kNobody;
  std::uint64_t number = 0;
  bool is_closing = false;
  // The number at the last look(), and whether it has not changed since.
  std::uint64_t seen = 0;
  bool is_stuck = false;
};

// The mutex protects all members; the loop reads the atomic ones without it.
struct Closer::Shared {
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
  // A resting worker continues when so many wait.
  std::size_t many_waiting = 32;
  bool main_waits = false;
  bool stop = false;

  // Without the mutex. Nothing is held unless a worker is stuck.
  bool is_any_stuck() const noexcept { return stuck_workers.load(std::memory_order_relaxed) > 0; }
  std::size_t count_waiting() const noexcept {
    return waiting_count.load(std::memory_order_relaxed);
  }
  void note_waiting() noexcept { waiting_count.store(waiting.size(), std::memory_order_relaxed); }

  std::size_t able_workers() const noexcept { return workers.size() - stuck_workers; }
  bool is_idle() const noexcept {
    return waiting.empty() && std::ranges::none_of(workers, [](const Worker& worker) {
             return worker.is_closing && !worker.is_stuck;
           });
  }

  static void make_plain(Job& job) noexcept {
    job.bytes.clear();
    job.reads = false;
    job.answers.reset();
  }

  using AccountPlace = std::map<uid_t, Account>::iterator;
  void close_account(AccountPlace account) noexcept {
    if (account->second.waiting == 0 && account->second.stuck == 0) accounts.erase(account);
  }

  // Takes the first job whose user may have another stuck thread, and holds the jobs before it.
  bool take(std::list<Job>& job) noexcept {
    while (!waiting.empty()) {
      const auto account = accounts.find(waiting.front().user);
      if (account->second.stuck < kStuckOfUser) {
        job.splice(job.begin(), waiting, waiting.begin());
        // A stuck send keeps its descriptor open; a user gets one such thread, not kStuckOfUser.
        if (account->second.stuck > 0) make_plain(job.front());
        note_waiting();
        --account->second.waiting;
        close_account(account);
        return true;
      }
      std::list<Job>& held_jobs = account->second.held;
      held_jobs.splice(held_jobs.end(), waiting, waiting.begin());
      note_waiting();
      ++held;
    }
    return false;
  }

  // The worker was stuck, and its close() has returned.
  void recover(Worker& worker) noexcept {
    worker.is_stuck = false;
    --stuck_workers;
    const auto account = accounts.find(worker.user);
    held -= account->second.held.size();
    waiting.splice(waiting.end(), account->second.held);
    note_waiting();
    --account->second.stuck;
    close_account(account);
  }
};

}  // namespace scache::io

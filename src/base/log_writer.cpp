// SPDX-License-Identifier: Apache-2.0
#include "base/log_writer.hpp"

#include <signal.h>

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "base/log_line.hpp"
#include "base/log_queue.hpp"

// The reader of a log may be slow or stopped: a pipe, a stopped terminal, a logger's socket, a file
// on a network server. A line goes to a socket at once if it fits (MSG_DONTWAIT). Any other line
// goes to a thread, which the first such line starts, and which may block. poll() is not enough:
// other writers may fill a pipe after poll() reports room, and a terminal may have room for a byte
// but not for a line. O_NONBLOCK would affect the shell and all other users of the open file.
//
// The queue is bounded. Further lines are lost and counted, and the next line that is written
// reports the count.
//
// If the process cannot have threads, as under some seccomp filters, a line is written if poll()
// reports room.

namespace scache::base {

// The mutex protects all members. While is_sending is set, only the thread uses the outlet.
struct LogWriter::Shared {
  std::mutex mutex;
  std::condition_variable work;
  std::condition_variable done;
  std::unique_ptr<LogOutlet> outlet;
  std::string line_end;
  LogQueue queue;
  enum class State { no_thread, runs, impossible } state = State::no_thread;
  bool is_sending = false;
  bool stop = false;

  bool idle() const noexcept { return !is_sending && queue.empty(); }
  LogLine note() const noexcept {
    LogLine line;
    line.append(queue.note()).append(static_cast<long>(queue.lost())).append(line_end);
    return line;
  }
  LogOutlet::Sent try_send(std::string_view& record) const noexcept {
    if (state != State::impossible) return outlet->try_send(record);
    return outlet->send_if_ready(record) ? LogOutlet::Sent::yes : LogOutlet::Sent::no;
  }
  bool write(std::string_view text, std::uint64_t stands_for) noexcept;
  void send_all(std::unique_lock<std::mutex>& lock) noexcept;
  void send_what_is_ready() noexcept;
};

// Sends a line, or queues it for the thread. Returns false if it is lost.
bool LogWriter::Shared::write(std::string_view text, std::uint64_t stands_for) noexcept {
  if (idle()) {
    const LogOutlet::Sent sent = try_send(text);
    if (sent != LogOutlet::Sent::not_now) return sent == LogOutlet::Sent::yes;
  }
  return queue.push(text, stands_for);
}

// The body of the thread: sends the queued lines.
void LogWriter::Shared::send_all(std::unique_lock<std::mutex>& lock) noexcept {
  const auto send = [&](std::string_view line) {
    lock.unlock();
    const bool sent = outlet->send(line);
    lock.lock();
    return sent;
  };
  is_sending = true;
  while (!queue.empty()) {
    const LogQueue::Line line = queue.pop();
    if (!send(line.text)) queue.lose(queue.note(), line.stands_for);
  }
  if (const std::uint64_t lost = queue.lost(); lost > 0) {
    const LogLine line = note();
    if (send(line.view())) queue.reported(lost);
  }
  is_sending = false;
}

void LogWriter::Shared::send_what_is_ready() noexcept {
  while (!queue.empty()) {
    const LogQueue::Line line = queue.pop();
    if (!outlet->send_if_ready(line.text)) queue.lose(queue.note(), line.stands_for);
  }
}

LogWriter::LogWriter(std::unique_ptr<LogOutlet> outlet, std::string_view line_end, Thread thread)
    : shared_{std::make_shared<Shared>()} {
  if (thread == Thread::never) shared_->state = Shared::State::impossible;
  shared_->outlet = std::move(outlet);
  shared_->line_end = line_end;
}

LogWriter::~LogWriter() {
  flush();
  const std::lock_guard lock{shared_->mutex};
  shared_->stop = true;
  shared_->work.notify_one();
}

bool LogWriter::write(std::string_view line, std::string_view note) noexcept {
  Shared& shared = *shared_;
  const std::lock_guard lock{shared.mutex};
  const std::uint64_t lost = shared.queue.lost();
  if (lost > 0 && shared.write(shared.note().view(), lost)) shared.queue.reported(lost);
  const bool written = shared.queue.lost() == 0 && shared.write(line, 1);
  shared.queue.lose(note, written ? 0 : 1);
  if (shared.queue.empty()) return written;
  if (start_thread()) {
    shared.work.notify_one();
    return written;
  }
  // The thread could not be started.
  shared.send_what_is_ready();
  return shared.queue.lost() == 0;
}

void LogWriter::flush(Deadline deadline) noexcept {
  Shared& shared = *shared_;
  std::unique_lock lock{shared.mutex};
  if (shared.state != Shared::State::runs || waited_in_vain_) return;
  waited_in_vain_ = !shared.done.wait_until(lock, deadline, [&] { return shared.idle(); });
}

void LogWriter::write_in_signal(std::string_view line) noexcept {
  shared_->outlet->send_if_ready(line);
}

bool LogWriter::start_thread() noexcept {
  using State = Shared::State;
  if (shared_->state != State::no_thread) return shared_->state == State::runs;
  // Only the main thread handles signals.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    std::thread{[shared = shared_] {
      std::unique_lock lock{shared->mutex};
      while (!shared->stop) {
        shared->work.wait(lock, [&] { return shared->stop || !shared->queue.empty(); });
        shared->send_all(lock);
        shared->done.notify_all();
      }
    }}.detach();
    shared_->state = State::runs;
  } catch (...) {
    shared_->state = State::impossible;
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return shared_->state == State::runs;
}

}  // namespace scache::base

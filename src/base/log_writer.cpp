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

// Whoever reads a log may be slow or stand still: a pipe, a stopped terminal, a logger's socket, a
// file on a server that does not answer. A line that can be sent without waiting is sent at once;
// sockets can tell. Any other goes to a thread, which is started with the first of them and waits
// as long as it takes. poll() would not do: a pipe that has room may have none a moment later,
// since others write to it too; a terminal has room for a byte and not for a line. Nor would
// O_NONBLOCK: it would hold for the shell and for all others who have the same open file.
//
// Lines that wait are held up to a bound. Beyond it they are lost and counted, and the count is the
// next line that gets through.
//
// Where there can be no thread, as under some seccomp filters, a line is written where poll() sees
// room for it.

namespace scache::base {

// All under the mutex; the outlet is the thread's alone while is_sending.
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

// Sends a line, or puts it where the thread will find it. False where it is lost.
bool LogWriter::Shared::write(std::string_view text, std::uint64_t stands_for) noexcept {
  if (idle()) {
    const LogOutlet::Sent sent = try_send(text);
    if (sent != LogOutlet::Sent::not_now) return sent == LogOutlet::Sent::yes;
  }
  return queue.push(text, stands_for);
}

// The thread's: sends what is there.
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
    if (send(line.view())) queue.told(lost);
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
  if (lost > 0 && shared.write(shared.note().view(), lost)) shared.queue.told(lost);
  const bool written = shared.queue.lost() == 0 && shared.write(line, 1);
  shared.queue.lose(note, written ? 0 : 1);
  if (shared.queue.empty()) return written;
  if (start_thread()) {
    shared.work.notify_one();
    return written;
  }
  // Now it is known that there is none.
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
  // Signals are the main thread's.
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

#include "ring/ring.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <string_view>
#include <utility>

// A call's requests: all that is sent, all that is closed, and one that waits for epoll, unless the
// kernel still has one from before: it stays when the time is over first. Nothing but events and
// sends that fall short is reported, so that nothing else ends the wait.

namespace scache {
namespace {

// IORING_OP_EPOLL_WAIT, from Linux 6.15's io_uring.h; Debian 12's headers are older.
constexpr int kEpollWait = 59;
// A power of two with room for everything.
constexpr unsigned kEntries = 256;
static_assert(Ring::kMostSends + Ring::kMostCloses + 1 <= kEntries);

// With MSG_WAITALL a part of the bytes counts as a failure, and is reported.
constexpr int kSendFlags = MSG_DONTWAIT | MSG_NOSIGNAL | MSG_WAITALL;

Outgoing& take_first(OutgoingList& list) noexcept {
  Outgoing& first = list.front();
  list.pop_front();
  return first;
}

void send_now(Outgoing& outgoing) noexcept {
  outgoing.left(send(outgoing.socket(), outgoing.bytes()));
}

// What the kernel tells of a send that fell short: how much it took, or an errno.
Sent fallen_short(int result) noexcept {
  if (result < 0) return {.size = 0, .error = -result};
  return {.size = static_cast<std::size_t>(result), .error = EAGAIN};
}

bool can_wait_for_epoll(io_uring& ring) noexcept {
  io_uring_probe* const probe = io_uring_get_probe_ring(&ring);
  if (probe == nullptr) return false;
  const bool can = io_uring_opcode_supported(probe, kEpollWait) != 0;
  io_uring_free_probe(probe);
  return can;
}

}  // namespace

Ring::Ring(int epoll, const Settings& settings) noexcept : epoll_{epoll}, settings_{settings} {}

Ring::~Ring() {
  if (is_set_up_) io_uring_queue_exit(&ring_);
}

std::unique_ptr<Ring> Ring::make(int epoll, const Settings& settings) noexcept {
  std::unique_ptr<Ring> made{new (std::nothrow) Ring{epoll, settings}};
  if (!made) return nullptr;
  // The kernel's part is done while carry() is in the kernel, and at no other time; and a request
  // that fails does not hold up those behind it.
  constexpr unsigned kFlags =
      IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL;
  made->is_set_up_ = io_uring_queue_init(kEntries, &made->ring_, kFlags) == 0;
  if (!made->is_set_up_ || !can_wait_for_epoll(made->ring_)) return nullptr;
  // Spares the kernel a lookup with every call. It works without.
  io_uring_register_ring_fd(&made->ring_);
  return made;
}

void Ring::close_soon(Fd fd) noexcept {
  if (closes_ < std::min(settings_.closes, kMostCloses)) closing_[closes_++] = std::move(fd);
}

std::optional<std::span<epoll_event>> Ring::carry(OutgoingList& outgoing,
                                                  int milliseconds) noexcept {
  if (outgoing.size() + closes_ < settings_.fewest) return do_plainly(outgoing, milliseconds);
  queue(outgoing);
  submit(milliseconds);
  if (const unsigned refused = io_uring_sq_ready(&ring_); refused > 0) take_back(refused);
  settle();
  if (has_failed_) return std::nullopt;
  return std::span{events_}.first(count_);
}

std::span<epoll_event> Ring::do_plainly(OutgoingList& outgoing, int milliseconds) noexcept {
  while (!outgoing.empty()) send_now(take_first(outgoing));
  while (closes_ > 0) closing_[--closes_].reset();
  const int count = ::epoll_wait(epoll_, events_.data(), kMostEvents, milliseconds);
  return std::span{events_}.first(static_cast<std::size_t>(std::max(count, 0)));
}

void Ring::queue(OutgoingList& outgoing) noexcept {
  for (unsigned i = 0; i < kMostSends && !outgoing.empty(); ++i) {
    Outgoing& next = take_first(outgoing);
    under_way_.push_back(next);
    const std::string_view bytes = next.bytes();
    io_uring_sqe* const request = io_uring_get_sqe(&ring_);
    io_uring_prep_send(request, next.socket(), bytes.data(), bytes.size(), kSendFlags);
    request->flags |= IOSQE_CQE_SKIP_SUCCESS;
    io_uring_sqe_set_data(request, &next);
  }
  while (!outgoing.empty()) send_now(take_first(outgoing));

  for (std::size_t i = 0; i < closes_; ++i) {
    io_uring_sqe* const request = io_uring_get_sqe(&ring_);
    io_uring_prep_close(request, closing_[i].get());
    request->flags |= IOSQE_CQE_SKIP_SUCCESS;
    io_uring_sqe_set_data(request, nullptr);
  }

  wait_is_queued_ = !is_waiting_;
  if (is_waiting_) return;
  io_uring_sqe* const request = io_uring_get_sqe(&ring_);
  io_uring_prep_rw(kEpollWait, request, epoll_, events_.data(), kMostEvents, 0);
  io_uring_sqe_set_data(request, this);
  is_waiting_ = true;
}

void Ring::submit(int milliseconds) noexcept {
  int result = 0;
  if (milliseconds < 0) {
    result = io_uring_submit_and_wait(&ring_, 1);
  } else if (milliseconds == 0) {
    result = io_uring_submit_and_get_events(&ring_);
  } else {
    constexpr long long kNanoseconds = 1'000'000;
    __kernel_timespec time{.tv_sec = milliseconds / 1'000,
                           .tv_nsec = milliseconds % 1'000 * kNanoseconds};
    io_uring_cqe* first = nullptr;
    result = io_uring_submit_and_wait_timeout(&ring_, &first, 1, &time, nullptr);
  }
  // The time is over, a signal has come, or nothing is there yet.
  const bool is_usual = result >= 0 || result == -ETIME || result == -EINTR || result == -EAGAIN;
  if (!is_usual) has_failed_ = true;
}

// The kernel would not take so many, the last ones: they are done here and now, and nothing is left
// to a ring that has no memory.
void Ring::take_back(unsigned refused) noexcept {
  has_failed_ = true;
  if (wait_is_queued_) --refused;
  for (; refused > 0 && closes_ > 0; --refused) closing_[--closes_].reset();
  for (; refused > 0; --refused) {
    Outgoing& last = under_way_.back();
    under_way_.pop_back();
    send_now(last);
  }
}

// What has become of those that the kernel took.
void Ring::settle() noexcept {
  while (closes_ > 0) static_cast<void>(closing_[--closes_].release());
  count_ = 0;
  unsigned head = 0;
  unsigned seen = 0;
  io_uring_cqe* reply = nullptr;
  io_uring_for_each_cqe(&ring_, head, reply) {
    ++seen;
    void* const whose = io_uring_cqe_get_data(reply);
    if (whose == nullptr) continue;
    if (whose == this) {
      is_waiting_ = false;
      if (reply->res < 0) has_failed_ = true;
      count_ = static_cast<std::size_t>(std::max(reply->res, 0));
      continue;
    }
    auto& outgoing = *static_cast<Outgoing*>(whose);
    outgoing.unlink();
    outgoing.left(fallen_short(reply->res));
  }
  io_uring_cq_advance(&ring_, seen);
  while (!under_way_.empty()) {
    Outgoing& sent = take_first(under_way_);
    sent.left({.size = sent.bytes().size(), .error = 0});
  }
}

}  // namespace scache

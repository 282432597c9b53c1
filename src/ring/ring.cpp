#include "ring/ring.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <string_view>
#include <utility>

// A call's requests: all that is sent, all that is closed, and whatever is watched anew. Nothing
// but events, sends that fall short and watches that end is reported, so that nothing else ends the
// wait. A watch is over with its event: whoever waits again is told again, which is
// level-triggered. Waits for other things than input, which are rare, are epoll's; it is watched
// while there are any.

namespace scache {
namespace {

// IORING_OP_EPOLL_WAIT came with Linux 6.15 and stands for it: older kernels are not tried.
constexpr int kEpollWait = 59;
// A power of two with room for all sends and closes.
constexpr unsigned kEntries = 256;
static_assert(Ring::kMostSends + Ring::kMostCloses <= kEntries);

// Events that epoll tells at once; it tells the rest at the next call.
constexpr std::size_t kMostEpollEvents = 128;

// With MSG_WAITALL a part of the bytes counts as a failure, and is reported.
constexpr int kSendFlags = MSG_DONTWAIT | MSG_NOSIGNAL | MSG_WAITALL;

// No place.
constexpr std::uint32_t kNone = ~std::uint32_t{0};

// What a report is of: null, an Outgoing, or an odd number for a place.
std::uint64_t word_of(std::uint32_t number) noexcept {
  return std::uint64_t{number} << 1 | 1;
}

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

// The call has done what it can: the time is over, a signal has come, or nothing is there yet.
bool is_usual(int result) noexcept {
  return result >= 0 || result == -ETIME || result == -EINTR || result == -EAGAIN;
}

bool is_known_kernel(io_uring& ring) noexcept {
  io_uring_probe* const probe = io_uring_get_probe_ring(&ring);
  if (probe == nullptr) return false;
  const bool can = io_uring_opcode_supported(probe, kEpollWait) != 0;
  io_uring_free_probe(probe);
  return can;
}

}  // namespace

Ring::Ring(int epoll, const Settings& settings)
    : epoll_{epoll},
      places_(std::clamp(settings.watches, std::size_t{1}, kMostWatches)),
      events_(places_.size()),
      most_closes_{std::min(settings.closes, kMostCloses)} {
  for (std::uint32_t number = 0; number < places_.size(); ++number) {
    places_[number].next_free = number + 1;
  }
  places_.back().next_free = kNone;
  new_.reserve(places_.size());
}

Ring::~Ring() {
  for (std::uint32_t number = 0; number < places_.size() && in_epoll_ > 0; ++number) {
    if (places_[number].is_in_epoll) take_out_of_epoll(number);
  }
  if (is_set_up_) io_uring_queue_exit(&ring_);
}

std::unique_ptr<Ring> Ring::make(int epoll, const Settings& settings) noexcept {
  try {
    std::unique_ptr<Ring> made{new Ring{epoll, settings}};
    return made->set_up() ? std::move(made) : nullptr;
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

bool Ring::set_up() noexcept {
  // The kernel's part is done while this thread is in its calls, and at no other time; and a
  // request that fails does not hold up those behind it.
  io_uring_params how{};
  how.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL |
              IORING_SETUP_CQSIZE;
  how.cq_entries = static_cast<unsigned>(2 * std::max<std::size_t>(places_.size(), kEntries));
  is_set_up_ = io_uring_queue_init_params(kEntries, &ring_, &how) == 0;
  if (!is_set_up_ || !is_known_kernel(ring_)) return false;
  // Spares the kernel a lookup with every call. It works without.
  io_uring_register_ring_fd(&ring_);
  return true;
}

void Ring::close_soon(Fd fd) noexcept {
  if (closes_ < most_closes_) closing_[closes_++] = std::move(fd);
}

std::optional<std::uint32_t> Ring::watch(int descriptor, std::uint32_t events,
                                         void* whom) noexcept {
  const auto number = take_place(descriptor, events, whom);
  if (!number) return std::nullopt;
  if (events == EPOLLIN) {
    places_[*number].is_new = true;
    new_.push_back(*number);
    return number;
  }
  // A ring tells of a peer that sends no more whatever it is asked to tell, and holds the file even
  // for a moment after the process was killed; epoll does neither.
  if (put_into_epoll(*number)) return number;
  set_free(*number);
  has_failed_ = true;
  return std::nullopt;
}

std::optional<std::uint32_t> Ring::take_place(int descriptor, std::uint32_t events,
                                              void* whom) noexcept {
  const std::uint32_t number = first_free_;
  if (number == kNone) has_failed_ = true;
  if (has_failed_) return std::nullopt;
  first_free_ = places_[number].next_free;
  places_[number] = {.whom = whom, .descriptor = descriptor, .events = events};
  return number;
}

bool Ring::put_into_epoll(std::uint32_t number) noexcept {
  Place& place = places_[number];
  if (!epoll_is_watched_) epoll_is_watched_ = watch(epoll_, EPOLLIN, this).has_value();
  epoll_event event{};
  event.events = place.events;
  event.data.u64 = number;
  const bool is_in =
      epoll_is_watched_ && ::epoll_ctl(epoll_, EPOLL_CTL_ADD, place.descriptor, &event) == 0;
  place.is_in_epoll = is_in;
  if (is_in) ++in_epoll_;
  return is_in;
}

void Ring::take_out_of_epoll(std::uint32_t number) noexcept {
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, places_[number].descriptor, nullptr);
  --in_epoll_;
  set_free(number);
}

// At once: a request to watch holds the file, and closing its descriptor would not be the end of
// it.
void Ring::unwatch(std::uint32_t number) noexcept {
  Place& place = places_[number];
  if (place.is_in_epoll) {
    take_out_of_epoll(number);
    return;
  }
  place.whom = nullptr;
  if (place.is_new || has_failed_) return;
  io_uring_sqe* const request = io_uring_get_sqe(&ring_);
  io_uring_prep_poll_remove(request, word_of(number));
  request->flags |= IOSQE_CQE_SKIP_SUCCESS;
  io_uring_sqe_set_data(request, nullptr);
  const bool is_taken = is_usual(io_uring_submit_and_get_events(&ring_));
  if (!is_taken || io_uring_sq_ready(&ring_) > 0) has_failed_ = true;
}

void Ring::for_all_watched(const std::function<void(void* whom)>& tell) const {
  for (const Place& place : places_) {
    if (place.whom != nullptr && place.whom != this) tell(place.whom);
  }
  for (const epoll_event& event : std::span{events_}.first(count_)) tell(event.data.ptr);
}

std::optional<std::span<epoll_event>> Ring::carry(OutgoingList& outgoing,
                                                  int milliseconds) noexcept {
  const bool is_all = queue(outgoing);
  submit(is_all ? milliseconds : 0);
  if (const unsigned refused = io_uring_sq_ready(&ring_); refused > 0) take_back(refused);
  settle();
  if (has_failed_) return std::nullopt;
  return std::span{events_}.first(count_);
}

// Answers whether all that is to be sent is part of the call. What is not may have fallen short and
// woken somebody, who must not wait for the others' events.
bool Ring::queue(OutgoingList& outgoing) noexcept {
  for (unsigned i = 0; i < kMostSends && !outgoing.empty() && !has_failed_; ++i) {
    Outgoing& next = take_first(outgoing);
    under_way_.push_back(next);
    const std::string_view bytes = next.bytes();
    io_uring_sqe* const request = io_uring_get_sqe(&ring_);
    io_uring_prep_send(request, next.socket(), bytes.data(), bytes.size(), kSendFlags);
    request->flags |= IOSQE_CQE_SKIP_SUCCESS;
    io_uring_sqe_set_data(request, &next);
  }
  const bool is_all = outgoing.empty();
  while (!outgoing.empty()) send_now(take_first(outgoing));

  while (closes_ > 0 && has_failed_) closing_[--closes_].reset();
  for (std::size_t i = 0; i < closes_; ++i) {
    io_uring_sqe* const request = io_uring_get_sqe(&ring_);
    io_uring_prep_close(request, closing_[i].get());
    request->flags |= IOSQE_CQE_SKIP_SUCCESS;
    io_uring_sqe_set_data(request, nullptr);
  }
  queue_watches();
  return is_all;
}

void Ring::queue_watches() noexcept {
  queued_watches_ = 0;
  while (!new_.empty() && !has_failed_) {
    const std::uint32_t number = new_.back();
    if (places_[number].whom == nullptr) {
      new_.pop_back();
      set_free(number);
      continue;
    }
    io_uring_sqe* const request = io_uring_get_sqe(&ring_);
    if (request == nullptr) {
      // There is no room for more in one call.
      if (io_uring_submit(&ring_) < 0 || io_uring_sq_ready(&ring_) > 0) has_failed_ = true;
      if (!has_failed_) queued_watches_ = 0;
      continue;
    }
    new_.pop_back();
    Place& place = places_[number];
    place.is_new = false;
    ++queued_watches_;
    io_uring_prep_poll_add(request, place.descriptor, place.events);
    io_uring_sqe_set_data64(request, word_of(number));
  }
}

void Ring::submit(int milliseconds) noexcept {
  if (has_failed_) return;
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
  if (!is_usual(result)) has_failed_ = true;
}

// The kernel would not take so many, the last ones: they are done here and now, and nothing is left
// to a ring that has no memory.
void Ring::take_back(unsigned refused) noexcept {
  has_failed_ = true;
  refused -= std::min(refused, queued_watches_);
  for (; refused > 0 && closes_ > 0; --refused) closing_[--closes_].reset();
  for (; refused > 0 && !under_way_.empty(); --refused) {
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
    const std::uint64_t word = io_uring_cqe_get_data64(reply);
    if (word == 0) continue;
    if ((word & 1) != 0) {
      settle_watch(static_cast<std::uint32_t>(word >> 1), reply->res);
      continue;
    }
    auto& outgoing = *static_cast<Outgoing*>(io_uring_cqe_get_data(reply));
    outgoing.unlink();
    outgoing.left(fallen_short(reply->res));
  }
  io_uring_cq_advance(&ring_, seen);
  while (!under_way_.empty()) {
    Outgoing& sent = take_first(under_way_);
    sent.left({.size = sent.bytes().size(), .error = 0});
  }
}

// A watch is over, by its event or because nobody wants it any more.
void Ring::settle_watch(std::uint32_t number, int result) noexcept {
  Place& place = places_[number];
  if (place.whom != nullptr && result < 0) {
    // Others may know why.
    has_failed_ = true;
    return;
  }
  void* const whom = place.whom;
  set_free(number);
  if (whom == this) {
    settle_epoll();
  } else if (whom != nullptr) {
    report(whom, static_cast<std::uint32_t>(result));
  }
}

void Ring::settle_epoll() noexcept {
  std::array<epoll_event, kMostEpollEvents> found;
  const int count = ::epoll_wait(epoll_, found.data(), static_cast<int>(found.size()), 0);
  for (const epoll_event& each :
       std::span{found}.first(static_cast<std::size_t>(std::max(count, 0)))) {
    const auto number = static_cast<std::uint32_t>(each.data.u64);
    void* const whom = places_[number].whom;
    take_out_of_epoll(number);
    report(whom, each.events);
  }
  epoll_is_watched_ = in_epoll_ > 0 && watch(epoll_, EPOLLIN, this).has_value();
}

void Ring::report(void* whom, std::uint32_t events) noexcept {
  epoll_event& event = events_[count_++];
  event.events = events;
  event.data.ptr = whom;
}

void Ring::set_free(std::uint32_t number) noexcept {
  places_[number] = {.next_free = first_free_};
  first_free_ = number;
}

}  // namespace scache

// SPDX-License-Identifier: Apache-2.0
#include "faults/faults.hpp"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <system_error>
#include <utility>

#include "io/closer.hpp"
#include "support/rooms.hpp"

// The linker's --wrap sends every call of the rooms to the functions below, and theirs to the
// system's. Clients of a test make the same calls, but unguarded.

namespace scache::test {

constinit Faults faults;

namespace {

constinit thread_local bool guarded = false;
constinit std::atomic<std::size_t> live = 0;

// Counts a call; whether it fails.
bool fails(Call call) noexcept {
  if (!guarded) return false;
  const std::size_t number = ++faults.made[static_cast<std::size_t>(call)];
  const Fault& fault = faults.fault;
  if (call != fault.call || fault.nth == 0 || number < fault.nth) return false;
  if (fault.lasts == Lasts::once && number > fault.nth) return false;
  ++faults.failed;
  errno = fault.error;
  return true;
}

bool is_blown_back() noexcept {
  if (!guarded || faults.weather != Weather::trickling || ++faults.gusts % 2 == 0) return false;
  errno = EAGAIN;
  return true;
}

bool carries_descriptors(const msghdr& message) noexcept {
  return message.msg_control != nullptr && message.msg_controllen >= CMSG_LEN(sizeof(int));
}

// What the kernel does where the descriptor table is full.
void drop_descriptors(msghdr& message) noexcept {
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int number = -1;
      std::memcpy(&number, CMSG_DATA(header) + i * sizeof number, sizeof number);
      ::close(number);
    }
  }
  message.msg_controllen = 0;
  message.msg_flags |= MSG_CTRUNC;
}

void* allocate(std::size_t size) noexcept {
  if (fails(Call::allocate)) return nullptr;
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory != nullptr) ++live;
  return memory;
}

void free_again(void* memory) noexcept {
  if (memory == nullptr) return;
  --live;
  std::free(memory);
}

// The bytes that a message is about, one of them when the weather is bad.
class OneByte {
 public:
  explicit OneByte(msghdr& message) noexcept : message_{message}, whole_{message.msg_iov} {
    if (!guarded || faults.weather == Weather::fair || whole_->iov_len == 0) return;
    one_ = {whole_->iov_base, 1};
    message_.msg_iov = &one_;
  }
  ~OneByte() { message_.msg_iov = whole_; }
  OneByte(const OneByte&) = delete;
  OneByte& operator=(const OneByte&) = delete;

 private:
  msghdr& message_;
  iovec* whole_;
  iovec one_{};
};

}  // namespace

std::string describe(const Fault& fault) {
  static constexpr std::array<const char*, kCalls> kNames{"recvmsg",    "recvmsg of a descriptor",
                                                          "sendmsg",    "sendmsg of a descriptor",
                                                          "accept4",    "epoll_ctl",
                                                          "epoll_wait", "thread creation",
                                                          "allocation"};
  return fmt::format("{} {}{} fails: {}", kNames[static_cast<std::size_t>(fault.call)], fault.nth,
                     fault.lasts == Lasts::once ? "" : " and each after it",
                     ::strerrordesc_np(fault.error));
}

Guarded::Guarded() noexcept {
  guarded = true;
}
void Guarded::end() noexcept {
  guarded = false;
}

Unguarded::Unguarded() noexcept : guarded_{std::exchange(guarded, false)} {}
Unguarded::~Unguarded() {
  guarded = guarded_;
}

std::size_t live_allocations() noexcept {
  return live;
}

void start_thread(std::function<void()> body) {
  if (fails(Call::thread)) throw std::system_error{EAGAIN, std::generic_category()};
  Closer::start_detached(std::move(body));
}

}  // namespace scache::test

using scache::test::Call;
using scache::test::faults;

extern "C" {

// The linker makes these names.
ssize_t __real_recvmsg(int, msghdr*, int);
ssize_t __real_sendmsg(int, const msghdr*, int);
int __real_accept4(int, sockaddr*, socklen_t*, int);
int __real_epoll_ctl(int, int, int, epoll_event*);
int __real_epoll_wait(int, epoll_event*, int, int);

ssize_t __wrap_recvmsg(int socket, msghdr* message, int flags) {
  using namespace scache::test;
  if (fails(Call::receive) || is_blown_back()) return -1;
  ssize_t size = 0;
  {
    const OneByte one{*message};
    size = __real_recvmsg(socket, message, flags);
  }
  if (size > 0 && carries_descriptors(*message) && fails(Call::receive_descriptor)) {
    drop_descriptors(*message);
  }
  return size;
}

ssize_t __wrap_sendmsg(int socket, const msghdr* message, int flags) {
  using namespace scache::test;
  if (carries_descriptors(*message) && fails(Call::send_descriptor)) return -1;
  if (fails(Call::send) || is_blown_back()) return -1;
  msghdr copy = *message;
  const OneByte one{copy};
  return __real_sendmsg(socket, &copy, flags);
}

// Counted with sendmsg: which of the two is called is the stream's own business.
ssize_t __wrap_send(int socket, const void* bytes, std::size_t size, int flags) {
  iovec buffer{const_cast<void*>(bytes), size};
  msghdr message{};
  message.msg_iov = &buffer;
  message.msg_iovlen = 1;
  return __wrap_sendmsg(socket, &message, flags);
}

int __wrap_accept4(int socket, sockaddr* address, socklen_t* size, int flags) {
  if (scache::test::fails(Call::accept)) return -1;
  return __real_accept4(socket, address, size, flags);
}

int __wrap_epoll_ctl(int epoll, int operation, int descriptor, epoll_event* event) {
  if (operation != EPOLL_CTL_DEL && scache::test::fails(Call::control)) return -1;
  return __real_epoll_ctl(epoll, operation, descriptor, event);
}

int __wrap_epoll_wait(int epoll, epoll_event* events, int most, int timeout) {
  using namespace scache::test;
  if (!guarded) return __real_epoll_wait(epoll, events, most, timeout);
  faults.would_sleep = false;
  if (fails(Call::wait)) return -1;
  const int count = __real_epoll_wait(epoll, events, most, 0);
  faults.would_sleep = count == 0 && timeout != 0;
  faults.sleep = timeout;
  return count;
}

}  // extern "C"

void* operator new(std::size_t size) {
  if (void* memory = scache::test::allocate(size)) return memory;
  throw std::bad_alloc{};
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return scache::test::allocate(size);
}
void operator delete(void* memory) noexcept {
  scache::test::free_again(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  scache::test::free_again(memory);
}
void operator delete(void* memory, const std::nothrow_t&) noexcept {
  scache::test::free_again(memory);
}

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.hpp"
#include "support/rooms.hpp"

namespace scache::test {

// Waits for a condition that another thread establishes; returns false after a timeout.
inline bool comes_true(const std::function<bool()>& condition) {
  using namespace std::chrono_literals;
  // A thread that closes is done in a few microseconds, and thousands of tests wait for that.
  std::chrono::microseconds pause = 10us;
  for (std::chrono::microseconds waited{}; waited < 5s; waited += pause) {
    if (condition()) return true;
    std::this_thread::sleep_for(pause);
    pause = std::min(2 * pause, std::chrono::microseconds{1ms});
  }
  return condition();
}

// The number of open descriptors of this process, without that of the directory.
inline std::size_t open_descriptors() {
  std::size_t count = 0;
  DIR* directory = ::opendir("/proc/self/fd");
  while (const dirent* entry = ::readdir(directory)) count += entry->d_name[0] == '.' ? 0 : 1;
  ::closedir(directory);
  return count - 1;
}

// The same, after waiting for threads that close descriptors.
inline bool comes_to(std::size_t descriptors) {
  return comes_true([descriptors] { return open_descriptors() == descriptors; });
}

inline bool is_open(int number) {
  return ::fcntl(number, F_GETFD) >= 0;
}
inline bool is_close_on_exec(int number) {
  return (::fcntl(number, F_GETFD) & FD_CLOEXEC) != 0;
}

// DescriptorCensus is a fixture that checks that a test leaks no descriptors. It counts before the
// first and after the last member of the derived fixture.
class DescriptorCensus : public ::testing::Test {
 protected:
  DescriptorCensus() : before_{open_descriptors()} {}
  ~DescriptorCensus() override {
    // Some are closed by a thread.
    EXPECT_TRUE(comes_true([this] { return open_descriptors() == before_; }))
        << before_ << " descriptors before, " << open_descriptors() << " after";
  }

  std::size_t opened() const { return open_descriptors() - before_; }

 private:
  std::size_t before_;
};

// The two ends of a connection or a pipe.
struct Ends {
  Fd first;
  Fd second;
};

inline Ends socket_pair(int type = SOCK_STREAM) {
  std::array<int, 2> ends{-1, -1};
  EXPECT_EQ(::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends.data()), 0);
  return {Fd{ends[0]}, Fd{ends[1]}};
}

// The first end is for reading, the second for writing.
inline Ends pipe_pair() {
  std::array<int, 2> ends{-1, -1};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  return {Fd{ends[0]}, Fd{ends[1]}};
}

// A TCP connection over loopback; the first end connected to the second.
inline Ends tcp_pair(int protocol = 0) {
  const Fd listening{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, protocol)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  EXPECT_EQ(::bind(listening.get(), generic, size), 0);
  EXPECT_EQ(::listen(listening.get(), 1), 0);
  EXPECT_EQ(::getsockname(listening.get(), generic, &size), 0);
  Fd first{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, protocol)};
  EXPECT_EQ(::connect(first.get(), generic, size), 0);
  Fd second{::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC)};
  return {std::move(first), std::move(second)};
}

// Whether both refer to the same socket, pipe or file.
inline bool is_same_file(const Fd& a, const Fd& b) {
  struct stat first{};
  struct stat second{};
  return ::fstat(a.get(), &first) == 0 && ::fstat(b.get(), &second) == 0 &&
         first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

inline linger linger_of(int socket) {
  linger setting{};
  socklen_t size = sizeof setting;
  EXPECT_EQ(::getsockopt(socket, SOL_SOCKET, SO_LINGER, &setting, &size), 0);
  return setting;
}

// A TCP connection whose first end has a linger time, and more to send than its peer reads: its
// last close() blocks for that time, or until the second end is closed.
inline Ends lingering_pair(int seconds) {
  Ends ends = tcp_pair();
  const linger setting{1, seconds};
  EXPECT_EQ(::setsockopt(ends.first.get(), SOL_SOCKET, SO_LINGER, &setting, sizeof setting), 0);
  const int small = 4'096;
  ::setsockopt(ends.first.get(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  ::setsockopt(ends.second.get(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  const std::string much(64 * 1'024, 'x');
  while (::send(ends.first.get(), much.data(), much.size(), MSG_DONTWAIT | MSG_NOSIGNAL) > 0) {
  }
  EXPECT_EQ(errno, EAGAIN);
  return ends;
}

// Whether the other end of a socket or pipe is closed.
inline bool is_left_alone(const Fd& end) {
  pollfd state{.fd = end.get(), .events = POLLRDHUP, .revents = 0};
  return ::poll(&state, 1, 0) == 1 && (state.revents & (POLLHUP | POLLRDHUP | POLLERR)) != 0;
}

// The same, after waiting for a thread that closes it.
inline bool comes_alone(const Fd& end) {
  return comes_true([&end] { return is_left_alone(end); });
}

// Sends bytes with copies of descriptors; returns whether all of it was sent.
inline bool send_with(int socket, const std::string& bytes, const std::vector<int>& descriptors,
                      int flags = 0) {
  std::vector<char> control(CMSG_SPACE(descriptors.size() * sizeof(int)));
  iovec buffer{const_cast<char*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &buffer;
  message.msg_iovlen = 1;
  if (!descriptors.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size() * sizeof(int));
    std::copy(descriptors.begin(), descriptors.end(), reinterpret_cast<int*>(CMSG_DATA(header)));
  }
  const ssize_t sent = ::sendmsg(socket, &message, flags | MSG_DONTWAIT | MSG_NOSIGNAL);
  return sent == static_cast<ssize_t>(bytes.size());
}

// The result of one recvmsg(2), with room for many descriptors.
struct Arrived {
  // Negative after an error (errno), 0 at end of file.
  ssize_t size = -1;
  std::string bytes;
  std::vector<Fd> descriptors;
};

inline Arrived receive_with(int socket, std::size_t most = 64 * 1'024) {
  Arrived arrived;
  std::vector<char> bytes(most);
  alignas(cmsghdr) std::array<char, CMSG_SPACE(253 * sizeof(int))> control;
  iovec buffer{bytes.data(), bytes.size()};
  msghdr message{};
  message.msg_iov = &buffer;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  arrived.size = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (arrived.size <= 0) return arrived;
  arrived.bytes.assign(bytes.data(), static_cast<std::size_t>(arrived.size));
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    const int* numbers = reinterpret_cast<const int*>(CMSG_DATA(header));
    for (std::size_t i = 0; i < count; ++i) arrived.descriptors.emplace_back(numbers[i]);
  }
  return arrived;
}

}  // namespace scache::test

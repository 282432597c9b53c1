// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstring>
#include <string>
#include <utility>

#include "support/descriptors.hpp"
#include "support/rooms.hpp"

namespace scache::test {

// A client's end of a new connection to a socket; empty if no process listens there.
inline Fd connect_to(const std::string& path) {
  Fd client{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  return ::connect(client.get(), generic, sizeof address) == 0 ? std::move(client) : Fd{};
}

// Listening is a listening UNIX-domain socket with a unique name, for a server to borrow.
class Listening {
 public:
  Listening() : Listening{unused_path()} {}
  explicit Listening(std::string path)
      : path_{std::move(path)},
        socket_{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)} {
    sockaddr_un address = named();
    EXPECT_EQ(::bind(socket_.get(), generic(address), sizeof address), 0) << path_;
    EXPECT_EQ(::listen(socket_.get(), 100), 0);
  }
  ~Listening() { ::unlink(path_.c_str()); }
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;

  // A client's end of a new connection.
  Fd connect() const {
    Fd client = connect_to(path_);
    EXPECT_TRUE(client) << path_;
    return client;
  }

  int descriptor() const { return socket_.get(); }
  const std::string& path() const { return path_; }

 private:
  static std::string unused_path() {
    static std::atomic<int> count = 0;
    return ::testing::TempDir() + "scache-" + std::to_string(::getpid()) + '-' +
           std::to_string(++count);
  }
  static sockaddr* generic(sockaddr_un& address) { return reinterpret_cast<sockaddr*>(&address); }
  sockaddr_un named() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    return address;
  }

  std::string path_;
  Fd socket_;
};

}  // namespace scache::test

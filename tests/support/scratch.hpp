// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "support/rooms.hpp"

namespace scache::test {

// A temporary directory, which the destructor removes.
class ScratchDirectory {
 public:
  ScratchDirectory() {
    std::string name = std::filesystem::temp_directory_path() / "scache-test-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  ~ScratchDirectory() { std::filesystem::remove_all(path_); }

  const std::string& path() const { return path_; }
  std::string path(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// A socket bound to a path, like that of a logger or a service.
inline Fd bound_socket(const std::string& path, int type) {
  Fd socket{::socket(AF_UNIX, type | SOCK_CLOEXEC, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size());
  ::unlink(path.c_str());
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    std::abort();
  return socket;
}

// The input of a descriptor, as one string for each read. Does not wait.
inline std::vector<std::string> arrived(int descriptor) {
  std::vector<std::string> all;
  pollfd ready{.fd = descriptor, .events = POLLIN, .revents = 0};
  while (::poll(&ready, 1, 0) > 0) {
    std::string bytes(8192, '\0');
    const auto count = ::read(descriptor, bytes.data(), bytes.size());
    if (count <= 0) break;
    bytes.resize(static_cast<std::size_t>(count));
    all.push_back(bytes);
  }
  return all;
}

// The output of `act` in a child process, which has its own privileges, limits and descriptors.
inline std::string in_child(const std::function<std::string()>& act) {
  int ends[2];
  if (::pipe(ends) != 0) std::abort();
  const Fd answer{ends[0]};
  Fd talk{ends[1]};
  const pid_t child = ::fork();
  if (child == 0) {
    // A high number, since tests depend on low ones.
    const int out = ::fcntl(talk.get(), F_DUPFD, 200);
    const std::string said = act();
    const auto written = ::write(out, said.data(), said.size());
    ::_exit(written == static_cast<ssize_t>(said.size()) ? 0 : 1);
  }
  talk.reset();
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  const auto said = arrived(answer.get());
  return said.empty() ? "" : said[0];
}

}  // namespace scache::test

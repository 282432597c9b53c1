// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace scache::standalone {

// The path, owner and mode of a socket. An owner or a group of -1 is not changed.
struct Place {
  std::string path;
  uid_t owner = static_cast<uid_t>(-1);
  gid_t group = static_cast<gid_t>(-1);
  mode_t mode = 0600;
};

// Listener is a non-blocking listening UNIX-domain socket. If it has created the socket, it removes
// the file when it is destroyed. The source file describes the lock against a second server.
class Listener {
 public:
  // The backlog of listen(2): more than the clients of a busy machine that connect at once.
  static constexpr int kBacklog = 511;

  // Whether the path is valid for a socket.
  static Result<void> check(const std::string& path);
  // Creates a socket, and its directory (mode 0700) if that is missing. As root it fails if another
  // user could replace the socket (standalone/socket_directory).
  static Result<Listener> make(const Place& place);
  // Uses a socket that a service manager has created.
  explicit Listener(Fd socket) noexcept : socket_{std::move(socket)} {}

  Listener(Listener&& other) = default;
  Listener& operator=(Listener&&) = delete;
  ~Listener();

  int descriptor() const noexcept { return socket_.get(); }

  // Empty for a socket from a service manager.
  const std::string& path() const noexcept { return place_.path; }
  // Whether the socket's file is still at the path. Always true for a socket from a service
  // manager.
  bool is_in_place() const noexcept;
  // Creates the socket again at its path. After an error the old socket still listens.
  Result<void> renew();

 private:
  explicit Listener(Place place) : place_{std::move(place)} {}
  Result<void> take_file(const std::string& name);

  Place place_;
  Fd socket_;
  Fd lock_;
  Fd directory_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace scache::standalone

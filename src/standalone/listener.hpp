#pragma once

#include <sys/types.h>

#include <string>
#include <utility>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace scache::standalone {

// Where a server listens, and who may come there. An owner or a group of -1 is left as it is.
struct Place {
  std::string path;
  uid_t owner = static_cast<uid_t>(-1);
  gid_t group = static_cast<gid_t>(-1);
  mode_t mode = 0600;
};

// Listener is a listening UNIX-domain socket that does not block. The file of one that it has made
// is removed with it, if it is still there. See the source file for how two servers keep apart.
class Listener {
 public:
  // Connections that wait to be accepted: more than clients of a busy machine come at once.
  static constexpr int kBacklog = 511;

  // Whether a socket can have this path at all.
  static Result<void> check(const std::string& path);
  // Makes a socket, and its directory (mode 0700) where that is missing. Root's is made only where
  // nobody else can replace it (standalone/socket_directory).
  static Result<Listener> make(const Place& place);
  // One that somebody else has made and keeps.
  explicit Listener(Fd socket) noexcept : socket_{std::move(socket)} {}

  Listener(Listener&& other) = default;
  Listener& operator=(Listener&&) = delete;
  ~Listener();

  int descriptor() const noexcept { return socket_.get(); }

  // Empty for one that somebody else keeps.
  const std::string& path() const noexcept { return place_.path; }
  // Whether clients find it: its file may have been removed or replaced. Always true for one that
  // somebody else keeps.
  bool is_in_place() const noexcept;
  // Makes the socket anew at its path. After an error the old one goes on listening.
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

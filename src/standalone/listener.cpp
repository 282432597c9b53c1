// SPDX-License-Identifier: Apache-2.0
#include "standalone/listener.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>

#include "standalone/socket_directory.hpp"

// A lock file beside the socket keeps two servers apart: a server holds its lock until it exits.
// The server that has the lock examines the socket. If no process listens on it, a killed server
// has left it behind, and this server replaces it. Otherwise another program or a service manager
// uses the path, and this server fails.
//
// A server that exits removes the lock file before it releases the lock. A server that has opened
// the file meanwhile finds that the file it has locked is no longer at the path, and tries again.

namespace scache::standalone {
namespace {

constexpr std::string_view kOccupied = "in use by another server";

std::unexpected<Error> fail(const std::string& path, std::string_view what) {
  return std::unexpected{Error{fmt::format("{}: {}", path, what)}};
}

std::unexpected<Error> fail_call(const std::string& path, std::string_view call) {
  return fail(path, fmt::format("{}: {}", call, std::strerror(errno)));
}

// Sets the umask of the process during its lifetime.
class Umask {
 public:
  explicit Umask(mode_t mask) noexcept : before_{::umask(mask)} {}
  Umask(const Umask&) = delete;
  Umask& operator=(const Umask&) = delete;
  ~Umask() { ::umask(before_); }

 private:
  mode_t before_;
};

// The status of a file in the directory; empty if it does not exist.
std::optional<struct stat> look(const Fd& directory, const std::string& name) {
  struct stat status{};
  if (::fstatat(directory.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return {};
  return status;
}

bool is_same(const struct stat& one, const struct stat& other) {
  return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

bool is_at(const Fd& directory, const std::string& name, const Fd& file) {
  const auto there = look(directory, name);
  struct stat here{};
  return there && ::fstat(file.get(), &here) == 0 && is_same(*there, here);
}

std::string lock_name(const std::string& name) {
  return name + ".lock";
}

Result<Fd> lock(const Fd& directory, const std::string& name, const std::string& path) {
  const std::string file_name = lock_name(name);
  const std::string shown = lock_name(path);
  for (;;) {
    constexpr int kFlags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    Fd file{::openat(directory.get(), file_name.c_str(), kFlags, 0600)};
    struct stat status{};
    if (!file || ::fstat(file.get(), &status) != 0) return fail_call(shown, "open");
    if (!S_ISREG(status.st_mode)) return fail(shown, "not a regular file");
    if (status.st_uid != ::geteuid() && status.st_uid != 0) {
      return fail(shown, fmt::format("belongs to user {}", status.st_uid));
    }
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return fail(path, kOccupied);
      return fail_call(shown, "flock");
    }
    if (is_at(directory, file_name, file)) return file;
  }
}

Fd make_socket() {
  return Fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
}

// Removes a socket on which no process listens.
Result<void> clear(const Fd& directory, const std::string& name, const std::string& path,
                   const sockaddr_un& address) {
  const auto status = look(directory, name);
  if (!status) {
    if (errno == ENOENT) return {};
    return fail_call(path, "stat");
  }
  if (!S_ISSOCK(status->st_mode)) return fail(path, "exists and is not a socket");
  const Fd probe = make_socket();
  if (!probe) return fail_call(path, "socket");
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  // EAGAIN: the backlog is full, so a process listens.
  if (::connect(probe.get(), generic, sizeof address) == 0 || errno == EAGAIN) {
    return fail(path, kOccupied);
  }
  if (errno != ECONNREFUSED) return fail_call(path, "connect");
  if (::unlinkat(directory.get(), name.c_str(), 0) != 0) return fail_call(path, "unlink");
  return {};
}

}  // namespace

Result<void> Listener::check(const std::string& path) {
  if (path.empty()) {
    return std::unexpected{
        Error{"no socket path: XDG_RUNTIME_DIR is not an absolute path, and neither "
              "--socket nor socket.path is set"}};
  }
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    return fail(path,
                fmt::format("the path is longer than {} bytes", sizeof(sockaddr_un::sun_path) - 1));
  }
  if (!path.starts_with('/')) return fail(path, "not an absolute path");
  return {};
}

Result<Listener> Listener::make(const Place& place) {
  if (const auto good = check(place.path); !good) return std::unexpected{good.error()};
  Listener made{place};
  const auto renewed = made.renew();
  if (!renewed) return std::unexpected{renewed.error()};
  return made;
}

Result<void> Listener::renew() {
  const std::string& path = place_.path;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  const auto slash = path.rfind('/');
  const std::string name = path.substr(slash + 1);

  const Umask own_alone{0077};
  auto directory = open_socket_directory(
      path.substr(0, slash), ::geteuid() == 0 ? Trust::checked : Trust::any, place_.owner);
  if (!directory) return std::unexpected{directory.error()};
  if (!lock_ || !is_at(*directory, lock_name(name), lock_)) {
    auto locked = lock(*directory, name, path);
    if (!locked) return std::unexpected{locked.error()};
    lock_ = std::move(*locked);
  }
  directory_ = std::move(*directory);
  if (const auto cleared = clear(directory_, name, path, address); !cleared) return cleared;

  Fd socket = make_socket();
  if (!socket) return fail_call(path, "socket");
  {
    const Umask mode{~place_.mode & 0777U};
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      return fail_call(path, "bind");
    }
  }
  if (const auto owned = take_file(name); !owned) return owned;
  if (::listen(socket.get(), kBacklog) != 0) return fail_call(path, "listen");
  socket_ = std::move(socket);
  return {};
}

// Records the file that bind(2) has created, and sets its owner.
Result<void> Listener::take_file(const std::string& name) {
  const Fd file{::openat(directory_.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)};
  struct stat status{};
  if (!file || ::fstat(file.get(), &status) != 0) return fail_call(place_.path, "open");
  // A hard link would be another socket of this user.
  if (!S_ISSOCK(status.st_mode) || status.st_uid != ::geteuid() || status.st_nlink != 1) {
    return fail(place_.path, "another process has replaced the socket");
  }
  device_ = status.st_dev;
  inode_ = status.st_ino;
  constexpr auto kSame = static_cast<uid_t>(-1);
  if ((place_.owner != kSame || place_.group != kSame) &&
      ::fchownat(file.get(), "", place_.owner, place_.group, AT_EMPTY_PATH) != 0) {
    return fail_call(place_.path, "chown");
  }
  return {};
}

bool Listener::is_in_place() const noexcept {
  if (!lock_) return true;
  struct stat status{};
  return ::lstat(place_.path.c_str(), &status) == 0 && status.st_dev == device_ &&
         status.st_ino == inode_;
}

Listener::~Listener() {
  if (!lock_) return;
  const std::string name = place_.path.substr(place_.path.rfind('/') + 1);
  struct stat status{};
  if (::fstatat(directory_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
      status.st_dev == device_ && status.st_ino == inode_) {
    ::unlinkat(directory_.get(), name.c_str(), 0);
  }
  if (is_at(directory_, lock_name(name), lock_)) {
    ::unlinkat(directory_.get(), lock_name(name).c_str(), 0);
  }
}

}  // namespace scache::standalone

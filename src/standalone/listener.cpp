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
#include <string_view>

// Two servers at one path: beside the socket lies a lock file, on which a server holds a lock for
// as long as it lives. Who has it may look at the socket file: if nobody answers there, it is one
// that a server has left behind when it was killed, and is replaced. If somebody does, he has taken
// another way there (socket activation, or another program), and is left alone.
//
// At the end the lock file is removed while it is locked. Whoever opened it before finds out, for
// the file that he then locks is not the one at the path any more, and opens again.

namespace scache::standalone {
namespace {

constexpr std::string_view kOccupied = "another server listens there";

std::unexpected<Error> fail(const std::string& path, std::string_view what) {
  return std::unexpected{Error{fmt::format("{}: {}", path, what)}};
}

std::unexpected<Error> fail_call(const std::string& path, std::string_view call) {
  return fail(path, fmt::format("{}: {}", call, std::strerror(errno)));
}

std::string lock_path(const std::string& path) {
  return path + ".lock";
}

Result<void> make_directory(const std::string& path) {
  const std::string directory = path.substr(0, path.rfind('/'));
  if (!directory.empty() && ::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    return fail_call(directory, "mkdir");
  }
  return {};
}

bool is_at(const std::string& path, int descriptor) {
  struct stat there{};
  struct stat here{};
  return ::stat(path.c_str(), &there) == 0 && ::fstat(descriptor, &here) == 0 &&
         there.st_dev == here.st_dev && there.st_ino == here.st_ino;
}

Result<Fd> lock(const std::string& path) {
  for (;;) {
    const std::string name = lock_path(path);
    Fd file{::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (!file) return fail_call(name, "open");
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return fail(path, kOccupied);
      return fail_call(name, "flock");
    }
    if (is_at(name, file.get())) return file;
  }
}

Fd make_socket() {
  return Fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
}

// Removes a socket that nobody listens on any more.
Result<void> clear(const std::string& path, const sockaddr_un& address) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    return fail_call(path, "stat");
  }
  if (!S_ISSOCK(status.st_mode)) return fail(path, "there is something else than a socket");
  const Fd probe = make_socket();
  if (!probe) return fail_call(path, "socket");
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  // With a full backlog it fails as well, but then somebody listens.
  if (::connect(probe.get(), generic, sizeof address) == 0 || errno == EAGAIN) {
    return fail(path, kOccupied);
  }
  if (errno != ECONNREFUSED) return fail_call(path, "connect");
  if (::unlink(path.c_str()) != 0) return fail_call(path, "unlink");
  return {};
}

// A socket with the mode that it is to have before anybody can reach it.
Result<Fd> bind_at(const Place& place, const sockaddr_un& address) {
  Fd socket = make_socket();
  if (!socket) return fail_call(place.path, "socket");
  const mode_t before = ::umask(0177);
  const int bound =
      ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  ::umask(before);
  if (bound != 0) return fail_call(place.path, "bind");
  const auto undo = [&](std::string_view call) {
    auto failure = fail_call(place.path, call);
    ::unlink(place.path.c_str());
    return failure;
  };
  constexpr auto kSame = static_cast<uid_t>(-1);
  if ((place.owner != kSame || place.group != kSame) &&
      ::chown(place.path.c_str(), place.owner, place.group) != 0) {
    return undo("chown");
  }
  if (::chmod(place.path.c_str(), place.mode) != 0) return undo("chmod");
  if (::listen(socket.get(), Listener::kBacklog) != 0) return undo("listen");
  return socket;
}

}  // namespace

Result<Listener> Listener::make(const Place& place) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (place.path.empty()) {
    return std::unexpected{
        Error{"no path for a socket: XDG_RUNTIME_DIR is not set, and neither "
              "--socket nor socket.path"}};
  }
  if (place.path.size() >= sizeof address.sun_path) {
    return fail(place.path, fmt::format("longer than {} bytes", sizeof address.sun_path - 1));
  }
  std::memcpy(address.sun_path, place.path.data(), place.path.size());
  const auto directory = make_directory(place.path);
  if (!directory) return std::unexpected{directory.error()};
  auto locked = lock(place.path);
  if (!locked) return std::unexpected{locked.error()};
  const auto cleared = clear(place.path, address);
  if (!cleared) return std::unexpected{cleared.error()};
  auto socket = bind_at(place, address);
  if (!socket) return std::unexpected{socket.error()};
  return Listener{std::move(*socket), std::move(*locked), place.path};
}

Listener::Listener(Fd socket, Fd lock, std::string path) noexcept
    : socket_{std::move(socket)}, lock_{std::move(lock)}, path_{std::move(path)} {
  struct stat status{};
  if (::lstat(path_.c_str(), &status) != 0) return;
  device_ = status.st_dev;
  inode_ = status.st_ino;
}

Listener::~Listener() {
  if (!lock_) return;
  struct stat status{};
  if (::lstat(path_.c_str(), &status) == 0 && status.st_dev == device_ && status.st_ino == inode_) {
    ::unlink(path_.c_str());
  }
  ::unlink(lock_path(path_).c_str());
}

}  // namespace scache::standalone

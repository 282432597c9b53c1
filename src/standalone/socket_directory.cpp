// SPDX-License-Identifier: Apache-2.0
#include "standalone/socket_directory.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <iterator>
#include <ranges>
#include <string_view>
#include <utility>
#include <vector>

// The code opens each name of the path relative to the directory that it has checked before. So
// changes of the path by other users have no effect after the check.

namespace scache::standalone {
namespace {

constexpr int kFlags = O_PATH | O_CLOEXEC;
// The kernel's limit.
constexpr int kMaxLinks = 40;

std::unexpected<Error> fail(const std::string& path, std::string_view what) {
  return std::unexpected{Error{fmt::format("{}: {}", path, what)}};
}

std::unexpected<Error> fail_call(const std::string& path, std::string_view call) {
  return fail(path, fmt::format("{}: {}", call, std::strerror(errno)));
}

// The names of a path in reverse order.
std::vector<std::string> names_of(std::string_view path) {
  std::vector<std::string> names;
  for (const auto name : path | std::views::split('/')) {
    if (!std::ranges::empty(name)) names.emplace_back(std::string_view{name});
  }
  std::ranges::reverse(names);
  return names;
}

class Walk {
 public:
  Walk(const std::string& path, uid_t owner_of_socket)
      : path_{path},
        owner_of_socket_{owner_of_socket},
        rest_{names_of(path)},
        at_{::open("/", kFlags | O_DIRECTORY)} {}

  Result<Fd> go() {
    struct stat status{};
    if (!at_ || ::fstat(at_.get(), &status) != 0) return fail_call(path_, "open /");
    owner_of_root_ = status.st_uid;
    auto checked = check(status);
    while (checked && !rest_.empty()) checked = step();
    if (!checked) return std::unexpected{checked.error()};
    return std::move(at_);
  }

 private:
  Result<void> step() {
    const std::string name = std::move(rest_.back());
    rest_.pop_back();
    Fd next{::openat(at_.get(), name.c_str(), kFlags | O_NOFOLLOW)};
    if (!next && errno == ENOENT && rest_.empty()) {
      // EEXIST: another server has just created it.
      if (::mkdirat(at_.get(), name.c_str(), 0700) != 0 && errno != EEXIST) {
        return fail_call(path_, "mkdir");
      }
      next.reset(::openat(at_.get(), name.c_str(), kFlags | O_NOFOLLOW));
    }
    struct stat status{};
    if (!next || ::fstat(next.get(), &status) != 0) return fail_call(path_, "open");
    where_ = fmt::format("{}/{}", where_, name);
    if (S_ISLNK(status.st_mode)) return follow(next, status);
    if (!S_ISDIR(status.st_mode)) {
      errno = ENOTDIR;
      return fail_call(path_, "open");
    }
    at_ = std::move(next);
    return check(status);
  }

  Result<void> follow(const Fd& link, const struct stat& status) {
    if (!is_trusted(status.st_uid)) {
      return fail(path_, fmt::format("symbolic link {} belongs to user {}, who could change it",
                                     where_, status.st_uid));
    }
    std::array<char, PATH_MAX> target{};
    const auto size = ::readlinkat(link.get(), "", target.data(), target.size());
    if (size < 0) return fail_call(path_, "readlink");
    if (++links_ > kMaxLinks) {
      errno = ELOOP;
      return fail_call(path_, "open");
    }
    const std::string_view text{target.data(), static_cast<std::size_t>(size)};
    if (text.starts_with('/')) {
      at_.reset(::open("/", kFlags | O_DIRECTORY));
      where_.clear();
    } else {
      where_.erase(where_.rfind('/'));
    }
    std::ranges::move(names_of(text), std::back_inserter(rest_));
    return {};
  }

  bool is_trusted(uid_t owner) const {
    return owner == 0 || owner == ::geteuid() || owner == owner_of_root_;
  }

  Result<void> check(const struct stat& status) const {
    const std::string where = where_.empty() ? "/" : where_;
    // The owner of the socket could only replace the socket itself.
    const bool is_of_owner = rest_.empty() && status.st_uid == owner_of_socket_;
    if (!is_trusted(status.st_uid) && !is_of_owner) {
      return fail(
          path_, fmt::format("directory {} belongs to user {}, who could replace the socket", where,
                             status.st_uid));
    }
    if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0 && (status.st_mode & S_ISVTX) == 0) {
      return fail(path_,
                  fmt::format("directory {} is writable by other users (mode {:04o}), who could "
                              "replace the socket",
                              where, status.st_mode & 07777));
    }
    return {};
  }

  const std::string& path_;
  uid_t owner_of_socket_;
  std::vector<std::string> rest_;
  Fd at_;
  // The path of `at_` for errors.
  std::string where_;
  uid_t owner_of_root_ = 0;
  int links_ = 0;
};

}  // namespace

Result<Fd> open_socket_directory(const std::string& path, Trust trust, uid_t owner) {
  if (trust == Trust::checked) return Walk{path, owner}.go();
  const char* const name = path.empty() ? "/" : path.c_str();
  if (::mkdir(name, 0700) != 0 && errno != EEXIST) return fail_call(path, "mkdir");
  Fd directory{::open(name, kFlags | O_DIRECTORY)};
  if (!directory) return fail_call(path, "open");
  return directory;
}

}  // namespace scache::standalone

// SPDX-License-Identifier: Apache-2.0
#include "postfix/privileges.hpp"

#include <fmt/format.h>
#include <grp.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace scache::postfix {
namespace {

std::unexpected<Error> fail(std::string text) {
  return std::unexpected{Error{std::move(text)}};
}

std::unexpected<Error> fail_call(std::string_view call) {
  return fail(fmt::format("{}: {}", call, std::strerror(errno)));
}

}  // namespace

Result<void> enter_jail(const Jail& jail) {
  const char* directory = jail.queue_directory.c_str();
  if (::chdir(directory) != 0) return fail_call(fmt::format("chdir(\"{}\")", directory));

  const bool change_user = jail.owner && (::geteuid() == 0 || ::getuid() != jail.owner->uid ||
                                          ::getuid() != ::geteuid());
  if (change_user) {
    if (::setgid(jail.owner->gid) != 0)
      return fail_call(fmt::format("setgid({})", jail.owner->gid));
    if (::initgroups(jail.owner->name.c_str(), jail.owner->gid) != 0)
      return fail_call("initgroups");
  }
  if (jail.chroot) {
    if (::chroot(directory) != 0) return fail_call(fmt::format("chroot({})", directory));
    if (::chdir("/") != 0) return fail_call("chdir(/)");
  }
  if (change_user && ::setuid(jail.owner->uid) != 0)
    return fail_call(fmt::format("setuid({})", jail.owner->uid));
  return {};
}

}  // namespace scache::postfix

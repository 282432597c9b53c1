#include "postfix/privileges.hpp"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
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

Result<Account> find_mail_owner(const std::string& name, const std::string& main_cf) {
  const auto bad = [&](std::string_view what) {
    return fail(fmt::format("file {}: parameter mail_owner: {}", main_cf, what));
  };
  const passwd* entry = ::getpwnam(name.c_str());
  if (entry == nullptr) return bad(fmt::format("unknown user name value: {}", name));
  const Account account{name, entry->pw_uid, entry->pw_gid};
  if (account.uid == 0) return bad(fmt::format("user {} has privileged user ID", name));
  if (account.gid == 0) return bad(fmt::format("user {} has privileged group ID", name));
  entry = ::getpwuid(account.uid);
  if (entry != nullptr && name != entry->pw_name)
    return bad(fmt::format("user {} has same user ID as {}", name, entry->pw_name));
  return account;
}

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

Result<rlim_t> raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return fail_call("getrlimit(RLIMIT_NOFILE)");
  if (limit.rlim_cur != limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) return fail_call("setrlimit(RLIMIT_NOFILE)");
  }
  return limit.rlim_cur;
}

}  // namespace scache::postfix

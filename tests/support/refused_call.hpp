// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "support/rooms.hpp"

namespace scache::test {

// Makes a system call fail with `problem` in this process, by a seccomp filter. With `argument`,
// only if that argument is not zero. Returns false if filters are not available.
inline bool refuse_call(long call, int problem, int argument = -1) {
  const auto number = static_cast<std::uint32_t>(call);
  const auto refused = std::uint32_t{SECCOMP_RET_ERRNO} | static_cast<std::uint32_t>(problem);
  const auto offset = static_cast<std::uint32_t>(
      argument < 0 ? offsetof(seccomp_data, nr)
                   : offsetof(seccomp_data, args) + 8 * static_cast<unsigned>(argument));
  std::array<sock_filter, 6> filter{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 2),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, refused),
  }};
  sock_fprog program{.len = filter.size(), .filter = filter.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

}  // namespace scache::test

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <vector>

#include "base/fd.hpp"
#include "support/rooms.hpp"

namespace scache::test {

// Lowers the descriptor limit of the process to its open descriptors plus `more`.
class FewDescriptors {
 public:
  explicit FewDescriptors(int more) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    // A new descriptor gets the lowest free number: fill the gaps.
    int last = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    fillers_.emplace_back(last);
    while (last < 100) {
      last = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
      fillers_.emplace_back(last);
    }
    allow(more);
  }
  ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;

  // Sets the limit to the initial number plus `more`.
  void allow(int more) {
    rlimit lower = before_;
    lower.rlim_cur = static_cast<rlim_t>(fillers_.back().get() + 1 + more);
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &lower), 0);
  }

 private:
  rlimit before_{};
  std::vector<Fd> fillers_;
};

}  // namespace scache::test

#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <vector>

#include "base/fd.hpp"
#include "support/rooms.hpp"

namespace scache::test {

// Lowers the process's limit of descriptors to those that it has and `more`.
class FewDescriptors {
 public:
  explicit FewDescriptors(int more) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    // The lowest free number is what the next descriptor gets: fill the gaps below.
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

  // As many more than there were at the beginning.
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

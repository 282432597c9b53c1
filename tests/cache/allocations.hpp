// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "support/rooms.hpp"

namespace scache::test {

// Counts each operator new and delete of this test program. cache_memory_test.cpp defines them.
struct Allocations {
  std::size_t live = 0;
  std::size_t live_bytes = 0;
  std::size_t made = 0;
  std::size_t bytes = 0;
  // Counts down to the allocation that fails; 0 for none.
  std::size_t fail_in = 0;
};
extern constinit Allocations allocations;

// During its lifetime the nth allocation throws std::bad_alloc; later ones succeed.
class FailingAllocation {
 public:
  explicit FailingAllocation(std::size_t nth) { allocations.fail_in = nth; }
  ~FailingAllocation() { allocations.fail_in = 0; }
  FailingAllocation(const FailingAllocation&) = delete;
  FailingAllocation& operator=(const FailingAllocation&) = delete;
};

// During its lifetime all allocations succeed, for an observer that records changes.
class SureAllocation {
 public:
  SureAllocation() : fail_in_{allocations.fail_in} { allocations.fail_in = 0; }
  ~SureAllocation() { allocations.fail_in = fail_in_; }
  SureAllocation(const SureAllocation&) = delete;
  SureAllocation& operator=(const SureAllocation&) = delete;

 private:
  std::size_t fail_in_;
};

}  // namespace scache::test

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"

namespace scache::ctl {

// What a program has printed to standard output and to standard error, and its exit status; 128 and
// the number of the signal that has ended it.
struct Finished {
  std::string output;
  std::string errors;
  int status = 0;
};

// Runs a program, which is found by PATH, with an empty standard input, and waits for its end. An
// error if it cannot be started.
base::Result<Finished> run_program(const std::vector<std::string>& words);

}  // namespace scache::ctl

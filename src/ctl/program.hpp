// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "ctl/options.hpp"

namespace scache::ctl {

// Executes the program with the connection. Returns only on failure: an exit status, after an error
// on standard error. The connection's other descriptors are close-on-exec.
int become(const Program& program, const std::vector<std::string>& environment, int connection);

// Runs the program and waits for it. Returns its exit status, or 128 plus the signal that ended it.
// Forwards every signal that would end this process, except those that the terminal has sent to the
// program itself. If SIGKILL ends this process, the program ends too.
int run_program(const Program& program, const std::vector<std::string>& environment,
                int connection);

}  // namespace scache::ctl

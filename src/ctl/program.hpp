#pragma once

#include <string>
#include <vector>

#include "ctl/options.hpp"

namespace scache::ctl {

// Becomes the program, with the connection where it wants it. Comes back only where that fails:
// with an exit status, and the reason on standard error. The connection's other descriptors are
// close on exec.
int become(const Program& program, const std::vector<std::string>& environment, int connection);

// Runs the program and waits for its end: its exit status, or 128 and the signal that ended it.
// Meanwhile every signal that would end this process goes to the program, which has a terminal's
// from the terminal. If this process ends all the same, by SIGKILL, so does the program.
int run_program(const Program& program, const std::vector<std::string>& environment,
                int connection);

}  // namespace scache::ctl

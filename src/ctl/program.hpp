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
// SIGTERM and SIGHUP go to the program meanwhile; what a terminal sends, it has from there.
int run_program(const Program& program, const std::vector<std::string>& environment,
                int connection);

}  // namespace scache::ctl

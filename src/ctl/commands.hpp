// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <scache/client.hpp>

#include "ctl/options.hpp"
#include "ctl/report.hpp"

// The commands. Each prints its result to standard output and returns the exit status.
namespace scache::ctl {

// How a command prints its result.
struct Manner {
  bool json = false;
  bool verbose = false;
  // Whether standard output is a terminal, and whether to print colours.
  bool terminal = false;
  bool colours = false;
};

int execute(const PingCommand& ping, Client& cache, const Manner& manner);
int execute(const StatsCommand& stats, Client& cache, const Manner& manner);
int execute(const ListCommand& list, Client& cache, const Manner& manner);
int execute(const DropCommand& drop, Client& cache, const Manner& manner);
int execute(const SaveCommand& save, Client& cache, const Manner& manner);
int execute(const FindCommand& find, Client& cache, const Manner& manner);
int execute(const RunCommand& run, Client& cache, const Manner& manner);
// The cache is another one.
int execute(const PostfixCommand& postfix, Client& cache, const Manner& manner);

// Prints the error to standard error and returns its exit status.
int fail(const Error& error);

}  // namespace scache::ctl

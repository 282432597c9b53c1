#pragma once

#include <scache/client.hpp>

#include "ctl/options.hpp"
#include "ctl/report.hpp"

// The commands. Each says what it has to say on standard output, and answers the exit status.
namespace scache::ctl {

// How and to whom a command speaks.
struct Manner {
  bool json = false;
  bool verbose = false;
  // Whether standard output is a terminal, and may have colours.
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

// Says what went wrong on standard error; the exit status that belongs to it.
int fail(const Error& error);

}  // namespace scache::ctl

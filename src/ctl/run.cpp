// `find` and `run`: programs with connections of the cache.

#include <fmt/format.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "ctl/commands.hpp"
#include "ctl/complaint.hpp"
#include "ctl/connect.hpp"
#include "ctl/exit_status.hpp"
#include "ctl/program.hpp"
#include "ctl/ucspi.hpp"

namespace scache::ctl {
namespace {

// How many connections are looked at that their peers have ended, or said something on, before it
// is enough.
constexpr int kMaxStale = 64;

// A cached connection that can be used, blocking as programs expect it. What cannot be used is
// closed.
Result<Connection> find_reusable(Client& cache, bool by_destination, const std::string& name) {
  for (int tried = 0; tried < kMaxStale; ++tried) {
    auto found = by_destination ? cache.find_destination(name) : cache.find_endpoint(name);
    if (!found || !*found) return found;
    if (!is_reusable(found->descriptor.get())) continue;
    make_blocking(found->descriptor.get());
    return found;
  }
  return Connection{};
}

// A cache that is missing, or has no room, is no error here: it only costs a connection.
void remark(const Manner& manner, std::string_view what, std::string_view why) {
  if (manner.verbose) complain(fmt::format("{}: {}", what, why));
}

Result<Connection> found_or_new(const RunCommand& run, Client& cache, const Manner& manner) {
  auto found = find_reusable(cache, false, run.endpoint);
  if (found && *found) return found;
  if (!found) remark(manner, "a new connection", found.error().text);
  auto descriptor = connect_to(run.host, run.port, run.connect_timeout);
  if (!descriptor) return std::move(descriptor).error();
  return Connection{.descriptor = std::move(*descriptor), .endpoint = run.endpoint};
}

}  // namespace

int execute(const FindCommand& find, Client& cache, const Manner&) {
  const auto found = find_reusable(cache, find.by_destination, find.name);
  if (!found) return fail(found.error());
  if (!*found) return kNotFound;
  return become(find.program, connection_environment(environ, *found, {}), found->descriptor.get());
}

int execute(const RunCommand& run, Client& cache, const Manner& manner) {
  auto connection = found_or_new(run, cache, manner);
  if (!connection) {
    fail(connection.error());
    return kNotConnected;
  }
  if (run.properties) connection->endpoint_properties = *run.properties;
  const int descriptor = connection->descriptor.get();
  const int status =
      run_program(run.program, connection_environment(environ, *connection, run.host), descriptor);
  if (status != 0) return status;
  if (!is_reusable(descriptor)) {
    remark(manner, "not saved", "it is shut down, or something was left unread");
  } else if (const auto saved = cache.save(*connection, run.options); !saved) {
    remark(manner, "not saved", saved.error().text);
  }
  return status;
}

}  // namespace scache::ctl

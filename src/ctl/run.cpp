// SPDX-License-Identifier: Apache-2.0
// The commands `find` and `run`.

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

// The most connections with unread input or an end that one lookup closes.
constexpr int kMaxStale = 64;

// A reusable connection of the cache, in blocking mode as programs expect. Connections that are not
// reusable are closed.
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

// `run` works without a cache, so its errors are reported only with -v.
void remark(const Manner& manner, std::string_view what, std::string_view why) {
  if (manner.verbose) complain(fmt::format("{}: {}", what, why));
}

Result<Connection> found_or_new(const RunCommand& run, Client& cache, const Manner& manner) {
  auto found = find_reusable(cache, false, run.endpoint);
  if (found && *found) return found;
  if (!found && found.error().code == ErrorCode::denied) {
    // This does not change by itself.
    complain(fmt::format("the cache is not used: {}", found.error().text));
  } else if (!found) {
    remark(manner, "no cached connection", found.error().text);
  }
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
    remark(manner, "connection not saved", "it is shut down, or has unread input");
  } else if (const auto saved = cache.save(*connection, run.options); !saved) {
    remark(manner, "connection not saved", saved.error().text);
  }
  return status;
}

}  // namespace scache::ctl

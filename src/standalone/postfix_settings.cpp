// SPDX-License-Identifier: Apache-2.0
#include "standalone/postfix_settings.hpp"

#include <unistd.h>

#include <filesystem>

#include "main_cf/file.hpp"
#include "main_cf/host_name.hpp"
#include "main_cf/parameters.hpp"

namespace scache::standalone {
namespace {

constexpr const char* kService = "scache";

}  // namespace

Result<PostfixSettings> read_postfix_settings(const std::string& directory,
                                              const Accounts& accounts, Log& log) {
  const main_cf::Process process{.name = kService,
                                 .service_name = kService,
                                 .id = ::getpid(),
                                 .host_name = main_cf::own_host_name(),
                                 .config_directory = directory};
  main_cf::Settings settings = main_cf::initial_settings(process);
  // No pause for a file that was just written: clients would wait. postconf(1) replaces it whole.
  const auto loaded = main_cf::load_file(directory + "/main.cf", settings, log, {});
  if (!loaded) return std::unexpected{loaded.error()};
  auto parameters = main_cf::read_parameters(process, accounts, settings, log);
  if (!parameters) return std::unexpected{parameters.error()};
  const auto read = main_cf::read_cache_parameters(settings, log, *parameters);
  if (!read) return std::unexpected{read.error()};
  // Without a slash too many: it is compared with the path of a socket.
  const auto path = std::filesystem::path{parameters->queue_directory} / "private" / kService;
  return PostfixSettings{.socket = path.lexically_normal(),
                         .mail_owner = parameters->mail_owner,
                         .ttl_limit = parameters->connection_cache_ttl_limit,
                         .request_time = parameters->ipc_timeout,
                         .statistics_interval = parameters->connection_cache_status_update_time};
}

}  // namespace scache::standalone

// SPDX-License-Identifier: Apache-2.0
#include "standalone/postfix_settings.hpp"

#include <unistd.h>

#include <thread>

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
  // A file that was just written may be incomplete.
  const auto loaded = main_cf::load_file(directory + "/main.cf", settings, log, [] {
    std::this_thread::sleep_for(std::chrono::milliseconds{300});
  });
  if (!loaded) return std::unexpected{loaded.error()};
  auto parameters = main_cf::read_parameters(process, accounts, settings, log);
  if (!parameters) return std::unexpected{parameters.error()};
  const auto read = main_cf::read_cache_parameters(settings, log, *parameters);
  if (!read) return std::unexpected{read.error()};
  return PostfixSettings{.socket = parameters->queue_directory + "/private/" + kService,
                         .mail_owner = parameters->mail_owner,
                         .ttl_limit = parameters->connection_cache_ttl_limit,
                         .request_time = parameters->ipc_timeout,
                         .statistics_interval = parameters->connection_cache_status_update_time};
}

}  // namespace scache::standalone

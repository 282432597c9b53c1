// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "base/accounts.hpp"
#include "base/log.hpp"
#include "base/result.hpp"

namespace scache::standalone {

// What Postfix's main.cf says about the socket on which smtp(8) and lmtp(8) look for scache(8).
struct PostfixSettings {
  // The path of the socket, in queue_directory.
  std::string socket{};
  // The user of Postfix's processes.
  Account mail_owner{};
  // connection_cache_ttl_limit, ipc_timeout and connection_cache_status_update_time.
  std::chrono::seconds ttl_limit{};
  std::chrono::seconds request_time{};
  std::chrono::seconds statistics_interval{};
};

// Reads main.cf in a directory, as Postfix's programs do. Warnings go to the log.
Result<PostfixSettings> read_postfix_settings(const std::string& directory,
                                              const Accounts& accounts, Log& log);

}  // namespace scache::standalone

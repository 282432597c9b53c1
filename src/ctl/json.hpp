// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <scache/client.hpp>
#include <span>
#include <string>

// The output of --json: one line of JSON, with a newline. Names and properties are strings, or
// arrays of bytes if they are not UTF-8. Times are milliseconds.
namespace scache::ctl {

std::string json_of(std::span<const Statistic> statistics);
// Members `connections` and `bindings`, in the order of deadlines.
std::string json_of(std::span<const Entry> entries);
std::string json_of(const Dropped& dropped);
std::string json_of(const Saved& saved);
// The result of a ping: the server and the response time.
std::string json_of(const std::string& server, std::chrono::microseconds time);

}  // namespace scache::ctl

#pragma once

#include <chrono>
#include <scache/client.hpp>
#include <span>
#include <string>

// What scachectl says to programs: one line of JSON, with a newline. Names and properties are
// strings; where they are not UTF-8, lists of their bytes. Times are milliseconds.
namespace scache::ctl {

std::string json_of(std::span<const Statistic> statistics);
// Members `connections` and `bindings`, in the order of deadlines.
std::string json_of(std::span<const Entry> entries);
std::string json_of(const Dropped& dropped);
std::string json_of(const Saved& saved);
// Of a ping: who answered, and how soon.
std::string json_of(const std::string& server, std::chrono::microseconds time);

}  // namespace scache::ctl

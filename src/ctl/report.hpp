// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <scache/client.hpp>
#include <span>
#include <string>
#include <vector>

// The output of scachectl without --json.
namespace scache::ctl {

struct Style {
  bool colours = false;
  // Whether lists have a column of properties.
  bool properties = false;
};

// All counters at one time.
struct Sample {
  std::vector<Statistic> statistics{};
  std::chrono::steady_clock::time_point at{};
};

// One line for each counter; with a previous sample, also its change per second.
std::string statistics_report(const Sample& now, const Sample* before, const Style& style);

// A table of the connections and one of the bindings; an empty table is omitted. `user` returns
// the name of an owner.
std::string list_report(std::span<const Entry> entries, const Style& style,
                        const std::function<std::string(std::uint64_t)>& user);

std::string dropped_report(const Dropped& dropped);

}  // namespace scache::ctl

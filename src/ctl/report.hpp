#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <scache/client.hpp>
#include <span>
#include <string>
#include <vector>

// What scachectl says to people.
namespace scache::ctl {

// How it is said.
struct Style {
  bool colours = false;
  // Whether lists have a column of properties.
  bool properties = false;
};

// A sample of all counters, and when it was taken.
struct Sample {
  std::vector<Statistic> statistics{};
  std::chrono::steady_clock::time_point at{};
};

// One line for each counter; with the sample before, also how much it changes in a second.
std::string statistics_report(const Sample& now, const Sample* before, const Style& style);

// A table of the connections, and one of the bindings; nothing where there is neither. `user` names
// the owners.
std::string list_report(std::span<const Entry> entries, const Style& style,
                        const std::function<std::string(std::uint64_t)>& user);

std::string dropped_report(const Dropped& dropped);

}  // namespace scache::ctl

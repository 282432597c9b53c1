// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The line of scache in Postfix's master.cf, and its changes.
namespace scache::ctl {

// The words of a line: name, type, private, unprivileged, chroot, wakeup, process limit, and the
// command with its arguments.
using ServiceLine = std::vector<std::string>;
inline constexpr std::size_t kCommandWord = 7;

// The words of the output of `postconf -M scache/unix`; empty if there is no such line.
ServiceLine service_line(std::string_view text);

// A master.cf whose last comment with a line of scache has become that line again.
struct Uncommented {
  std::string text;
  ServiceLine line;
};
// None if there is no such comment.
std::optional<Uncommented> uncommented(std::string_view master_cf);

// Which server a line starts.
enum class Keeper {
  // Postfix's own.
  stock,
  // Another program of the name scache.
  scache,
  // None: master(8) does not listen.
  none,
};
Keeper keeper_of(const ServiceLine& line);

// The line with another command; its arguments stay.
ServiceLine with_command(ServiceLine line, std::string command);

// The argument of `postconf -M` that sets the line.
std::string setting_of(const ServiceLine& line);

}  // namespace scache::ctl

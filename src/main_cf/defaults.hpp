// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "base/rooms.hpp"

namespace scache::main_cf {

// The type of a parameter.
enum class Kind {
  reference,  // Not by this program: its default is known so that `$name` finds it.
  text,       // Any text.
  word,       // Text that may not be empty.
  number,     // A decimal number, at least one.
  boolean,    // "yes" or "no", in any case.
  time,       // A time of at least one second.
};

struct Default {
  std::string_view name;
  std::string_view value;  // As in main.cf.
  Kind kind = Kind::reference;
};

// The parameters that every program of Postfix reads, with Postfix's defaults, in Postfix's order.
// The order matters: `$name` in a value refers to the defaults of earlier parameters only.
std::span<const Default> defaults_before_host_name();
std::span<const Default> defaults_after_host_name();
// The parameters that this program reads after all others.
std::span<const Default> defaults_of_cache();

// The default of a parameter in these tables, or nothing.
const Default* find_default(std::string_view name);

}  // namespace scache::main_cf

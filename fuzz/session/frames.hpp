// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "rooms.hpp"

namespace scache::fuzz {

// Puts frames of the direct protocol in the place of their descriptions, which stand in braces:
//
//   {KIND!ID,FIELD,...}
//
// KIND is a letter: save, find, bind, drop, list, t for statistics, ping, cancel; any other byte is
// a kind of its own. A save has a descriptor's flag and others have none; with a `!` it is the
// other way round. ID is a number, perhaps none. A field is a letter and a value:
//
//   e  endpoint   d  destination   x  prefix   p  endpoint's properties   q  destination's
//   t  ttl        l  limit         w  what     g  target of a cancel      i  connection
//   u  uses       a  age           k  cursor; without a value, that of the last page
//   b  a binding of the destination that is its value, with properties and a ttl
//   B  a binding whose bytes are its value
//   z  an unknown field
//
// What is not closed, and what is outside of braces, stays as it is.
std::string with_frames(std::string_view text, std::string_view cursor);

}  // namespace scache::fuzz

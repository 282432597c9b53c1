// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/rooms.hpp"

// What tests share names what is in any room without a prefix.
namespace scache::test {

using namespace base;
using namespace cache;
using namespace wire;
using namespace io;
using namespace health;
using namespace server;
using namespace main_cf;
using namespace postfix;
using namespace standalone;
using namespace client;
using namespace ctl;

}  // namespace scache::test

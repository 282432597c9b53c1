// SPDX-License-Identifier: Apache-2.0
#pragma once

// The namespaces of the rooms. Code of a room names what is in the rooms that it may use
// (src/rooms.txt) without a prefix. Every header of base includes this file.
namespace scache {

namespace base {}
namespace cache {
using namespace base;
}
namespace wire {
using namespace base;
}
namespace io {
using namespace base;
}
namespace health {
using namespace base;
using namespace cache;
using namespace io;
}  // namespace health
namespace server {
using namespace base;
using namespace cache;
using namespace wire;
using namespace io;
using namespace health;
}  // namespace server
namespace main_cf {
using namespace base;
}
namespace postfix {
using namespace base;
using namespace main_cf;
}  // namespace postfix
namespace standalone {
using namespace base;
using namespace cache;
using namespace wire;
using namespace io;
using namespace health;
using namespace server;
using namespace main_cf;
}  // namespace standalone
namespace client {
using namespace base;
using namespace wire;
using namespace io;
}  // namespace client
namespace ctl {
using namespace base;
using namespace client;
}  // namespace ctl

}  // namespace scache

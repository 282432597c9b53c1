// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ctl/options.hpp"

namespace scache::ctl {

// Says which server keeps the connections of a Postfix, or changes it by
// postconf(1). It prints each command first, and runs it only with --yes. If postfix(1) finds the
// new configuration wrong, master.cf becomes what it was. Returns the exit status.
int choose_server(const PostfixCommand& command);

}  // namespace scache::ctl

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/recording_log.hpp"
#include "support/scratch.hpp"

namespace scache::postfix {

using test::arrived;
using test::bound_socket;
using test::in_child;
using test::Lines;
using test::RecordingLog;
using test::ScratchDirectory;

}  // namespace scache::postfix

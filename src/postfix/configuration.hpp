// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.hpp"
#include "main_cf/parameters.hpp"
#include "postfix/environment.hpp"
#include "postfix/mail_log.hpp"
#include "postfix/options.hpp"

namespace scache::postfix {

// Reads main.cf, applies the options, and redirects the log, step by step and in Postfix's order,
// so that each error is logged where Postfix would log it. `understood` is the result of parsing
// the options. Pauses for a moment if main.cf was just written.
Result<main_cf::Parameters> configure(const Options& options, const Result<void>& understood,
                                      const Environment& environment, MailLog& log);

}  // namespace scache::postfix

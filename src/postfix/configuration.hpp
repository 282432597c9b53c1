#pragma once

#include "base/result.hpp"
#include "main_cf/parameters.hpp"
#include "postfix/environment.hpp"
#include "postfix/mail_log.hpp"
#include "postfix/options.hpp"

namespace scache::postfix {

// Reads main.cf with the options over it, and moves the log to where it says, step by step and in
// Postfix's order, so that each error is logged where people look for it. `understood` is what came
// of reading the options. May pause for a moment when main.cf was just written.
Result<main_cf::Parameters> configure(const Options& options, const Result<void>& understood,
                                      const Environment& environment, MailLog& log);

}  // namespace scache::postfix

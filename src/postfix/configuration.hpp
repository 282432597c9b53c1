#pragma once

#include "base/result.hpp"
#include "postfix/environment.hpp"
#include "postfix/mail_log.hpp"
#include "postfix/options.hpp"
#include "postfix/parameters.hpp"

namespace scache::postfix {

// Reads main.cf with the options over it, and moves the log to where it says, step by step, so that
// each error is logged where people look for it. May pause for a moment when main.cf was just
// written.
Result<Parameters> configure(const Options& options, const Environment& environment, MailLog& log);

}  // namespace scache::postfix

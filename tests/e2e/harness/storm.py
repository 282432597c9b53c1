# SPDX-License-Identifier: Apache-2.0
"""Signals that do nothing to a server."""

import signal

# The manuals do not name them, and their default is not to end a process, or the server ignores
# them.
HARMLESS = (
    signal.SIGPIPE,
    signal.SIGXFSZ,
    signal.SIGCHLD,
    signal.SIGCONT,
    signal.SIGURG,
    signal.SIGWINCH,
)

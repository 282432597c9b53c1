# SPDX-License-Identifier: Apache-2.0
"""Log lines that follow a rule."""

from __future__ import annotations

from harness import differences

_READING = "scache socket while reading input attribute"


def broken_off(sent: bytes, end: str) -> list[str]:
    """The lines on a stream that ends, or falls silent, after these bytes of one request.

    `end` is what is said of the end where it falls between two strings. Within a string the
    stock server tells no time limit from an end. Right after the request's name it says nothing
    of either.
    """
    strings = sent.split(b"\0")
    part = "value" if len(strings) % 2 == 0 else "name"
    lines = []
    if strings[-1]:
        lines.append(f"warning: unexpected end-of-input from {_READING} {part}")
    elif len(strings) != 3:
        lines.append(f"warning: {end} on {_READING} {part}")
    if len(strings) > 2:
        service = f"scache_{strings[1].decode()}_service"
        lines.append(f"warning: {service}: bad or missing request parameter")
    return lines


def no_error() -> list[str]:
    """What may stand where a line names a system's error and there was none."""
    reasons: list[str] = differences.expected("left-over-error")["reasons"]
    return reasons

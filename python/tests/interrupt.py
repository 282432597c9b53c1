# SPDX-License-Identifier: Apache-2.0
"""Raises exceptions at a chosen bytecode, as signal handlers do."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from types import CodeType, FrameType
from typing import Any

import scache

PACKAGE = os.path.dirname(scache.__file__)


class Interrupted(Exception):
    """The exception of the handler."""


def interrupt(work: Callable[[], object], number: int, also: tuple[str, ...] = ()) -> bool:
    """Does the work, and raises before that bytecode of the package and of these other files.

    Whether there is such a bytecode. Within a finalizer Python itself drops the exception.
    """
    left = number
    raised = False

    def concerns(code: CodeType) -> bool:
        return code.co_filename.startswith(PACKAGE) or code.co_filename.endswith(also or ("\0",))

    def count() -> None:
        nonlocal left, raised
        if raised:
            return
        if left == 0:
            raised = True
            raise Interrupted
        left -= 1

    watch = _monitor if sys.version_info >= (3, 12) else _trace
    with quiet(), watch(concerns, count) as stop:
        try:
            work()
        except Interrupted as interruption:
            stop()
            let_go(interruption)
    return raised


@contextlib.contextmanager
def _trace(
    concerns: Callable[[CodeType], bool], count: Callable[[], None]
) -> Iterator[Callable[[], None]]:
    """Counts before each bytecode of such code, until what it yields is called."""

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        frame.f_trace_lines = False
        frame.f_trace_opcodes = True
        if not concerns(frame.f_code):
            return None
        if event == "opcode":
            count()
        return trace

    sys.settrace(trace)
    try:
        yield lambda: sys.settrace(None)
    finally:
        sys.settrace(None)


@contextlib.contextmanager
def _monitor(
    concerns: Callable[[CodeType], bool], count: Callable[[], None]
) -> Iterator[Callable[[], None]]:
    """The same since CPython 3.12, which traces no bytecodes of a function's first call."""
    monitoring: Any = vars(sys)["monitoring"]
    tool = monitoring.DEBUGGER_ID
    every = monitoring.events.INSTRUCTION

    def before(code: CodeType, _: int) -> Any:
        if not concerns(code):
            return monitoring.DISABLE
        count()
        return None

    monitoring.use_tool_id(tool, __name__)
    monitoring.register_callback(tool, every, before)
    monitoring.set_events(tool, every)
    try:
        yield lambda: monitoring.set_events(tool, 0)
    finally:
        monitoring.set_events(tool, 0)
        monitoring.free_tool_id(tool)


def let_go(problem: BaseException | None) -> None:
    """Drops what the frames of an exception hold, as its own end does.

    CPython 3.11 keeps a frame for ever whose trace function raises where a handler begins.
    """
    while problem is not None:
        traceback.clear_frames(problem.__traceback__)
        problem = problem.__context__


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Ignores exceptions of finalizers."""
    hook, sys.unraisablehook = sys.unraisablehook, lambda _: None
    try:
        yield
    finally:
        sys.unraisablehook = hook


def everywhere(work: Callable[[], object], also: tuple[str, ...] = ()) -> Iterator[int]:
    """Interrupts the work at each of its bytecodes in turn."""
    number = 0
    while interrupt(work, number, also):
        yield number
        number += 1

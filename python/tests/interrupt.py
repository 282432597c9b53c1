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

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left, raised
        frame.f_trace_lines = False
        frame.f_trace_opcodes = True
        if not concerns(frame.f_code):
            return None
        if event == "opcode" and not raised:
            if left == 0:
                raised = True
                raise Interrupted
            left -= 1
        return trace

    with quiet():
        sys.settrace(trace)
        try:
            work()
        except Interrupted as interruption:
            sys.settrace(None)
            let_go(interruption)
        finally:
            sys.settrace(None)
    return raised


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

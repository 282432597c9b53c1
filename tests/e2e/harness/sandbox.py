# SPDX-License-Identifier: Apache-2.0
"""Runs a command under a seccomp filter: `python3 sandbox.py CALL ARGUMENT -- COMMAND`.

The system call with number CALL fails with EPERM; with an ARGUMENT of 0 to 5 only where that
argument is not zero, else the word is `-`.
"""

import ctypes
import os
import struct
import sys

_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _EPERM, _ASK = 0x7FFF0000, 0x00050001, 0x7FC00000
_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2

_Instruction = tuple[int, int, int, int]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def _refusing(call: int, argument: int | None) -> list[_Instruction]:
    offset = 0 if argument is None else 16 + 8 * argument
    return [
        (_LOAD, 0, 0, 0),
        (_EQUAL, 0, 2, call),
        (_LOAD, 0, 0, offset),
        (_EQUAL, 0, 1, 0),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _EPERM),
    ]


def asking(call: int) -> list[_Instruction]:
    """Another process decides about the system call."""
    return [
        (_LOAD, 0, 0, 0),
        (_EQUAL, 0, 1, call),
        (_RETURN, 0, 0, _ASK),
        (_RETURN, 0, 0, _ALLOW),
    ]


def program(instructions: list[_Instruction]) -> object:
    """A filter, as an argument of a system call."""
    packed = b"".join(struct.pack("HBBI", *each) for each in instructions)
    code = ctypes.create_string_buffer(packed)
    made = _Program(len(instructions), ctypes.addressof(code))
    # It lives as long as what refers to it.
    made.code = code  # type: ignore[attr-defined]
    return ctypes.pointer(made)


def refuse(call: int, argument: int | None) -> None:
    """Makes the system call fail in this process from now on."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    filtering = (_SECCOMP, _FILTER, program(_refusing(call, argument)), 0, 0)
    for words in ((_NO_NEW_PRIVILEGES, 1, 0, 0, 0), filtering):
        if prctl(*words) != 0:
            raise OSError(ctypes.get_errno(), "prctl")


if __name__ == "__main__":
    number, where, dashes, *command = sys.argv[1:]
    assert dashes == "--"
    refuse(int(number), None if where == "-" else int(where))
    os.execv(command[0], command)

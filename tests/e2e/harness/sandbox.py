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
_ALLOW, _EPERM = 0x7FFF0000, 0x00050001
_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def refuse(call: int, argument: int | None) -> None:
    """Makes the system call fail in this process from now on."""
    offset = 0 if argument is None else 16 + 8 * argument
    filter_ = [
        (_LOAD, 0, 0, 0),
        (_EQUAL, 0, 2, call),
        (_LOAD, 0, 0, offset),
        (_EQUAL, 0, 1, 0),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _EPERM),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in filter_))
    program = _Program(len(filter_), ctypes.addressof(code))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    for words in ((_NO_NEW_PRIVILEGES, 1, 0, 0, 0), (_SECCOMP, _FILTER, ctypes.byref(program), 0, 0)):
        if prctl(*words) != 0:
            raise OSError(ctypes.get_errno(), "prctl")


if __name__ == "__main__":
    number, where, dashes, *command = sys.argv[1:]
    assert dashes == "--"
    refuse(int(number), None if where == "-" else int(where))
    os.execv(command[0], command)

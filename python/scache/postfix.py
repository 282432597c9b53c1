# SPDX-License-Identifier: Apache-2.0
"""Sessions of the Postfix protocol (docs/protocol.md, part one), which every server supports.

It has find, save and bind only. Names and properties cannot contain NUL bytes, times are in whole
seconds, and the server returns neither a connection's history nor the reason of a refusal.
"""

from __future__ import annotations

import _socket
import contextlib
from typing import NoReturn

from scache import attributes
from scache.connection import Connection, Dropped, Saved
from scache.deadline import Deadline
from scache.descriptors import usable
from scache.entries import Entry
from scache.errors import Code, Error, ProtocolError, Refused, ServerMissing, Unsupported
from scache.frames import Tag
from scache.requests import Bind, Save, whole_seconds
from scache.session import Session, read_list

_DUMMY = (b"dummy", b"")
# The largest number of the protocol; the server's limit for a ttl is lower.
_LONGEST_TTL = 2**31 - 1
_OK, _BAD, _FAILED = b"0", b"1", b"2"


class PostfixSession(Session):
    """Postfix's descriptor passing requires the lists with the attribute `dummy`."""

    def find(
        self, by: Tag, name: bytes, room: _socket.socket, deadline: Deadline
    ) -> Connection | None:
        request, answers = (b"find_endp", 1) if by == Tag.ENDPOINT else (b"find_dest", 2)
        self._send((b"request", request), (b"label", name), deadline=deadline)
        answer = read_list(self.stream, deadline)
        if [known for known, _ in answer] != [b"status"] + [b"property"] * answers:
            raise _unknown(answer)
        status, *properties = [value for _, value in answer]
        if status == _FAILED:
            return None
        _check(status, answer)
        self._send(_DUMMY, deadline=deadline)
        is_socket = self._take_descriptor(room, deadline)
        # The server needs no confirmation: the connection belongs to this client already.
        with contextlib.suppress(ServerMissing):
            self._send(_DUMMY, deadline=deadline)
        if not is_socket:
            raise Unsupported("the connection that was found is not a socket")
        sock = usable(room)
        if by == Tag.ENDPOINT:
            return Connection(sock, name, (properties[0], b""), None)
        return Connection(sock, None, (properties[1], properties[0]), None)

    def save(self, save: Save, deadline: Deadline) -> Saved:
        # Bindings first: then the connection can be found by destination at once, and a failure
        # before leaves no save in doubt.
        kept = sum(self._kept(binding, deadline) for binding in save.bindings)
        self._send(
            (b"request", b"save_endp"),
            (b"ttl", _ttl(save.ttl)),
            (b"label", save.endpoint),
            (b"property", save.properties),
            deadline=deadline,
        )
        answer = read_list(self.stream, deadline)
        if answer != [_DUMMY]:
            _check_status(answer)
            raise _unknown(answer)
        self.stream.send(b"\0", deadline, save.offer)
        try:
            answer = read_list(self.stream, deadline)
        except Error as problem:
            problem.in_doubt = True
            raise
        _check_status(answer)
        return Saved(None, kept)

    def bind(self, bind: Bind, deadline: Deadline) -> bool | None:
        self._send(
            (b"request", b"save_dest"),
            (b"ttl", _ttl(bind.ttl)),
            (b"label", bind.destination),
            (b"property", bind.properties),
            (b"label", bind.endpoint),
            deadline=deadline,
        )
        _check_status(read_list(self.stream, deadline))
        return None

    def drop(self, by: Tag, name: bytes, deadline: Deadline) -> Dropped:
        _cannot("drop")

    def page(
        self, what: int, prefix: bytes, cursor: bytes | None, deadline: Deadline
    ) -> tuple[list[Entry], bytes | None]:
        _cannot("list")

    def statistics(self, deadline: Deadline) -> dict[str, int]:
        _cannot("statistics")

    def ping(self, deadline: Deadline) -> str:
        # There is no such request. The greeting of a new stream shows that the server answers.
        if self.is_old:
            raise ServerMissing("the check needs a new stream")
        return ""

    def _kept(self, bind: Bind, deadline: Deadline) -> bool:
        try:
            self.bind(bind, deadline)
        except Refused as problem:
            if problem.code == Code.UNKNOWN:
                return False
            raise
        return True

    def _send(self, *pairs: attributes.Pair, deadline: Deadline) -> None:
        try:
            data = attributes.encode(*pairs)
        except ValueError as problem:
            raise _unsupported(str(problem)) from None
        if len(data) > attributes.MAX_SIZE:
            text = f"the request of {len(data)} bytes exceeds the maximum size of a request"
            raise Refused(Code.TOO_LARGE, text)
        self.stream.send(data, deadline)

    def _take_descriptor(self, room: _socket.socket, deadline: Deadline) -> bool:
        while not self.stream.front():
            self.stream.receive(deadline, room)
        self.stream.take(1)
        self.stream.expect_end(descriptors=1)
        return self.stream.take_descriptor(room)


def _ttl(ttl: float | None) -> bytes:
    return b"%d" % whole_seconds(ttl, _LONGEST_TTL)


def _check_status(answer: list[attributes.Pair]) -> None:
    if [name for name, _ in answer] != [b"status"]:
        raise _unknown(answer)
    _check(answer[0][1], answer)


def _check(status: bytes, answer: list[attributes.Pair]) -> None:
    if status == _BAD:
        raise Refused(Code.MALFORMED)
    if status == _FAILED:
        raise Refused(Code.UNKNOWN, "the server refused the request without a reason")
    if status != _OK:
        raise _unknown(answer)


def _unknown(answer: list[attributes.Pair]) -> ProtocolError:
    return ProtocolError(f"the server violated the Postfix protocol: {answer!r:.200}")


def _unsupported(what: str) -> Unsupported:
    return Unsupported(
        f"the stream to the server uses the Postfix protocol, which does not support {what}"
    )


def _cannot(what: str) -> NoReturn:
    raise _unsupported(what)

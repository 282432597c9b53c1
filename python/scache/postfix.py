"""Postfix's way (docs/protocol.md, part one), which every server knows, Postfix's own too.

It finds and saves, and no more; names and properties hold any byte but NUL, times are whole
seconds, and the server tells neither a connection's history nor why it refuses something.
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
# The server's limit of a ttl is lower; this is what its number holds.
_LONGEST_TTL = 2**31 - 1
_OK, _BAD, _FAILED = b"0", b"1", b"2"


class PostfixSession(Session):
    """The dummies are what Postfix's descriptor passing waits for."""

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
        # Nobody waits for this one, and the connection is ours whatever becomes of it.
        with contextlib.suppress(ServerMissing):
            self._send(_DUMMY, deadline=deadline)
        if not is_socket:
            raise Unsupported("what was found is no socket")
        sock = usable(room)
        if by == Tag.ENDPOINT:
            return Connection(sock, name, (properties[0], b""), None)
        return Connection(sock, None, (properties[1], properties[0]), None)

    def save(self, save: Save, deadline: Deadline) -> Saved:
        # The connection last: it is found in every way as soon as it is there, and until then
        # nothing is in doubt.
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
        _cannot("tell statistics")

    def ping(self, deadline: Deadline) -> str:
        # There is no such request. That the server greets a new stream is answer enough.
        if self.is_old:
            raise ServerMissing("a stream of earlier calls is not greeted again")
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
            raise Unsupported(f"Postfix's way cannot send {problem}") from None
        if len(data) > attributes.MAX_SIZE:
            raise Refused(Code.TOO_LARGE, f"a request of {len(data)} bytes")
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
        raise Refused(Code.UNKNOWN, "the server could not do it")
    if status != _OK:
        raise _unknown(answer)


def _unknown(answer: list[attributes.Pair]) -> ProtocolError:
    return ProtocolError(f"an answer that Postfix's way does not know: {answer!r:.200}")


def _cannot(what: str) -> NoReturn:
    raise Unsupported(f"a server that is spoken to in Postfix's way cannot {what}")

# SPDX-License-Identifier: Apache-2.0
"""Sessions of the direct protocol (docs/protocol.md, part two)."""

from __future__ import annotations

import _socket
from collections.abc import Iterator

from scache import attributes, frames
from scache.connection import Connection, Dropped, History, Saved
from scache.deadline import Deadline
from scache.descriptors import Offer, usable
from scache.entries import Entry, entry
from scache.errors import Code, Error, ProtocolError, Refused, Unsupported
from scache.frames import Fields, Frame, Kind, Tag, Value
from scache.requests import Bind, Save, whole_milliseconds
from scache.session import Session, read_list
from scache.stream import Stream

_VERSION = b"1"
_REPLY = 128
_BAD = [(b"status", b"1")]
_ENTRIES_IN_A_PAGE = 256
# Milliseconds that every client can represent.
_LONGEST_AGE = 2**63 - 1


def ask(stream: Stream, deadline: Deadline) -> DirectSession | None:
    """Requests the direct protocol after the greeting. Returns None if the server refuses it."""
    stream.send(attributes.encode((b"request", b"direct"), (b"version", _VERSION)), deadline)
    answer = read_list(stream, deadline)
    if answer == _BAD:
        return None
    told = dict(answer)
    if told.get(b"status") != b"0" or told.get(b"version") != _VERSION:
        raise ProtocolError(f"the server violated the direct protocol: {answer!r:.200}")
    return DirectSession(stream, told.get(b"capabilities", b""))


class DirectSession(Session):
    """A session that knows the server's capabilities."""

    def __init__(self, stream: Stream, capabilities: bytes) -> None:
        super().__init__(stream)
        self._capabilities = frozenset(capabilities.decode("ascii", "replace").split())
        self._id = 0

    def find(
        self, by: Tag, name: bytes, room: _socket.socket, deadline: Deadline
    ) -> Connection | None:
        answer = self._ask(Kind.FIND, [(by, name)], deadline, room=room)
        if not answer.descriptor:
            return None
        reply = answer.fields
        history = History(
            id=reply.number(Tag.CONNECTION),
            uses=reply.number(Tag.USES),
            age=reply.number(Tag.AGE) / 1000,
            idle=reply.number(Tag.IDLE) / 1000,
        )
        properties = (
            reply.octets(Tag.ENDPOINT_PROPERTIES),
            reply.octets(Tag.DESTINATION_PROPERTIES),
        )
        return Connection(usable(room), reply.octets(Tag.ENDPOINT), properties, history)

    def save(self, save: Save, deadline: Deadline) -> Saved:
        fields: list[tuple[int, Value]] = [
            (Tag.ENDPOINT, save.endpoint),
            *_if_any(Tag.ENDPOINT_PROPERTIES, save.properties),
            *_ttl(save.ttl),
        ]
        if save.allow_input:
            fields.append((Tag.ALLOW_INPUT, 1))
        if save.history:
            age = min(max(0, round(save.history.age * 1000)), _LONGEST_AGE)
            fields += [
                (Tag.CONNECTION, save.history.id),
                (Tag.USES, save.history.uses),
                (Tag.AGE, age),
            ]
        fields += [(Tag.BINDING, Fields(_bound(binding))) for binding in save.bindings]
        reply = self._ask(Kind.SAVE, fields, deadline, offer=save.offer).fields
        return Saved(reply.number(Tag.CONNECTION), reply.number(Tag.BINDINGS))

    def bind(self, bind: Bind, deadline: Deadline) -> bool | None:
        fields: list[tuple[int, Value]] = [(Tag.ENDPOINT, bind.endpoint), *_bound(bind)]
        reply = self._ask(Kind.BIND, fields, deadline).fields
        return reply.number(Tag.RENEWED) != 0

    def drop(self, by: Tag, name: bytes, deadline: Deadline) -> Dropped:
        reply = self._ask(Kind.DROP, [(by, name)], deadline).fields
        return Dropped(reply.number(Tag.CONNECTIONS), reply.number(Tag.BINDINGS))

    def page(
        self, what: int, prefix: bytes, cursor: bytes | None, deadline: Deadline
    ) -> tuple[list[Entry], bytes | None]:
        fields: list[tuple[int, Value]] = [
            (Tag.WHAT, what),
            (Tag.PREFIX, prefix),
            (Tag.LIMIT, _ENTRIES_IN_A_PAGE),
        ]
        if cursor is not None:
            fields.append((Tag.CURSOR, cursor))
        reply = self._ask(Kind.LIST, fields, deadline).fields
        goes_on = reply.octets(Tag.CURSOR) if Tag.CURSOR in reply else None
        return [entry(each) for each in reply.lists(Tag.ENTRY)], goes_on

    def statistics(self, deadline: Deadline) -> dict[str, int]:
        reply = self._ask(Kind.STATISTICS, [], deadline).fields
        told = reply.lists(Tag.STATISTIC)
        return {_text(each.octets(Tag.NAME)): each.number(Tag.VALUE) for each in told}

    def ping(self, deadline: Deadline) -> str:
        reply = self._ask(Kind.PING, [], deadline).fields
        return _text(reply.octets(Tag.SERVER))

    def _ask(
        self,
        kind: Kind,
        fields: list[tuple[int, Value]],
        deadline: Deadline,
        *,
        offer: Offer | None = None,
        room: _socket.socket | None = None,
    ) -> Frame:
        """Sends a request and returns the reply. A descriptor is moved to `room`."""
        if kind.name.lower() not in self._capabilities:
            raise Unsupported(f"the server does not support {kind.name.lower()}")
        self._id += 1
        request = Frame(kind, self._id, Fields(fields), offer is not None)
        data = frames.encode(request)
        if len(data) > frames.MAX_SIZE:
            text = f"the request of {len(data)} bytes exceeds the maximum size of a frame"
            raise Refused(Code.TOO_LARGE, text)
        # The server does not execute an incomplete request.
        self.stream.send(data, deadline, offer)
        try:
            reply = self._hear(request, deadline, room)
        except Error as problem:
            problem.in_doubt = True
            raise
        if reply.kind == Kind.ERROR:
            raise Refused(reply.fields.number(Tag.CODE), _text(reply.fields.octets(Tag.TEXT)))
        if room and reply.descriptor and not self.stream.take_descriptor(room):
            raise Unsupported("the connection that was found is not a socket")
        return reply

    def _hear(self, request: Frame, deadline: Deadline, room: _socket.socket | None) -> Frame:
        """Receives the reply, which may be an error. Its descriptor is the next one."""
        while not (size := frames.size(self.stream.front())) or len(self.stream.front()) < size:
            self.stream.receive(deadline, room)
        reply = frames.decode(self.stream.take(size))
        if reply.id != request.id or reply.kind not in (request.kind | _REPLY, Kind.ERROR):
            raise ProtocolError(f"unexpected reply {reply.kind} with id {reply.id}")
        self.stream.expect_end(descriptors=int(reply.descriptor))
        return reply


def _if_any(tag: Tag, value: bytes) -> Iterator[tuple[int, Value]]:
    if value:
        yield tag, value


def _ttl(ttl: float | None) -> Iterator[tuple[int, Value]]:
    if ttl is not None:
        yield Tag.TTL, whole_milliseconds(ttl)


def _bound(bind: Bind) -> Iterator[tuple[int, Value]]:
    yield Tag.DESTINATION, bind.destination
    yield from _if_any(Tag.DESTINATION_PROPERTIES, bind.properties)
    yield from _ttl(bind.ttl)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")

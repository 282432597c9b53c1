# SPDX-License-Identifier: Apache-2.0
"""The streams of a client: one for each call in progress, and idle ones."""

from __future__ import annotations

import collections

from scache import direct
from scache.deadline import Deadline
from scache.postfix import PostfixSession
from scache.session import Session, greet
from scache.stream import Stream

# Paths whose servers refused the direct protocol. Postfix's server logs a warning for each attempt,
# so a process makes only one.
_refused: set[str] = set()


class SessionPool:
    """Sessions with one server, after the handshake. Thread safe, and no thread waits."""

    def __init__(self, path: str, most_idle: int) -> None:
        self._path = path
        # The newest is taken first; if there are too many, the oldest is closed.
        self._idle: collections.deque[Session] = collections.deque(maxlen=most_idle)
        self._is_closed = False

    def take(self, deadline: Deadline, *, fresh: bool) -> Session:
        """Returns an idle or a new session. With `fresh` it closes all idle ones: the server has
        closed a stream, and they are older."""
        while self._idle:
            try:
                session = self._idle.pop()
            except IndexError:
                break
            try:
                if not fresh and session.stream.is_quiet():
                    return session
            except BaseException:
                session.stream.close()
                raise
            session.stream.close()
        return _begin(self._path, deadline)

    def give_back(self, session: Session) -> None:
        """Keeps the session for the next call. No reply may be outstanding."""
        session.is_old = True
        if self._is_closed:
            session.stream.close()
        else:
            self._idle.append(session)

    def close(self) -> None:
        """Closes the idle sessions, and those that are given back later."""
        self._is_closed = True
        while self._idle:
            self._idle.pop().stream.close()


def _begin(path: str, deadline: Deadline) -> Session:
    stream = Stream(path, deadline)
    try:
        greet(stream, deadline)
        if path not in _refused:
            session = direct.ask(stream, deadline)
            if session:
                return session
            _refused.add(path)
        return PostfixSession(stream)
    except BaseException:
        stream.close()
        raise

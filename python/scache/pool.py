"""The streams of a client: one for each call under way, and some that wait for the next."""

from __future__ import annotations

import collections

from scache import direct
from scache.deadline import Deadline
from scache.postfix import PostfixSession
from scache.session import Session, greet
from scache.stream import Stream

# Paths whose servers refused the direct way. Postfix's own logs a warning at each attempt, so there
# is one for each process.
_refused: set[str] = set()


class SessionPool:
    """Sessions with one server, past their handshake. Many threads may use it, and none waits."""

    def __init__(self, path: str, most_idle: int) -> None:
        self._path = path
        # The last one is taken first; where there are too many, the oldest is closed.
        self._idle: collections.deque[Session] = collections.deque(maxlen=most_idle)
        self._is_closed = False

    def take(self, deadline: Deadline, *, anew: bool) -> Session:
        """One that waits, or a new one; only a new one where `anew`: the server has ended one, and
        those that wait were begun before."""
        while self._idle:
            try:
                session = self._idle.pop()
            except IndexError:
                break
            try:
                if not anew and session.stream.is_quiet():
                    return session
            except BaseException:
                session.stream.close()
                raise
            session.stream.close()
        return _begin(self._path, deadline)

    def give_back(self, session: Session) -> None:
        """Keeps it for the next call. It is in step: nothing is owed on it."""
        session.is_old = True
        if self._is_closed:
            session.stream.close()
        else:
            self._idle.append(session)

    def close(self) -> None:
        """Closes what waits, and what is given back later."""
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

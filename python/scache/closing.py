"""What is closed at the end of its `with` block."""

from __future__ import annotations

from types import TracebackType
from typing import NoReturn, Self, SupportsIndex


class Closing:
    """Has a close()."""

    def close(self) -> None:
        """May be called again."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class Unique:
    """Has a socket of its own, and can be neither copied nor pickled."""

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError(f"a {type(self).__qualname__} has a socket and cannot be copied or pickled")

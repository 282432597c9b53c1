# SPDX-License-Identifier: Apache-2.0
"""Base classes of objects that own a socket."""

from __future__ import annotations

from types import TracebackType
from typing import NoReturn, Self, SupportsIndex


class Closing:
    """Calls close() at the end of its `with` block."""

    def close(self) -> None:
        """Closes the object. May be called more than once."""
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
    """Owns a socket, and can be neither copied nor pickled."""

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError(f"{type(self).__qualname__} owns a socket and cannot be copied or pickled")

"""What is closed at the end of its `with` block."""

from __future__ import annotations

from types import TracebackType
from typing import Self


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

"""This module provides a base for processes that run alongside ours from start to stop, usable in a
`with`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Lifetime(ABC):
    @abstractmethod
    def start(self) -> None:
        """Starts the process, and returns when it can be used. If it cannot be started, nothing is
        left running."""

    @abstractmethod
    def stop(self) -> None:
        """Stops the process. Does nothing if it is not running."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

"""What runs beside us from its start to its stop, and can be used in a `with`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Lifetime(ABC):
    @abstractmethod
    def start(self) -> None:
        """Returns when it can be used. Nothing is left running if that cannot be."""

    @abstractmethod
    def stop(self) -> None:
        """Ends it. Does nothing if it does not run."""

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

"""This module knows who holds the most of something that is scarce. It is pure."""

from collections.abc import Hashable
from typing import Generic, TypeVar

from padfleet.shared.payers import Payer

T = TypeVar("T", bound=Hashable)


class Holders(Generic[T]):
    """Who holds which things. Each method takes the same short time, however many there are: when
    things are scarce, everybody who comes asks, and a stranger may have taken all of them."""

    def __init__(self) -> None:
        self._held: dict[Payer, dict[T, None]] = {}  #: in the order in which they were taken
        self._by_number: dict[int, dict[Payer, None]] = {}  #: holders, by how much they hold
        self._most = 0  #: how much somebody holds, and nobody more than that

    def add(self, payer: Payer, thing: T) -> None:
        """Notes that somebody has taken a thing, if that is not noted yet."""
        held = self._held.setdefault(payer, {})
        if thing not in held:
            held[thing] = None
            self._counts(payer, len(held) - 1, len(held))

    def remove(self, payer: Payer, thing: T) -> None:
        """Notes that somebody holds a thing no more, if they did."""
        held = self._held.get(payer)
        if held is None or thing not in held:
            return
        del held[thing]
        self._counts(payer, len(held) + 1, len(held))
        if not held:
            del self._held[payer]

    def of_the_largest(self, payer: Payer) -> T | None:
        """Returns what was taken first of all that is held by whoever holds the most; or None if
        `payer` would hold at least as much with one more and that one less."""
        if self._most <= len(self._held.get(payer, ())) + 1:
            return None
        largest = next(iter(self._by_number[self._most]))
        return next(iter(self._held[largest]))

    def _counts(self, payer: Payer, before: int, now: int) -> None:
        if before:
            alike = self._by_number[before]
            del alike[payer]
            if not alike:
                del self._by_number[before]
        if now:
            self._by_number.setdefault(now, {})[payer] = None
        if now > self._most or (before == self._most and before not in self._by_number):
            self._most = now

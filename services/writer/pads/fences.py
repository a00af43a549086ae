"""Decides from which session on an author's submissions to a pad are accepted. Pure.

An author who comes back after a broken connection puts up a fence: submissions that their earlier
sessions may still send, from a worker that has not noticed, must not count twice (I2). Such a
worker is minutes late, or hours if its machine slept. So a fence stands for a day and is then
removed; otherwise each author who ever came back would leave something in the pad permanently.
"""

from collections.abc import Mapping

KEPT_MS = 24 * 3_600_000
"""How long a fence stands, at least. It is removed when another is put up on the pad."""


class Fences:
    def __init__(self, orders: Mapping[str, int], now: int) -> None:
        """Takes the stored `orders`, by author. They are stored without a time, so their time
        counts from `now` (ms since the epoch)."""
        self._orders = dict(orders)
        self._since = dict.fromkeys(orders, now)  #: the oldest first

    def __contains__(self, author: str) -> bool:
        return author in self._orders

    def keeps_out(self, author: str, order: int) -> bool:
        """Returns whether this session of the author is older than a fence."""
        return order < self._orders.get(author, 0)

    def put_up(self, author: str, order: int, now: int) -> dict[str, int | None]:
        """Puts up a fence: from now on, only sessions of this author from `order` on may submit.
        Returns the entries to store, by author; None means that the entry is to be removed."""
        changed: dict[str, int | None] = {}
        self._orders[author] = changed[author] = max(order, self._orders.get(author, 0))
        self._since.pop(author, None)
        self._since[author] = now
        while self._since:
            oldest, since = next(iter(self._since.items()))
            if now - since <= KEPT_MS:
                break
            del self._since[oldest], self._orders[oldest]
            changed[oldest] = None
        return changed

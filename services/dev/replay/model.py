"""Models a trace's text at any of its states, and translates edits that were made on one of them
into edits on another. Pure.

All characters that were ever typed are kept in one order, and each state shows some of them. A
trace has no two inserts in one place at the same time, so that order is the same however its
transactions are merged.
"""

from collections.abc import Sequence
from typing import NamedTuple

from padfleet.services.dev.replay.trace import BadTrace, EditTrace, Transaction

BLOCK = 600
"""How many characters a block may have before it is split. A look-up walks over all blocks and one
block's characters, so this is about the square root of a long trace's length."""


class Edit(NamedTuple):
    """A change to a text, counted in code points."""

    start: int
    removed: int
    inserted: str


class _Char:
    __slots__ = ("block", "gone", "point", "shown")

    def __init__(self, point: str, block: "_ModelBlock") -> None:
        self.point = point
        self.block = block
        self.shown = 0  # a bit for each view that shows it
        self.gone = 0  # a bit for each view that has seen it removed, perhaps before it came


class _ModelBlock:
    """A stretch of characters, with the number of them that each view shows."""

    __slots__ = ("chars", "counts")

    def __init__(self, views: int) -> None:
        self.chars: list[_Char] = []
        self.counts = [0] * views


class _Effects(NamedTuple):
    inserted: list[_Char]
    removed: list[_Char]


class ReplayModel:
    """The characters of a trace, seen through several views, each at a version of its own that only
    moves forward."""

    def __init__(self, agents: int, views: int) -> None:
        self._versions = [[0] * agents for _ in range(views)]
        self._blocks = [_ModelBlock(views)]
        self._effects: list[list[_Effects]] = [[] for _ in range(agents)]

    def length(self, view: int) -> int:
        return sum(block.counts[view] for block in self._blocks)

    def text(self, view: int) -> str:
        bit = 1 << view
        return "".join(
            char.point for block in self._blocks for char in block.chars if char.shown & bit
        )

    def version(self, view: int) -> tuple[int, ...]:
        return tuple(self._versions[view])

    def show(self, view: int, version: Sequence[int]) -> None:
        """Moves a view forward to a version that includes everything it shows already."""
        for agent, count in enumerate(version):
            for effects in self._effects[agent][self._versions[view][agent] : count]:
                for char in effects.inserted:
                    self._add(view, char)
                for char in effects.removed:
                    self._drop(view, char)
            self._versions[view][agent] = max(count, self._versions[view][agent])

    def perform(self, item: Transaction, seen: int, now: int) -> list[Edit]:
        """Records a transaction that was made on the text in the view `seen`, and moves that view
        and the view `now` past it. Returns the edits that it means for the text of `now`.

        Raises `BadTrace` for a patch beyond the text.
        """
        effects = _Effects([], [])
        self._effects[item.agent].append(effects)
        edits: list[Edit] = []
        for patch in item.patches:
            # Removing first leaves the place to insert at where it is.
            edits += self._remove(patch.position, patch.removed, effects, seen, now)
            if patch.inserted:
                edits.append(self._insert(patch.position, patch.inserted, effects, seen, now))
        for view in (seen, now):
            self._versions[view][item.agent] = item.number
        return edits

    def _insert(self, position: int, text: str, effects: _Effects, seen: int, now: int) -> Edit:
        number, index, start = self._find(position, seen, now)
        block = self._blocks[number]
        fresh = [_Char(point, block) for point in text]
        block.chars[index:index] = fresh
        effects.inserted.extend(fresh)
        for char in fresh:
            for view in (seen, now):
                self._add(view, char)
        if len(block.chars) > BLOCK:
            self._split(number)
        return Edit(start, 0, text)

    def _remove(
        self, position: int, count: int, effects: _Effects, seen: int, now: int
    ) -> list[Edit]:
        edits: list[Edit] = []
        if not count:
            return edits
        number, index, start = self._find(position, seen, now)
        while count:
            if number == len(self._blocks):
                raise BadTrace(f"a patch at {position} removes more than there is")
            chars = self._blocks[number].chars
            while index < len(chars) and count:
                char = chars[index]
                in_now = char.shown >> now & 1
                if char.shown >> seen & 1:
                    count -= 1
                    effects.removed.append(char)
                    self._drop(seen, char)
                    self._drop(now, char)
                    if in_now:
                        edits.append(Edit(start, 1, ""))
                else:
                    start += in_now
                index += 1
            number, index = number + 1, 0
        return edits

    def _find(self, position: int, seen: int, now: int) -> tuple[int, int, int]:
        """Returns the place right after the first `position` characters of `seen`: the block, the
        index in it, and how many characters of `now` come before it."""
        start = 0
        for number, block in enumerate(self._blocks):
            if position <= block.counts[seen]:
                for index, char in enumerate(block.chars):
                    if not position:
                        return number, index, start
                    position -= char.shown >> seen & 1
                    start += char.shown >> now & 1
                return number, len(block.chars), start
            position -= block.counts[seen]
            start += block.counts[now]
        raise BadTrace("a patch lies beyond the end of the text")

    def _add(self, view: int, char: _Char) -> None:
        bit = 1 << view
        if not (char.shown | char.gone) & bit:
            char.shown |= bit
            char.block.counts[view] += 1

    def _drop(self, view: int, char: _Char) -> None:
        bit = 1 << view
        char.gone |= bit
        if char.shown & bit:
            char.shown ^= bit
            char.block.counts[view] -= 1

    def _split(self, number: int) -> None:
        old = self._blocks[number]
        new = _ModelBlock(len(old.counts))
        half = len(old.chars) // 2
        new.chars, old.chars = old.chars[half:], old.chars[:half]
        for char in new.chars:
            char.block = new
        for view in range(len(old.counts)):
            new.counts[view] = sum(char.shown >> view & 1 for char in new.chars)
            old.counts[view] -= new.counts[view]
        self._blocks.insert(number + 1, new)


def shortened(trace: EditTrace, limit: int | None = None) -> EditTrace:
    """Returns the first `limit` transactions of a trace, or all of them, with the text that they
    result in. Raises `BadTrace` for a patch beyond the text."""
    transactions = trace.transactions[:limit]
    model, now = ReplayModel(trace.agents, trace.agents + 1), trace.agents
    version = [0] * trace.agents
    for index, item in enumerate(transactions):
        model.show(item.agent, item.needs)
        try:
            model.perform(item, item.agent, now)
        except BadTrace as error:
            raise BadTrace(f"txns[{index}]: {error}") from None
        version[item.agent] = item.number
    model.show(now, version)
    return EditTrace(trace.agents, transactions, model.text(now))

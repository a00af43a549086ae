"""This module plays a history, and records it in granules. It is pure.

A granule is a run of revisions as one changeset, together with the changeset that leads back. A
timeslider moves by granules.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from padfleet.shared.easysync import (
    AText,
    AttributePool,
    compose,
    make_atext,
    move_ops_to_new_pool,
    unpack,
)
from padfleet.shared.easysync.body import Body
from padfleet.shared.easysync.edit_script import patches_of
from padfleet.shared.easysync.undoing import undoing
from padfleet.shared.log.records import Pool, Revision
from padfleet.shared.wire.jsontext import loads


class Keyframe(NamedTuple):
    """A pad at one revision; revision -1 is the state before the first one."""

    rev: int
    time: int  #: of the revision, ms since the epoch
    text: str
    attribs: str
    pool: Pool

    @property
    def size(self) -> int:
        """Returns the approximate size in bytes."""
        return 2 * len(self.text) + len(self.attribs) + 64 * len(self.pool) + 200


BLANK = Keyframe(-1, 0, "\n", make_atext("\n").attribs, [])


class OutOfOrder(Exception):
    """The revisions do not follow each other."""


class Player:
    """A pad whose history is played from a keyframe on."""

    def __init__(self, begin: Keyframe) -> None:
        self.rev, self.time = begin.rev, begin.time
        self._body = Body(AText(begin.text, begin.attribs))
        self._pool = AttributePool()
        for key, value in begin.pool:
            self._pool.put(key, value)

    def keyframe(self) -> Keyframe:
        text, attribs = self._body.to_atext()
        pool = [self._pool.get(number) for number in range(len(self._pool))]
        return Keyframe(self.rev, self.time, text, attribs, pool)

    def play(self, revision: Revision) -> None:
        """Takes in the next revision. Raises `OutOfOrder`, or EasysyncError."""
        self._apply(self._changeset(revision, self.rev + 1))
        self.rev, self.time = revision.rev, revision.time

    def granule(self, revisions: Sequence[Revision]) -> tuple[str, str]:
        """Takes in all of these revisions, and returns one changeset that leads there and one that
        leads back, both with the numbers of the player's pool. Raises what `play` raises."""
        changes = [
            self._changeset(revision, expected)
            for expected, revision in enumerate(revisions, self.rev + 1)
        ]
        forwards = compose_all(changes, self._pool)
        backwards = undoing(forwards, self._body, self._pool)
        self._apply(forwards)
        self.rev, self.time = revisions[-1].rev, revisions[-1].time
        return forwards, backwards

    @property
    def pool(self) -> AttributePool:
        return self._pool

    def _changeset(self, revision: Revision, expected: int) -> str:
        if revision.rev != expected:
            raise OutOfOrder(f"revision {revision.rev} stands where {expected} should be")
        data = loads(revision.wire)
        pool = AttributePool.from_jsonable(data["apool"])
        return move_ops_to_new_pool(data["changeset"], pool, self._pool)

    def _apply(self, changeset: str) -> None:
        patches_of(unpack(changeset), self._body, self._pool).apply()


def compose_all(changes: Sequence[str], pool: AttributePool) -> str:
    """Composes one or more changesets into one.

    Neighbours are composed first, then the pairs, and so on. If they were composed one after the
    other, each step would go over everything that the earlier steps have gathered, and a thousand
    revisions would take half a minute.
    """
    while len(changes) > 1:
        paired = [compose(changes[i], changes[i + 1], pool) for i in range(0, len(changes) - 1, 2)]
        changes = [*paired, changes[-1]] if len(changes) % 2 else paired
    return changes[0]


class Granules:
    """The answer to a CHANGESET_REQ while it is being built."""

    def __init__(self, player: Player, start: int, granularity: int) -> None:
        """Takes a player that has played everything before `start`, and how many revisions each
        granule has."""
        self._player = player
        self._start = start
        self._granularity = granularity
        self._pool = AttributePool()
        self._forwards: list[str] = []
        self._backwards: list[str] = []
        self._time_deltas: list[int] = []

    def __len__(self) -> int:
        return len(self._forwards)

    def add(self, revisions: Sequence[Revision]) -> None:
        """Adds the next granule. Raises what `Player.play` raises."""
        player = self._player
        # There is nothing before the first revision, so its distance in time would be counted from
        # 1970. Etherpad counts from the first revision itself.
        before = player.time if player.rev >= 0 else revisions[0].time
        forwards, backwards = player.granule(revisions)
        self._time_deltas.append(player.time - before)
        self._forwards.append(move_ops_to_new_pool(forwards, player.pool, self._pool))
        self._backwards.append(move_ops_to_new_pool(backwards, player.pool, self._pool))

    def data(self, end: int) -> dict[str, Any]:
        """Returns the `data` of the answer without its `requestID`. `end` is the rev that follows
        the last granule that was wanted."""
        return {
            "forwardsChangesets": self._forwards,
            "backwardsChangesets": self._backwards,
            "apool": self._pool.to_jsonable(),
            "actualEndNum": end,
            "timeDeltas": self._time_deltas,
            "start": self._start,
            "granularity": self._granularity,
        }


def in_granules(revisions: Iterable[Revision], size: int) -> Iterable[list[Revision]]:
    """Yields lists of `size` revisions each; the remainder is left out."""
    part: list[Revision] = []
    for revision in revisions:
        part.append(revision)
        if len(part) == size:
            yield part
            part = []

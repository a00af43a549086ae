"""This module defines the interface to pads in a cold store that writers, workers and tools use.

A cold store has the same of a pad that Redis has, up to one revision. `append` moves it from one
state to the next in one step, or leaves it as it was. The store says of a pad:

- `epoch`, `head`, `chain`: how far it has the pad, and of which history.
- `mark`: ``frozen``, Redis holds nothing of the pad and nobody can have written on it since; or
  ``live``, it is in Redis, where more may have come.
- `edition`: counts the appends. It stays when only the mark changes.
- `version`: changes with every change. A caller that makes a change names the version that it
  replaces; of two that name the same, one gets `Overwritten`.

`shared/cold/places.py` says which process may do what, when, and in which order.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Literal, NamedTuple, Protocol

from padfleet.shared.archive.entries import PadHead, Revisions
from padfleet.shared.cold.rows import Row
from padfleet.shared.cold.store import ColdVersion
from padfleet.shared.log.pad.witness import Witness

Mark = Literal["frozen", "live"]


class ColdHead(NamedTuple):
    """Where a pad in the cold store stands."""

    epoch: int
    head: int  #: its newest revision
    chain: bytes
    mark: Mark
    edition: int  #: counted from 1, increased by each `append`
    written: int  #: when the last `append` was, in ms since the epoch
    version: ColdVersion  #: of the pad as a whole, including the mark

    def witness(self) -> Witness:
        """Returns what Redis remembers of a pad that leaves for the store at this place."""
        return Witness.of(self.epoch, self.head, self.edition, self.chain)


class ColdState(NamedTuple):
    """The small parts of a pad, all of which are written each time."""

    pad: PadHead  #: with the epoch, head, chain and time that the pad has then
    sessions: int  #: the number of the last session that has been on it
    reigns: str  #: the record of `shared/log/reigns.py`, as in the meta hash
    fences: Mapping[str, int]  #: by author: the order of the last session that came by a fence
    seen: Mapping[str, str]  #: by author: epoch and reign under which they were last here
    more: Mapping[str, bytes]  #: every other field of the meta hash, by name, kept unchanged


class ColdAppend(NamedTuple):
    """What an `append` brings, in the forms that Redis has."""

    state: ColdState
    revisions: Revisions
    """The revisions from `first` up to `state.pad.head`; if there are none, `first` is one after
    the head. What the store has from `first` on is replaced: usually nothing, but more if revisions
    were rolled back in Redis. If the epoch differs from the store's, `first` is 0, and everything
    that belonged to the old epoch is removed."""
    chat: Sequence[tuple[str, list[bytes]]] = ()
    """Messages (stream ID and fields, as in `archive.entries.ArchivedChat`), each of which replaces
    the one with the same ID. The store drops any message after `state.pad.chat`."""
    saved: Sequence[bytes] | None = None  #: all of the saved revisions; None if they are unchanged
    authors: Sequence[tuple[str, list[bytes]]] = ()
    """Records of authors who are in the pad, as in `archive.entries.Authors`, that are new or have
    changed. One without fields belongs to an author without a record where the pad comes from, such
    as the author of imported text: see `with_authors`."""
    snapshot: bytes | None = None
    """`Snapshot.to_bytes`, of a revision that the store has after this append. None means that the
    snapshot is unchanged, or, if the present one is of a revision from `revisions.first` on, that
    there is none."""
    follows: bytes | None = None
    """The chain that the revisions have been found to follow; None if this was not checked."""
    rows: Sequence[Row] = ()  #: where `follows` is given, the unpacked records
    exact: bool = False  #: whether the records were packed from the rows, and not the other way


class ColdPad(NamedTuple):
    """What a pad is opened from, all of one moment, so that nothing older has to be read.

    It is checked as far as possible: the revisions lead, by their chain, from the snapshot to the
    head.
    """

    head: ColdHead
    state: ColdState
    snapshot: bytes | None  #: of a revision from `revisions.first - 1` on; None if `first` is 0
    revisions: Revisions
    """The revisions up to the head, beginning right after the snapshot or earlier; there is at
    least the newest. Earlier revisions are read by `ColdPads.revisions` when they are asked for."""
    chat: Sequence[tuple[str, list[bytes]]]  #: all messages
    saved: Sequence[bytes]
    authors: Sequence[tuple[str, list[bytes]]]


class ColdGlance(NamedTuple):
    """The small parts of a pad, for a list."""

    head: ColdHead
    pad: PadHead
    bytes: int  #: about how many it takes in the store
    authors: int  #: how many are in it


class ColdListed(NamedTuple):
    """A pad in a list."""

    pad: str
    head: int
    time: int  #: of the last edit, in ms since the epoch; 0 if the list does not say
    bytes: int  #: about how many it takes in the store; 0 if the list does not say
    mark: Mark | None  #: None if the list does not say


class UsedBy(NamedTuple):
    """Which fleet says that it uses the store; see `using`."""

    fleet: str
    version: ColdVersion  #: a new one each time that it is said


class ColdPads(Protocol):
    """The pads in a cold store. Every call raises `StoreAway` when the store does not answer, and
    those that name a pad raise `CorruptPad` if what is stored is damaged, older than it may be, or
    was not written by a fleet. A change whose outcome is unknown has to be repeated from `look` on.
    """

    async def look(self, pad: str) -> ColdHead | None:
        """Returns where the pad stands, or None if there is no pad of this name. This takes one
        small read."""
        ...

    async def glance(self, pad: str) -> ColdGlance | None:
        """Returns what a list says about the pad, or None if there is no such pad. This costs
        little more than `look`."""
        ...

    async def read(self, pad: str) -> ColdPad | None:
        """Returns what the pad is opened from, or None if there is no such pad. This costs a
        snapshot and a tail, however long the history is."""
        ...

    def revisions(self, pad: str, epoch: int, first: int, last: int) -> AsyncIterator[Revisions]:
        """Yields the revisions first…last, both included, in order and without a gap, some hundred
        at a time; `last` must be in the store.

        Raises `Overwritten` if the pad is of another epoch by now, or gone; `CorruptPad` if a
        revision is missing or does not follow by its chain.
        """
        ...

    async def append(
        self, pad: str, over: ColdHead | None, part: ColdAppend, mark: Mark = "live"
    ) -> ColdHead:
        """Adds what has come since `over`, which an earlier call returned, in this process or
        another; None means that the store has nothing of the pad yet. This is one step: readers
        find either the previous state or all of the new one. When it returns, the data is durable,
        and was read back or checked by a checksum.

        The cost depends on what is brought, not on the size of the pad. Raises `Overwritten`, with
        nothing changed, if the pad is not as `over` says; `StoreFull`.
        """
        ...

    async def set_mark(self, pad: str, over: ColdHead, mark: Mark) -> ColdHead:
        """Says where the pad is from now on. This always counts as a change, even if the mark stays
        the same: of two callers that do it over the same head, one gets `Overwritten`."""
        ...

    async def was_removed_by_others(self, pad: str) -> bool:
        """Returns whether somebody who is no part of the fleet has deleted the pad, which is not in
        the store, on purpose: as an Etherpad may in its database."""
        ...

    async def delete(self, pad: str, over: ColdHead) -> None:
        """Deletes the pad with all that belongs to it, including its read-only id and its place in
        the lists of authors. Raises `Overwritten` if it is not as `over` says."""
        ...

    def pads(self, after: str = "", match: str = "*") -> AsyncIterator[ColdListed]:
        """Yields all pads in the store's own order, which is the same each time; `after` continues
        after a pad that an earlier list named. `match` is a pattern for names, as `fnmatch` has it.
        Works a page at a time: a million pads take no more memory than a thousand."""
        ...

    async def pad_of_read_only(self, read_only_id: str) -> str | None:
        """Returns the pad that this id leads to (`PadHead.read_only_id`), or None if there is
        none."""
        ...

    def pads_of_author(self, author: str) -> AsyncIterator[str]:
        """Yields, in order, the pads for which this author was among the `ColdAppend.authors` that
        were brought; possibly also a pad that has been deleted or replaced meanwhile."""
        ...

    async def used_by(self) -> UsedBy | None:
        """Returns which fleet has last said that it uses the store, or None if none ever has."""
        ...

    async def use(self, fleet: str) -> None:
        """Says that this fleet uses the store. If another fleet says so in the same moment, this
        may have no effect."""
        ...

    async def check(self) -> None:
        """Returns when something could be written, read back and removed again. Raises `StoreAway`,
        or ValueError with what is wrong and what to do."""
        ...

    async def aclose(self) -> None:
        """Closes the connections. It has to be called once."""
        ...


def with_authors(
    there: Mapping[str, list[bytes]], brought: Sequence[tuple[str, list[bytes]]]
) -> dict[str, list[bytes]]:
    """Returns the records of authors that a store has after some were brought. Where a record comes
    without fields, the stored one stays: the author is in the pad, and nothing new is known of
    them."""
    return {**there, **{name: list(flat) for name, flat in brought if flat or name not in there}}


async def chain_in(cold: ColdPads, pad: str, epoch: int, rev: int) -> bytes:
    """Returns the running hash over a pad's history up to this revision, which the store must have.
    Raises what `ColdPads.revisions` raises."""
    part: Revisions
    async for part in cold.revisions(pad, epoch, rev, rev):
        for revision in part.revisions():
            return revision.chain
    return b""

"""Pads in a cold store: the seam that writers, workers and tools use.

A cold store has of a pad what Redis has, up to one revision. `append` moves it from one state to
the next in one step, or leaves it as it was. What it says of itself:

- `epoch`, `head`, `chain`: how far it has the pad, and of which history.
- `mark`: ``frozen``, Redis holds nothing of the pad and nobody can have written on it since; or
  ``live``, it is in Redis, where more may have come.
- `edition`: counts what was appended. It stays when only the mark changes.
- `version`: changes with every change. Who changes says over which; of two, one is `Overwritten`.

`shared/cold/places.py` says who may do what when, and in which order.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Literal, NamedTuple, Protocol

from padfleet.shared.archive.entries import PadHead, Revisions
from padfleet.shared.cold.rows import Row
from padfleet.shared.cold.store import ColdVersion

Mark = Literal["frozen", "live"]


class ColdHead(NamedTuple):
    """Where a pad in the cold store stands."""

    epoch: int
    head: int  #: its newest revision
    chain: bytes
    mark: Mark
    edition: int  #: from 1 on, one more for each `append`
    written: int  #: when that was last, ms since the epoch
    version: ColdVersion  #: of the pad as a whole, of the mark too


class ColdState(NamedTuple):
    """What is small of a pad: all of it is written each time."""

    pad: PadHead  #: with the epoch, head, chain and time that the pad has then
    sessions: int  #: the number of the last session that has been on it
    reigns: str  #: the record of `shared/log/reigns.py`, as in the meta hash
    fences: Mapping[str, int]  #: by author: the order of the last session that came by a fence
    seen: Mapping[str, str]  #: by author: epoch and reign under which he was last here
    more: Mapping[str, bytes]  #: every other field of the meta hash, by name, kept as it is


class ColdPart(NamedTuple):
    """What an `append` brings, in the forms that Redis has."""

    state: ColdState
    revisions: Revisions
    """`first` up to `state.pad.head`; none: `first` is behind that. What the store has from `first`
    on is replaced: usually nothing, and more where revisions were rolled back in Redis. With
    another epoch than the store has, `first` is 0, and all that belonged to the old one goes."""
    chat: Sequence[tuple[str, list[bytes]]] = ()
    """Messages (stream ID and fields, as in `archive.entries.Chat`), of which each replaces the one
    with its ID. The store drops what is beyond `state.pad.chat`."""
    saved: Sequence[bytes] | None = None  #: all of the saved revisions; None: as they were
    authors: Sequence[tuple[str, list[bytes]]] = ()
    """Records of authors who are in the pad, as in `archive.entries.Authors`: new, or changed. One
    without fields is of somebody who is not on record where the pad comes from, as one may be whose
    text was imported: see `with_authors`."""
    snapshot: bytes | None = None
    """`Snapshot.to_bytes`, of a revision that the store has after this; None: as it was, or, where
    that is of a revision from `revisions.first` on, none."""
    follows: bytes | None = None
    """The chain that the revisions have been found to follow; None: nobody has looked."""
    rows: Sequence[Row] = ()  #: where `follows` is given, the records of the revisions, unpacked


class ColdPad(NamedTuple):
    """What a pad is opened from, all of one moment, so that nothing older need be read.

    Checked as far as it can be: the revisions lead, by their chain, from the snapshot to the head.
    """

    head: ColdHead
    state: ColdState
    snapshot: bytes | None  #: of a revision from `revisions.first - 1` on; None if `first` is 0
    revisions: Revisions
    """From the one behind the snapshot on, or from one before that, up to the head; at least the
    newest. What is before is read by `ColdPads.revisions` when somebody asks for it."""
    chat: Sequence[tuple[str, list[bytes]]]  #: all messages
    saved: Sequence[bytes]
    authors: Sequence[tuple[str, list[bytes]]]


class ColdGlance(NamedTuple):
    """What is small of a pad."""

    head: ColdHead
    pad: PadHead
    bytes: int  #: that it takes in the store, about
    authors: int  #: that are in it


class ColdListed(NamedTuple):
    """A pad in a list."""

    pad: str
    head: int
    time: int  #: of the last edit, ms since the epoch; 0: the list does not say
    bytes: int  #: that it takes in the store, about; 0: the list does not say
    mark: Mark | None  #: None: the list does not say


class UsedBy(NamedTuple):
    """Which fleet says that it uses the store, see `using`."""

    fleet: str
    version: ColdVersion  #: another one each time that it is said


class ColdPads(Protocol):
    """Every call raises `StoreAway` when the store does not answer, and those that name a pad raise
    `CorruptPad` where what lies there is damaged, old where it must not be, or not ours. One whose
    change has an unknown outcome is to be repeated from `look` on.
    """

    async def look(self, pad: str) -> ColdHead | None:
        """Where the pad stands; None: there is none of this name. One read of something small."""
        ...

    async def glance(self, pad: str) -> ColdGlance | None:
        """What a list says of the pad; None: there is none. Costs little more than `look`."""
        ...

    async def read(self, pad: str) -> ColdPad | None:
        """What the pad is opened from; None: there is none. Costs a snapshot and a tail, however
        long the history is."""
        ...

    def revisions(self, pad: str, epoch: int, first: int, last: int) -> AsyncIterator[Revisions]:
        """The revisions first…last, both included, in order and without a hole; `last` must be in
        the store. Some hundred at a time.

        Raises `Overwritten` if the pad is of another epoch by now, or gone; `CorruptPad` where one
        is missing or does not follow by its chain.
        """
        ...

    async def append(
        self, pad: str, over: ColdHead | None, part: ColdPart, mark: Mark = "live"
    ) -> ColdHead:
        """Adds what has come since `over`, which a call of this object or of another process's has
        returned; None: there is none of the pad yet. One step: who reads finds what was before, or
        all of it. Durable when it returns, and read back or checked by a sum.

        Costs what it brings, and not the pad. Raises `Overwritten`, with nothing changed, if the
        pad is not as `over` says; `StoreFull`.
        """
        ...

    async def set_mark(self, pad: str, over: ColdHead, mark: Mark) -> ColdHead:
        """Says where the pad is from now on. Always a change, also to the mark that it has: of two
        who do it over the same head one is `Overwritten`."""
        ...

    async def delete(self, pad: str, over: ColdHead) -> None:
        """Takes the pad away with all that belongs to it, its read-only id and its place in the
        lists of authors too. Raises `Overwritten` if it is not as `over` says."""
        ...

    def pads(self, after: str = "", match: str = "*") -> AsyncIterator[ColdListed]:
        """All pads, in an order of the store's own, which is the same each time; `after` goes on
        behind a pad that a list has named. `match` is a pattern as of `fnmatch`, of names. A page
        at a time: a million of them take no more memory than a thousand."""
        ...

    async def pad_of_read_only(self, read_only_id: str) -> str | None:
        """The pad that this id leads to (`PadHead.read_only_id`); None: to none."""
        ...

    def pads_of_author(self, author: str) -> AsyncIterator[str]:
        """The pads that have this author among the `ColdPart.authors` that were brought, in order;
        of a pad that has been deleted or replaced meanwhile perhaps too."""
        ...

    async def used_by(self) -> UsedBy | None:
        """Who has said last that he uses the store; None: nobody ever has."""
        ...

    async def use(self, fleet: str) -> None:
        """Says it. Where somebody else says something in the same moment, it may not be said."""
        ...

    async def check(self) -> None:
        """Returns when something could be written, read back and taken away again. Raises
        `StoreAway`, or ValueError with what is wrong and what to do."""
        ...

    async def aclose(self) -> None:
        """Closes connections. To be called once."""
        ...


def with_authors(
    there: Mapping[str, list[bytes]], brought: Sequence[tuple[str, list[bytes]]]
) -> dict[str, list[bytes]]:
    """The records of authors that a store has, after some were brought. Where one comes without
    fields, what is there of him stays: he is in the pad, and nobody says anything new of him."""
    return {**there, **{name: list(flat) for name, flat in brought if flat or name not in there}}


async def chain_in(cold: ColdPads, pad: str, epoch: int, rev: int) -> bytes:
    """The running hash over a pad's history up to this revision, which the store has. Raises what
    `ColdPads.revisions` does."""
    part: Revisions
    async for part in cold.revisions(pad, epoch, rev, rev):
        for revision in part.revisions():
            return revision.chain
    return b""

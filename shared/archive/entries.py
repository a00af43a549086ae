"""Defines the entries of an archive, as values. For each pad they are, in this order:

    PadHead, Revisions…, ArchivedChat…, ArchivedSaved…, Authors…, then PadDone, or PadVoid to take
    it all back

and at the end of the file possibly ArchivedTokens, and always ArchiveEnd.

The fields are stored by their place, without names (docs/backup.md has the table). A new field goes
to the end of its tuple and has a default, so that older files can be read. Any other change needs
another number in `frames.MAGIC`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from padfleet.shared.log.records import Revision

ENTRY_REVISIONS = 500
"""The most revisions in one entry."""

ENTRY_BYTES = 1 << 20
"""The number of bytes of revisions after which an entry is full."""


class PadHead(NamedTuple):
    """A pad as it was when its backup began; what follows leads exactly here."""

    pad: str
    epoch: int
    head: int
    chain: bytes
    time: int  #: of the head, ms since the epoch
    creator: str
    read_only_id: str | None
    settings: bytes = b""  #: JSON; empty: nobody has changed any
    deletion: bytes = b""  #: hash of the deletion token; empty: none was made
    chat: int = -1  #: the newest message's number
    saved: bytes = b""  #: the newest of the saved revisions
    public: bool = False  #: of a group's pad: open to people without a session


class Revisions(NamedTuple):
    first: int
    records: Sequence[bytes]  #: as in the stream

    def revisions(self) -> list[Revision]:
        return [Revision.from_record(self.first + i, r) for i, r in enumerate(self.records)]


class ArchivedChat(NamedTuple):
    """Messages: stream ID and fields, names and values in turn."""

    messages: list[tuple[str, list[bytes]]]


class ArchivedSaved(NamedTuple):
    values: list[bytes]


class Authors(NamedTuple):
    """All authors in the pad: id, and the fields that are stored about them."""

    authors: list[tuple[str, list[bytes]]]


class PadDone(NamedTuple):
    pass


class PadVoid(NamedTuple):
    """The pad was deleted or replaced while it was being read."""


class ArchivedTokens(NamedTuple):
    """What authors are recognized by: the hash of a token, and its author."""

    tokens: list[tuple[str, str]]


class ArchiveEnd(NamedTuple):
    pads: int  #: how many are complete


def flat(fields: Mapping[bytes, bytes]) -> list[bytes]:
    """Returns names and values in turn, as `ArchivedChat` and `Authors` have them."""
    return [item for pair in fields.items() for item in pair]


Entry = (
    PadHead
    | Revisions
    | ArchivedChat
    | ArchivedSaved
    | Authors
    | PadDone
    | PadVoid
    | ArchivedTokens
    | ArchiveEnd
)

_KINDS: dict[str, Any] = {
    "pad": PadHead,
    "revs": Revisions,
    "chat": ArchivedChat,
    "saved": ArchivedSaved,
    "authors": Authors,
    "done": PadDone,
    "void": PadVoid,
    "tokens": ArchivedTokens,
    "end": ArchiveEnd,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def to_value(entry: Entry) -> list[Any]:
    return [_NAMES[type(entry)], *entry]


def from_value(value: Any) -> Entry:
    """Decodes an entry. Raises ValueError for anything that is not one."""
    try:
        kind = _KINDS[value[0]]
        entry: Entry = kind(*value[1:])
    except (TypeError, KeyError, IndexError) as error:
        raise ValueError("an entry of a kind that is not known") from error
    if not _is_well_formed(entry):
        raise ValueError(f"an entry {value[0]!r} has fields of a wrong type")
    return entry


def _is_well_formed(entry: Entry) -> bool:
    """Returns whether the fields are of their types. What their values may be is up to those who
    use them; the name and the head of a pad are looked at by the reader, which says more about
    them."""
    match entry:
        case PadHead():
            numbers = (entry.epoch, entry.time, entry.chat)
            data = (entry.chain, entry.settings, entry.deletion, entry.saved)
            return (
                all(type(one) is int for one in numbers)
                and _all_are(data, bytes)
                and type(entry.creator) is str
                and (entry.read_only_id is None or type(entry.read_only_id) is str)
                and type(entry.public) is bool
            )
        case Revisions():
            return type(entry.first) is int and _are(entry.records, bytes)
        case ArchivedSaved():
            return _are(entry.values, bytes)
        case ArchivedChat():
            return _are_named(entry.messages)
        case Authors():
            return _are_named(entry.authors)
        case ArchivedTokens():
            return _are_pairs(entry.tokens) and all(_all_are(pair, str) for pair in entry.tokens)
    return True


def _all_are(values: Iterable[Any], kind: type) -> bool:
    return all(type(value) is kind for value in values)


def _are(values: Any, kind: type) -> bool:
    return isinstance(values, list | tuple) and _all_are(values, kind)


def _are_pairs(values: Any) -> bool:
    return isinstance(values, list | tuple) and all(
        isinstance(pair, list | tuple) and len(pair) == 2 for pair in values
    )


def _are_named(values: Any) -> bool:
    """Returns whether these are pairs of a name and a list of names and values in turn."""
    return _are_pairs(values) and all(
        type(name) is str and _are(flat, bytes) and len(flat) % 2 == 0 for name, flat in values
    )

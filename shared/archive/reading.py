"""Reads an archive, and relies on nothing that it has not checked."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from padfleet.shared.archive.entries import (
    ArchivedTokens,
    ArchiveEnd,
    Entry,
    PadDone,
    PadHead,
    PadVoid,
    Revisions,
    from_value,
)
from padfleet.shared.archive.frames import BadArchive, read_frames
from padfleet.shared.easysync.errors import shown


class _Checker:
    """Follows the entries, and raises `BadArchive` at the first one that is out of place."""

    def __init__(self) -> None:
        self._open: PadHead | None = None
        self._next = 0
        self._chain = b""
        self._done = 0
        self.ended = False

    def take(self, entry: Entry) -> None:
        if self.ended:
            raise BadArchive("there is more after its end")
        match entry:
            case PadHead() if not _is_text(entry.pad) or type(entry.head) is not int:
                raise BadArchive("a pad begins without a name or without a head")
            case ArchiveEnd() if type(entry.pads) is not int:
                raise BadArchive("its end does not say how many pads it holds")
            case PadHead() | ArchivedTokens() | ArchiveEnd():
                if self._open is not None:
                    raise BadArchive(f"pad {shown(self._open.pad)} has no end")
                self._between_pads(entry)
            case _ if self._open is None:
                raise BadArchive("part of a pad is outside any pad")
            case _:
                self._in_pad(self._open, entry)

    def _between_pads(self, entry: PadHead | ArchivedTokens | ArchiveEnd) -> None:
        match entry:
            case PadHead():
                self._open, self._next, self._chain = entry, 0, b""
            case ArchiveEnd(pads):
                if pads != self._done:
                    raise BadArchive(f"it holds {self._done} pads, not {pads}")
                self.ended = True

    def _in_pad(self, head: PadHead, entry: Entry) -> None:
        match entry:
            case Revisions():
                self._revisions(head, entry)
            case PadDone():
                if (self._next - 1, self._chain) != (head.head, head.chain):
                    raise BadArchive(
                        f"pad {shown(head.pad)} ends at {self._next - 1}, not {head.head}"
                    )
                self._open, self._done = None, self._done + 1
            case PadVoid():
                self._open = None

    def _revisions(self, pad: PadHead, entry: Revisions) -> None:
        for revision in entry.revisions():
            if revision.rev != self._next:
                raise BadArchive(f"pad {shown(pad.pad)} lacks revision {self._next}")
            if not revision.follows(self._chain):
                raise BadArchive(f"pad {shown(pad.pad)}: the chain breaks at revision {self._next}")
            self._next, self._chain = self._next + 1, revision.chain


def _is_text(name: object) -> bool:
    """Returns whether a name is a text, of whole characters."""
    try:
        return type(name) is str and bool(name.encode() or True)
    except UnicodeEncodeError:
        return False


def read_archive(file: BinaryIO) -> Iterator[Entry]:
    """Yields the entries, each checked as far as possible without those after it; when the iterator
    is exhausted, the file is known to be complete. Raises `BadArchive`."""
    checker = _Checker()
    for value in read_frames(file):
        try:
            entry = from_value(value)
            checker.take(entry)
        except (ValueError, TypeError) as error:
            raise BadArchive(str(error)) from error
        yield entry
    if not checker.ended:
        raise BadArchive("cut off: its end is missing")


def check_archive(path: Path) -> list[PadHead]:
    """Reads the file to its end, and returns the pads in it. Raises `BadArchive`, OSError."""
    pads: list[PadHead] = []
    with path.open("rb") as file:
        for entry in read_archive(file):
            if isinstance(entry, PadHead):
                pads.append(entry)
            elif isinstance(entry, PadVoid):
                pads.pop()
    return pads


def first_pad(path: Path) -> PadHead | None:
    """Returns the pad with which the file begins, None if there is none. Raises `BadArchive`,
    OSError.

    It says nothing about the rest of the file.
    """
    with path.open("rb") as file:
        for value in read_frames(file):
            entry = from_value(value)
            return entry if isinstance(entry, PadHead) else None
    return None

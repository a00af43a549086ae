"""This module reads files of records without holding all of them in memory.

An old pad can be a file of a hundred megabytes. The file is scanned once to find where each record
is; the records are then read one by one, in any order.
"""

import asyncio
import codecs
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import IO, Any, NamedTuple

from padfleet.shared.etherpad.records import BadRecord, Unreadable
from padfleet.shared.wire.jsontext import loads

CHUNK = 1 << 18
"""How many bytes are read at a time."""

MOST_RECORD = 64 << 20
"""The maximum size of one record, in bytes: a pad's text with its attribute pool may take some
megabytes."""

MOST_RECORDS = 500_000
"""The maximum number of records in a stranger's file. A file could contain millions, which take a
hundred times their size in memory."""

_SPACE = re.compile("[ \t\r\n]*+")
_decode = json.JSONDecoder().raw_decode


class JsonPlace(NamedTuple):
    offset: int  #: in bytes
    size: int


def _itself(value: Any) -> Any:
    return value


class IndexedFile:
    """Implements `Records` for values at known places in a file."""

    def __init__(
        self,
        file: IO[bytes],
        places: dict[str, JsonPlace],
        pick: Callable[[Any], Any] = _itself,
    ) -> None:
        """Takes the places of the values. `pick` extracts a value from what is at its place."""
        self._file = file
        self._places = places
        self._pick = pick

    async def get(self, keys: Sequence[str]) -> list[Any]:
        return [self._read(key) for key in keys]

    async def keys(self, prefix: str) -> AsyncIterator[str]:
        for key in self._places:
            if key.startswith(prefix):
                yield key

    async def close(self) -> None:
        self._file.close()

    def _read(self, key: str) -> Any:
        place = self._places.get(key)
        if place is None:
            return None
        self._file.seek(place.offset)
        try:
            return self._pick(loads(self._file.read(place.size)))
        except ValueError as error:
            return Unreadable(str(error))


async def open_etherpad_file(file: IO[bytes], *, most: int | None = None) -> IndexedFile:
    """Opens the records of an ``.etherpad`` file. Closing the records closes the file.

    Raises `BadRecord` for a file that is not a JSON object, or has more than `most` records.
    """
    places: dict[str, JsonPlace] = {}
    scanner = _Members()
    file.seek(0)
    while chunk := file.read(CHUNK):
        for key, place in scanner.feed(chunk, last=False):
            places[key] = place
        if most is not None and len(places) > most:
            raise BadRecord(f"the file has more than {most} records")
        await asyncio.sleep(0)
    for key, place in scanner.feed(b"", last=True):
        places[key] = place
    return IndexedFile(file, places)


class _Members:
    """Finds the members of one JSON object in chunks of its text."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._text = ""
        self._at = 0  # everything before this has been processed
        self._offset = 0  # the position of `_at` in the file, in bytes
        self._state = "start"
        self._need = 0  # characters needed before another attempt is worthwhile

    def feed(self, chunk: bytes, *, last: bool) -> Iterator[tuple[str, JsonPlace]]:
        try:
            self._text = self._text[self._at :] + self._decoder.decode(chunk, last)
        except UnicodeDecodeError as error:
            raise BadRecord(f"the file is not UTF-8: {error}") from None
        self._at = 0
        if len(self._text) < self._need and not last:
            return
        while self._state != "end" and (found := self._next(last=last)) is not None:
            yield from found
        if last and self._state != "end":
            raise BadRecord("the file ends in the middle of its JSON object")
        if self._state == "end" and _skip(self._text, self._at) < len(self._text):
            raise BadRecord("there is more in the file than one JSON object")

    def _next(self, *, last: bool) -> list[tuple[str, JsonPlace]] | None:
        """Processes what follows. Returns the members found, none or one, or None if more of the
        file has to be read first."""
        text, at = self._text, _skip(self._text, self._at)
        if at == len(text):
            self._pass(at)  # spaces are skipped once, in however many chunks they come
            return None
        if self._state == "start" and text[at] == "\ufeff":
            self._pass(at + 1)
        elif self._state == "start" and text[at] == "{":
            self._state = "first"
            self._pass(at + 1)
        elif self._state == "start":
            raise BadRecord("the file is not a JSON object: is it an .etherpad file?")
        elif text[at] == "}" and self._state in ("first", "after"):
            self._state = "end"
            self._pass(at + 1)
        elif self._state == "after" and text[at] == ",":
            self._state = "member"
            self._pass(at + 1)
        elif self._state == "after":
            raise BadRecord(f"a comma is missing in the file, at byte {self._offset}")
        else:
            return self._member(at, last=last)
        return []

    def _member(self, at: int, *, last: bool) -> list[tuple[str, JsonPlace]] | None:
        text = self._text
        try:
            key, end = _decode(text, at)
            colon = _skip(text, end)
            if not isinstance(key, str) or (colon < len(text) and text[colon] != ":"):
                raise ValueError
            start = _skip(text, colon + 1)
            _, end = _decode(text, start)
            # A number may continue in the next chunk.
            if end == len(text) and not last:
                raise json.JSONDecodeError("more may come", text, end)
        except (ValueError, IndexError, RecursionError) as error:
            rest = len(text) - self._at
            may_go_on = isinstance(error, json.JSONDecodeError | IndexError)
            if last or not may_go_on or rest > MOST_RECORD:
                raise BadRecord(
                    f"the file is not a JSON object, from byte {self._offset} on"
                ) from None
            # Twice as much next time, so that a large value is not scanned again for each chunk.
            self._need = 2 * rest
            return None
        self._pass(start)
        place = JsonPlace(self._offset, len(text[start:end].encode()))
        self._pass(end)
        self._state, self._need = "after", 0
        return [(key, place)]

    def _pass(self, end: int) -> None:
        self._offset += len(self._text[self._at : end].encode())
        self._at = end


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found is not None else at

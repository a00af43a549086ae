"""Reads Etherpad's `dirty.db`: a file with one line per change, of which the last for a key
counts."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from padfleet.shared.easysync import from_units
from padfleet.shared.etherpad.jsonfile import MOST_RECORD, IndexedFile, JsonPlace
from padfleet.shared.etherpad.records import BadRecord
from padfleet.shared.tool import shown
from padfleet.shared.wire.jsontext import BadJson, loads

MOST_NAMED: Final = 10
"""How many broken lines are named."""

_KEY: Final = re.compile(rb'\s*\{"key":("(?:[^"\\]|\\.)*")')
"""How a line begins, even one that is broken further on."""


@dataclass
class BrokenLines:
    """The lines of a file that are not records. Their content is lost to an Etherpad, too."""

    count: int = 0
    named: list[str] = field(default_factory=list)  #: the first of them
    cut_off: str = ""  #: the last line, if it is incomplete

    def add(self, number: int, line: bytes) -> None:
        key = _KEY.match(line)
        name = f"{number} ({shown(_key_of(key[1]))})" if key is not None else f"{number}"
        if not line.endswith(b"\n"):
            # It was being written when Etherpad was killed, and is treated as if it had never been
            # begun.
            self.cut_off = name
            return
        self.count += 1
        if self.count <= MOST_NAMED:
            self.named.append(name)

    def said(self) -> str:
        """Returns the report; empty if there is nothing to report."""
        said = []
        if self.count:
            more = f" and {self.count - MOST_NAMED} more" if self.count > MOST_NAMED else ""
            what = (
                "1 line is no record" if self.count == 1 else f"{self.count} lines are no records"
            )
            said.append(f"{what}, and left out: {', '.join(self.named)}{more}")
        if self.cut_off:
            said.append(f"the last line, {self.cut_off}, was cut off while it was written")
        return "; ".join(said)


class DirtyFile(IndexedFile):
    """Implements `Records` for a dirty.db."""

    def __init__(self, file: IO[bytes], places: dict[str, JsonPlace], broken: BrokenLines) -> None:
        super().__init__(file, places, _value)
        self.broken = broken


def open_dirty(path: Path) -> DirtyFile:
    """Reads the file once, to find the lines that count. Raises OSError, and `BadRecord` if it is
    not such a file."""
    file = path.open("rb")
    places: dict[str, JsonPlace] = {}
    broken = BrokenLines()
    offset = good = 0
    try:
        for number, (line, size) in enumerate(_lines(file), 1):
            if size > len(line):
                broken.add(number, line + b"\n")
            elif line.strip():
                key, there = _read(line)
                if key is None:
                    broken.add(number, line)
                elif there:
                    places[key] = JsonPlace(offset, size)
                    good += 1
                else:
                    places.pop(key, None)
                    good += 1
            offset += size
        bad = broken.count + bool(broken.cut_off)
        if bad > good:
            raise BadRecord(f"{path} is not a dirty.db: {bad} of its lines are not records")
    except BaseException:
        file.close()
        raise
    return DirtyFile(file, places, broken)


def _lines(file: IO[bytes]) -> Iterator[tuple[bytes, int]]:
    """Yields each line and its size; of a line that is too long for a record, the beginning."""
    while line := file.readline(MOST_RECORD):
        size = len(line)
        while not line.endswith(b"\n") and (more := file.readline(MOST_RECORD)):
            size += len(more)
            if more.endswith(b"\n"):
                break
        yield line, size


def _read(line: bytes) -> tuple[str | None, bool]:
    """Returns the key, and whether the line sets its value or deletes it."""
    try:
        record = loads(line)
    except BadJson:
        return None, False
    key = record.get("key") if isinstance(record, dict) else None
    if not isinstance(key, str):
        return None, False
    return from_units(key), record.get("val") is not None


def _key_of(text: bytes) -> str:
    try:
        return from_units(loads(text))
    except BadJson:
        return "a key that cannot be read"


def _value(record: Any) -> Any:
    """Returns the value, which some versions encode as JSON twice."""
    value = record["val"]
    if isinstance(value, str) and value[:1] in ("{", "[", '"'):
        try:
            return loads(from_units(value))
        except BadJson:
            return value
    return value

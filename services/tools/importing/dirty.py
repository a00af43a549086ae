"""Etherpad's `dirty.db`: a file with a line for each change, of which the last one counts."""

from pathlib import Path
from typing import Any

from padfleet.shared.easysync import from_units
from padfleet.shared.etherpad.jsonfile import IndexedFile, JsonPlace
from padfleet.shared.etherpad.records import BadRecord
from padfleet.shared.wire.jsontext import BadJson, loads


def open_dirty(path: Path) -> IndexedFile:
    """Reads through the file once, to find the lines that count. Raises OSError, and `BadRecord`
    for what is no such file."""
    file = path.open("rb")
    places: dict[str, JsonPlace] = {}
    offset = good = bad = 0
    try:
        for line in file:
            size = len(line)
            if line.strip():
                key, there = _read(line)
                if key is None:
                    # A line that was being written when Etherpad was killed, for one.
                    bad += 1
                elif there:
                    places[key] = JsonPlace(offset, size)
                    good += 1
                else:
                    places.pop(key, None)
                    good += 1
            offset += size
        if bad > good:
            raise BadRecord(f"{path} is not a dirty.db: {bad} of its lines are not records")
    except BaseException:
        file.close()
        raise
    return IndexedFile(file, places, _value)


def _read(line: bytes) -> tuple[str | None, bool]:
    """The key, and whether the line gives it a value or takes it away."""
    try:
        record = loads(line)
    except BadJson:
        return None, False
    key = record.get("key") if isinstance(record, dict) else None
    if not isinstance(key, str):
        return None, False
    return from_units(key), record.get("val") is not None


def _value(record: Any) -> Any:
    """Some versions write the value as JSON once more."""
    value = record["val"]
    if isinstance(value, str) and value[:1] in ("{", "[", '"'):
        try:
            return loads(from_units(value))
        except BadJson:
            return value
    return value

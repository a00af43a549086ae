"""Reads files of recorded cases: one JSON object per line, gzipped or not."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

_GZIP_MAGIC: Final = b"\x1f\x8b"


class CaseUnreadable(Exception):
    """The file cannot be read. The text says why."""


class CaseLine(NamedTuple):
    """A line of the file: its content, or what is wrong with it."""

    number: int  #: from 1
    case: Any
    error: str | None


def read_cases(path: Path) -> Iterator[CaseLine]:
    """Yields the lines of the file that are not blank. Its first bytes say whether it is gzipped.
    Raises `CaseUnreadable`."""
    try:
        with path.open("rb") as file:
            gzipped = file.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
            file.seek(0)
            source = gzip.GzipFile(fileobj=file) if gzipped else file
            for number, line in enumerate(source, start=1):
                if line.strip():
                    yield _read_line(number, line)
    except OSError as error:
        raise CaseUnreadable(f"{path}: {error.strerror or error}") from error
    except (EOFError, zlib.error) as error:
        raise CaseUnreadable(f"{path}: broken gzip data: {error}") from error


def _read_line(number: int, line: bytes) -> CaseLine:
    try:
        return CaseLine(number, json.loads(line), None)
    except UnicodeDecodeError as error:
        return CaseLine(number, None, f"not UTF-8: {error.reason}")
    except json.JSONDecodeError as error:
        return CaseLine(number, None, f"not JSON: {error.msg} at column {error.colno}")
    except (RecursionError, ValueError) as error:
        return CaseLine(number, None, f"not JSON that can be read: {error}")

"""Writes an archive under a temporary name, so that a file under its own name is complete."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from padfleet.shared.archive.entries import ArchiveEnd, Entry, PadDone, to_value
from padfleet.shared.archive.frames import FrameWriter


class NotWritten(Exception):
    """The file could not be written. This is not an OSError, which connections raise too."""


class ArchiveWriter:
    """Appends entries; `finish` marks the end."""

    def __init__(self, file: BinaryIO) -> None:
        self._frames = FrameWriter(file)
        self.pads = 0

    def write(self, entry: Entry) -> None:
        """Appends an entry. Raises `NotWritten`."""
        self.pads += isinstance(entry, PadDone)
        with _file_errors():
            self._frames.write(to_value(entry))

    def finish(self) -> None:
        """Marks the end. Raises `NotWritten`."""
        self.write(ArchiveEnd(self.pads))


@contextmanager
def new_archive(path: Path) -> Iterator[ArchiveWriter]:
    """Yields an archive that appears at `path`, in place of what was there, when the block ends
    without an error; otherwise nothing does. Raises `NotWritten`."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with _file_errors():
        # The file contains names, texts and perhaps tokens, so nobody else may read it.
        fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with _file_errors():
            file = os.fdopen(fd, "wb")
        with file:
            writer = ArchiveWriter(file)
            yield writer
            writer.finish()
            with _file_errors():
                file.flush()
                os.fsync(fd)
        with _file_errors():
            part.replace(path)
            _sync_folder(path.parent)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _sync_folder(folder: Path) -> None:
    """Syncs the folder, since the name has to be on the disk too."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


@contextmanager
def _file_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise NotWritten(str(error)) from error

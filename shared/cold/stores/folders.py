"""This module makes, cleans, syncs and lists the folders of a cold store in a directory."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

LEFT_OVER_S: Final = 3600.0
"""The age in seconds of an unfinished file after which the process that began it is presumed
dead."""

OURS: Final = ".padfleet"
"""The directory for locks and unfinished files. Its existence shows that the parent directory is a
cold store: one whose disk is not mounted is empty, and must not pass for a store without pads."""

NOT_THERE: Final = (FileNotFoundError, NotADirectoryError)


def begin(folder: Path) -> None:
    """Makes a directory a cold store, unless it already is one."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if (folder / OURS / "locks").is_dir():
        return
    if any(path.name != OURS for path in folder.iterdir()):
        raise ValueError(f"{folder} is not a cold store, and not empty: name another directory")
    for path in (folder / OURS, folder / OURS / "new", folder / OURS / "locks"):
        path.mkdir(mode=0o700, exist_ok=True)
        sync_folder(path.parent)


def clean(folder: Path) -> None:
    """Removes unfinished files of processes that were killed."""
    with suppress(OSError):
        for path in folder.iterdir():
            with suppress(OSError):
                if path.stat().st_mtime < time.time() - LEFT_OVER_S:
                    path.unlink()


def walk(folder: Path, stem: str, prefix: str, after: str) -> Iterator[str]:
    """Yields the names below the folder, whose own name is `stem`; only the names of one folder at
    a time are held in memory."""
    try:
        with os.scandir(folder) as entries:
            # With a slash at its end, a folder sorts where the names in it do.
            found = sorted(
                entry.name + "/" * entry.is_dir(follow_symlinks=False)
                for entry in entries
                if not entry.name.startswith(".")
            )
    except NOT_THERE:
        return
    for entry in found:
        name = stem + entry
        if not name.endswith("/"):
            if name > after and name.startswith(prefix):
                yield name
        elif (name.startswith(prefix) or prefix.startswith(name)) and (
            name > after or after.startswith(name)
        ):
            yield from walk(folder / entry, name, prefix, after)


def sync_folder(folder: str | Path) -> None:
    """Syncs the folder, since the names in it have to be on the disk too."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)

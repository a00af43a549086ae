"""A directory with one file for each pad: where backups go, and where they come back from."""

import os
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from urllib.parse import quote

from padfleet.services.tools.backup.take import head_of
from padfleet.shared.archive.frames import BadArchive
from padfleet.shared.archive.reading import first_pad
from padfleet.shared.log.connect import Redis
from padfleet.shared.log.history import read_meta
from padfleet.shared.log.keys import Keyspace

SUFFIX = ".padfleet"


def file_of(folder: Path, pad_id: str) -> Path:
    """Where the pad's file belongs. Readable as far as it goes; the hash keeps apart what file
    systems take for the same, and what is too long for them."""
    digest = blake2b(pad_id.encode(), digest_size=6).hexdigest()
    return folder / f"{quote(pad_id, safe='')[:100]}~{digest}{SUFFIX}"


def means_folder(given: str) -> bool:
    """Whether the name that somebody gave is that of a directory: of one that is there, or one that
    ends in a slash."""
    return given.endswith(os.sep) or Path(given).is_dir()


def backups_in(path: Path) -> list[Path] | None:
    """The backups in the directory, in the order of their names; None if it is no directory.
    Raises OSError, and ValueError if there are none."""
    if not path.is_dir():
        return None
    files = sorted(file for file in path.iterdir() if file.name.endswith(SUFFIX))
    if not files:
        raise ValueError(f"there is no backup in {path}: no file that ends in {SUFFIX}")
    return files


async def already_there(redis: Redis, keyspace: Keyspace, pad_id: str, path: Path) -> bool:
    """Whether the file is of the pad as it is now: so a run that broke off is gone on with, and the
    next one costs only what has changed. That files are whole is for `padfleet verify --backup`:
    they get their names when they are."""
    with suppress(BadArchive, FileNotFoundError):
        kept, keys = first_pad(path), keyspace.pad(pad_id)
        return kept == await head_of(redis, keys, pad_id, await read_meta(redis, keys))
    return False

"""A directory with one backup for each pad."""

import os
from hashlib import blake2b
from pathlib import Path
from urllib.parse import quote

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

"""Manages a directory with one backup for each pad."""

import os
from hashlib import blake2b
from pathlib import Path
from urllib.parse import quote

SUFFIX = ".padfleet"


def file_of(folder: Path, pad_id: str) -> Path:
    """Returns the path of the pad's file. It is readable as far as it goes; the hash distinguishes
    ids that file systems treat as the same or that are too long for them."""
    digest = blake2b(pad_id.encode(), digest_size=6).hexdigest()
    return folder / f"{quote(pad_id, safe='')[:100]}~{digest}{SUFFIX}"


def means_folder(given: str) -> bool:
    """Returns whether the name that was given means a directory: one that exists, or one that ends
    in a slash."""
    return given.endswith(os.sep) or Path(given).is_dir()


def backups_in(path: Path) -> list[Path] | None:
    """Returns the backups in the directory, sorted by name; None if it is not a directory. Raises
    OSError, and ValueError if there are none. What is there by such a name and is no file, such as
    a pipe, from which nothing might ever come, is left out."""
    if not path.is_dir():
        return None
    named = [file for file in path.iterdir() if file.name.endswith(SUFFIX)]
    files = sorted(file for file in named if file.is_file() or not file.exists())
    if not files:
        raise ValueError(f"there is no backup in {path}: no file that ends in {SUFFIX}")
    return files

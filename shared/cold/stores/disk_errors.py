"""This module says what an error of the file system means for a cold store in a directory."""

import errno
import os
from pathlib import Path
from typing import Final

from padfleet.shared.cold.errors import (
    StoreAway,
    StoreFull,
    StoreMissing,
    StoreReadOnly,
    StoreRefuses,
)

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EMLINK})
_REFUSED: Final = frozenset({errno.EACCES, errno.EPERM})
_NO_DIRECTORY: Final = frozenset({errno.ENOTDIR, errno.EEXIST, errno.ENOENT})


def told(error: OSError, folder: Path) -> StoreAway:
    """Returns the error of the store that this one of the file system is."""
    said = error.strerror or str(error)
    if error.errno in _FULL:
        return StoreFull(f"{folder}: {said}")
    if error.errno == errno.EROFS:
        return StoreReadOnly(f"{folder}: its file system is mounted read-only")
    if error.errno in _REFUSED:
        what = f" ({error.filename})" if error.filename else ""
        return StoreRefuses(
            f"{folder}: the user with the number {os.geteuid()}, as which this process runs, may "
            f"not use it: {said}{what}"
        )
    if error.errno in _NO_DIRECTORY:
        return StoreMissing(f"{folder} cannot be a directory: {_why_not(folder)}")
    return StoreAway(f"{folder}: {error}")


def _why_not(folder: Path) -> str:
    """Returns why a directory does not exist and cannot be made."""
    for path in (folder, *folder.parents):
        if path.is_dir():
            return f"none can be made in {path}, which is no ordinary file system"
        if path.exists():
            return f"{path} is a file"
    return "nothing of its path is there"

"""This module reads and writes the files of a cold store in a directory: what its threads do."""

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from threading import Lock
from typing import Final

from padfleet.shared.cold.errors import Overwritten, StoreAway, StoreMissing
from padfleet.shared.cold.store import ColdVersion, StoredObject
from padfleet.shared.cold.stores.disk_errors import told
from padfleet.shared.cold.stores.folders import (
    NOT_THERE,
    OURS,
    begin,
    clean,
    sync_folder,
    walk,
)

STRIPES: Final = 256
"""The number of locks over which names are spread."""


@dataclass(slots=True)
class Put:
    """A file that is to be put in the place of another, or of none."""

    name: str
    data: bytes
    over: ColdVersion | None
    outcome: ColdVersion | Exception = ""  #: its new version, or why it was not put
    part: str = ""  #: where it is written first
    fd: int = -1


class Disk:
    """The files below one directory, each named after what it contains.

    Every call may raise `StoreAway`. A file is written under a temporary name, synced to the disk,
    and renamed; then its directory is synced. Its version is a hash of its content. Looking and
    putting are one step for all who use the same lock, which is also a file.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._root = str(folder)
        self._new = folder / OURS / "new"
        # Where file locks are emulated, as by NFS, they belong to the process and not to the
        # thread.
        self._locks = [Lock() for _ in range(STRIPES)]

    # --- One file --------------------------------------------------------------------------------

    def get(self, name: str) -> StoredObject | None:
        with self._errors():
            try:
                data, at = _read(self._path(name))
            except NOT_THERE:
                self._check_mounted()
                return None
            return StoredObject(data, _version(data), at)

    def delete(self, name: str, over: ColdVersion | None) -> None:
        """Raises `Overwritten`."""
        path = self._path(name)
        folder = _folder_of(path)
        with self._errors():
            with self._locked(name):
                if over is not None:
                    self._check_version(path, over)
                try:
                    Path(path).unlink()
                except NOT_THERE:
                    return
                self._sync_names(folder)
            # This removes a folder that was for this file alone. A folder for many files is hardly
            # ever empty, and if it is, the next put creates it again.
            with suppress(OSError):
                Path(folder).rmdir()

    # --- Many files ------------------------------------------------------------------------------

    def put(self, puts: Sequence[Put]) -> None:
        """Puts files, each of which succeeds or fails by itself: its `outcome` says so. What a disk
        has to do for many files before any of them is safe, it does once."""
        self._each(puts, self._write)
        self._each(puts, self._sync)
        self._each(puts, self._place)
        folders: dict[str, list[Put]] = {}
        for put in puts:
            if not isinstance(put.outcome, Exception):
                folders.setdefault(_folder_of(self._path(put.name)), []).append(put)
        for folder, files in folders.items():
            try:
                with self._errors():
                    self._sync_names(folder)
            except StoreAway as error:
                for put in files:
                    put.outcome = error

    def _each(self, puts: Sequence[Put], step: Callable[[Put], None]) -> None:
        for put in puts:
            if isinstance(put.outcome, Exception):
                continue
            try:
                with self._errors():
                    step(put)
            except Exception as error:
                put.outcome = error
                with suppress(OSError):
                    if put.fd >= 0:
                        os.close(put.fd)
                with suppress(OSError):
                    Path(put.part).unlink()

    def _write(self, put: Put) -> None:
        put.part = f"{self._root}/{OURS}/new/{os.getpid()}-{secrets.token_hex(8)}"
        # The file contains names and texts, so nobody else may read it.
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        put.fd = os.open(put.part, flags, 0o600)
        left = memoryview(put.data)
        while left:
            left = left[os.write(put.fd, left) :]

    def _sync(self, put: Put) -> None:
        os.fsync(put.fd)
        fd, put.fd = put.fd, -1
        os.close(fd)

    def _place(self, put: Put) -> None:
        path = self._path(put.name)
        with self._locked(put.name):
            self._check_version(path, put.over)
            self._move(put.part, path)
        put.outcome = _version(put.data)

    def _check_version(self, path: str, over: ColdVersion | None) -> None:
        try:
            # Where nothing may exist, the content of what does exist is irrelevant.
            there = None if over is None and not Path(path).exists() else _version(_read(path)[0])
        except NOT_THERE:
            there = None
        if there != over:
            raise Overwritten(f"somebody else has put or deleted {path.rpartition('/')[2]}")

    def _move(self, part: str, path: str) -> None:
        while True:
            try:
                os.replace(part, path)  # noqa: PTH105 - a path object costs as much as the call
            except NOT_THERE:
                # The folder is not there yet; or the last file in it was deleted meanwhile, and the
                # folder with it.
                if not Path(part).exists():
                    raise
                self._make_room_for(Path(path))
            else:
                return

    def _make_room_for(self, path: Path) -> None:
        self._check_mounted()
        missing = []
        folder = path.parent
        while not folder.is_dir():
            missing.append(folder)
            folder = folder.parent
        with suppress(FileNotFoundError):  # deleted again, because it was empty
            for folder in reversed(missing):
                folder.mkdir(mode=0o700, exist_ok=True)
                sync_folder(folder.parent)

    def _sync_names(self, folder: str) -> None:
        """Syncs the folder, in which something has been put or deleted. Somebody else may have
        deleted the last file in it meanwhile, and the folder with it: then the one that it was in
        is synced."""
        while True:
            try:
                return sync_folder(folder)
            except NOT_THERE:
                self._check_mounted()
                folder = _folder_of(folder)

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        stripe = blake2b(name.encode(), digest_size=1).digest()[0]
        path = f"{self._root}/{OURS}/locks/{stripe:02x}"
        with self._locks[stripe]:
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX)
                yield
            finally:
                os.close(fd)  # which releases the lock

    # --- All of them -----------------------------------------------------------------------------

    def names(self, prefix: str, after: str) -> Iterator[str]:
        with self._errors():
            self._check_mounted()
            yield from walk(self._folder, "", prefix, after)

    def begin(self, *, known: bool) -> None:
        """Makes the directory a cold store, unless it already is one, and removes unfinished files
        of processes that were killed. It is created if it does not exist or is empty, but not if it
        is `known` to have pads: then every call fails until its disk is mounted. Raises ValueError
        for a directory that contains something else."""
        if not known:
            try:
                begin(self._folder)
            except OSError as error:
                raise told(error, self._folder) from error
        clean(self._new)

    def _check_mounted(self) -> None:
        if not self._new.is_dir():
            raise StoreMissing(
                f"{self._folder} is no longer a cold store: is its disk mounted on this machine?"
            )

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except StoreAway:
            raise
        except NOT_THERE as error:
            # Files that may be missing are handled where they are looked for.
            self._check_mounted()
            raise StoreAway(f"{self._folder}: {error}") from error
        except OSError as error:
            raise told(error, self._folder) from error


def _read(path: str) -> tuple[bytes, float]:
    """Returns the content of a file, and when it was put, in Unix seconds."""
    # Half the system calls of a file object: each put reads what it replaces.
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        status = os.fstat(fd)
        data = os.read(fd, status.st_size + 1)
        while len(data) < status.st_size and (more := os.read(fd, status.st_size - len(data))):
            data += more
        return data, status.st_mtime
    finally:
        os.close(fd)


def _folder_of(path: str) -> str:
    return path.rpartition("/")[0]


def _version(data: bytes) -> str:
    return blake2b(data, digest_size=16).hexdigest()

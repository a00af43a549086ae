"""This module implements a cold store in a directory, which several processes may use at once, on
one machine or on several that share a file system."""

import asyncio
import errno
import fcntl
import os
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Final, ParamSpec, TypeVar

from padfleet.shared.cold.errors import Overwritten, StoreAway, StoreFull
from padfleet.shared.cold.store import ColdVersion, Stored, check_name

THREADS: Final = 8
"""How many files one process writes or reads at once. This is done in separate threads, so that a
disk that hangs does not keep the rest of the process from its threads."""

LISTED_AT_ONCE: Final = 500
"""How many names are read in one turn of a thread."""

STRIPES: Final = 256
"""The number of locks over which names are spread."""

LEFT_OVER_S: Final = 3600.0
"""The age in seconds of an unfinished file after which the process that began it is presumed
dead."""

OURS: Final = ".padfleet"
"""The directory for locks and unfinished files. Its existence shows that the parent directory is a
cold store: one whose disk is not mounted is empty, and must not pass for a store without pads."""

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EMLINK})
_NOT_THERE: Final = (FileNotFoundError, NotADirectoryError)

P = ParamSpec("P")
T = TypeVar("T")


class FileStore:
    """Implements `ColdStore`: the files below one directory, each named after what it contains.

    A file is written under a temporary name, synced to the disk, and renamed; then its directory is
    synced. Its version is a hash of its content. Looking and putting are one step for all who use
    the same lock, which is also a file.
    """

    @classmethod
    def at(cls, folder: Path, *, known: bool = False) -> "FileStore":
        """Opens the directory. It is created if it does not exist or is empty, unless it is `known`
        to have pads.

        Raises `StoreAway`, and ValueError for a directory that contains something else.
        """
        store = cls(folder)
        try:
            if known:
                store._check_mounted()
            else:
                _begin(folder)
        except StoreAway:
            raise
        except OSError as error:
            raise StoreAway(f"cannot use {folder} as a cold store: {error.strerror}") from error
        store._clean()
        return store

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._new = folder / OURS / "new"
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="cold-files")
        # Where file locks are emulated, as by NFS, they belong to the process and not to the
        # thread.
        self._locks = [Lock() for _ in range(STRIPES)]

    # --- As coroutines ---------------------------------------------------------------------------

    async def get(self, name: str) -> Stored | None:
        check_name(name)
        return await self._aside(self._get, name)

    async def put(self, name: str, data: bytes, *, over: ColdVersion | None) -> str:
        check_name(name)
        if not data:
            raise ValueError("nothing to put")
        return await self._aside(self._put, name, data, over)

    async def delete(self, name: str, *, over: ColdVersion | None) -> None:
        check_name(name)
        await self._aside(self._delete, name, over)

    async def names(self, prefix: str, after: str = "") -> AsyncIterator[str]:
        found = self._names(prefix, after)
        while page := await self._aside(lambda: list(islice(found, LISTED_AT_ONCE))):
            for name in page:
                yield name

    async def aclose(self) -> None:
        # This does not wait, since a disk that hangs would keep the process from ending.
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _aside(self, do: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        def done() -> T:
            with self._file_errors():
                return do(*args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._threads, done)

    @contextmanager
    def _file_errors(self) -> Iterator[None]:
        try:
            yield
        except StoreAway:
            raise
        except OSError as error:
            if error.errno in _FULL:
                raise StoreFull(f"{self._folder}: {error.strerror}") from error
            raise StoreAway(f"{self._folder}: {error}") from error

    # --- In a thread -----------------------------------------------------------------------------

    def _get(self, name: str) -> Stored | None:
        try:
            with (self._folder / name).open("rb") as file:
                data = file.read()
                return Stored(data, _version(data), os.fstat(file.fileno()).st_mtime)
        except _NOT_THERE:
            self._check_mounted()
            return None

    def _put(self, name: str, data: bytes, over: ColdVersion | None) -> str:
        path = self._folder / name
        part = self._new / f"{os.getpid()}-{secrets.token_hex(8)}"
        try:
            # The file contains names and texts, so nobody else may read it.
            fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(fd, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(fd)
            with self._locked(name):
                self._check_version(path, over)
                self._move(part, path)
                _sync_folder(path.parent)
        except BaseException:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise
        return _version(data)

    def _delete(self, name: str, over: ColdVersion | None) -> None:
        path = self._folder / name
        with self._locked(name):
            if over is not None:
                self._check_version(path, over)
            try:
                path.unlink()
            except _NOT_THERE:
                return
            _sync_folder(path.parent)
        # This removes a folder that was for this file alone. A folder for many files is hardly ever
        # empty, and if it is, the next put creates it again.
        with suppress(OSError):
            path.parent.rmdir()

    def _check_version(self, path: Path, over: ColdVersion | None) -> None:
        try:
            # Where nothing may exist, the content of what does exist is irrelevant.
            there = None if over is None and not path.exists() else _version(path.read_bytes())
        except _NOT_THERE:
            there = None
        if there != over:
            raise Overwritten(f"somebody else has put or deleted {path.name}")

    def _move(self, part: Path, path: Path) -> None:
        while True:
            self._make_room_for(path)
            try:
                part.replace(path)
            except FileNotFoundError:
                # The last file in this folder was deleted meanwhile, and the folder with it.
                if not part.exists():
                    raise
            else:
                return

    def _names(self, prefix: str, after: str) -> Iterator[str]:
        self._check_mounted()
        yield from _walk(self._folder, "", prefix, after)

    def _check_mounted(self) -> None:
        if not self._new.is_dir():
            raise StoreAway(
                f"{self._folder} is no longer a cold store: is its disk mounted on this machine?"
            )

    def _make_room_for(self, path: Path) -> None:
        missing = []
        folder = path.parent
        while not folder.is_dir():
            missing.append(folder)
            folder = folder.parent
        if missing or folder == self._folder:
            self._check_mounted()
        with suppress(FileNotFoundError):  # deleted again, because it was empty
            for folder in reversed(missing):
                folder.mkdir(mode=0o700, exist_ok=True)
                _sync_folder(folder.parent)

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        stripe = blake2b(name.encode(), digest_size=1).digest()[0]
        path = self._folder / OURS / "locks" / f"{stripe:02x}"
        with self._locks[stripe]:
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX)
                yield
            finally:
                os.close(fd)  # which releases the lock

    def _clean(self) -> None:
        """Removes unfinished files of processes that were killed."""
        with suppress(OSError):
            for path in self._new.iterdir():
                with suppress(OSError):
                    if path.stat().st_mtime < time.time() - LEFT_OVER_S:
                        path.unlink()


def _begin(folder: Path) -> None:
    """Makes a directory a cold store, unless it already is one."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if (folder / OURS / "locks").is_dir():
        return
    if any(path.name != OURS for path in folder.iterdir()):
        raise ValueError(f"{folder} is not a cold store, and not empty: name another directory")
    for path in (folder / OURS, folder / OURS / "new", folder / OURS / "locks"):
        path.mkdir(mode=0o700, exist_ok=True)
        _sync_folder(path.parent)


def _walk(folder: Path, stem: str, prefix: str, after: str) -> Iterator[str]:
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
    except _NOT_THERE:
        return
    for entry in found:
        name = stem + entry
        if not name.endswith("/"):
            if name > after and name.startswith(prefix):
                yield name
        elif (name.startswith(prefix) or prefix.startswith(name)) and (
            name > after or after.startswith(name)
        ):
            yield from _walk(folder / entry, name, prefix, after)


def _version(data: bytes) -> str:
    return blake2b(data, digest_size=16).hexdigest()


def _sync_folder(folder: Path) -> None:
    """Syncs the folder, since the names in it have to be on the disk too."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)

"""Locks the directory of an embedded server, so that one server at a time uses it."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Final

from padfleet.shared.pids import is_alive

_LOCK_NAME: Final = "padfleet.lock"

# How long the server of a killed `padfleet up` may take to write its last data and go.
_LEAVING_S: Final = 10.0


class DataDirBusy(Exception):
    """Another server uses the directory, or it cannot be used; the text says which."""


class DataDirLock:
    """An exclusive lock on a data directory, held until it is closed.

    It is a flock, so the kernel lets go of it however the holder ends; a file with a PID would
    outlive a crash. The descriptor is meant to be inherited by the server: the lock then lasts as
    long as the server does, should it survive its parent by a moment.
    """

    def __init__(self, directory: Path) -> None:
        """Takes the lock, creating the directory if need be. Raises `DataDirBusy` if it cannot be
        taken."""
        try:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.fd = os.open(directory / _LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise DataDirBusy(
                f"cannot use {directory} for data: {error.strerror}; name another with --data"
            ) from None
        try:
            self._take(directory)
            os.ftruncate(self.fd, 0)
            os.pwrite(self.fd, f"{os.getpid()}\n".encode(), 0)
        except BaseException:
            os.close(self.fd)
            raise

    def _take(self, directory: Path) -> None:
        deadline = time.monotonic() + _LEAVING_S
        while True:
            try:
                fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                holder = self._holder()
                # One that has not written its number yet has only just come.
                lives = holder is None or is_alive(holder)
                if lives or time.monotonic() > deadline:
                    who = f"process {holder}" if holder else "another process"
                    raise DataDirBusy(
                        f"{directory} is in use by {who}: stop that one, "
                        "or name another directory with --data"
                    ) from None
                # Its parent is gone, so the server that inherited the lock is on its way out.
                time.sleep(0.05)

    def _holder(self) -> int | None:
        text = os.pread(self.fd, 32, 0).strip()
        return int(text) if text.isdigit() else None

    def close(self) -> None:
        os.close(self.fd)

    def __enter__(self) -> DataDirLock:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

"""Replaces the clocks, chance, and everything that would leave the process.

It has to be imported and put on (`put_on`) before anything that imports names from `time` or
`random`: `from time import monotonic` then gets ours. Without a world, ours ask the true ones.
"""

from __future__ import annotations

import datetime as datetime_module
import functools
import gc
import importlib.metadata
import os
import random
import socket
import threading
import time
import uuid
import warnings
from typing import Any, Final, Protocol

FIRST_FD: Final = 1 << 20
"""The lowest descriptor of a simulated socket; no true one is that large."""


class NotSimulated(RuntimeError):
    """The program has asked for something that the simulation does not have."""


class World(Protocol):
    """The interface of what is behind the disguise."""

    def wall(self) -> float:
        """Returns seconds since 1970 by the clock of the present host."""

    def monotonic(self) -> float: ...
    def random_bytes(self, count: int) -> bytes: ...
    def host_name(self) -> str: ...
    def pid(self) -> int: ...
    def write(self, fd: int, data: bytes) -> int: ...
    def duplicate(self, fd: int) -> int: ...
    def make_socket(self, fileno: int | None) -> Any: ...


_world: World | None = None
_worn = False

_true_time, _true_time_ns = time.time, time.time_ns
_true_monotonic, _true_monotonic_ns = time.monotonic, time.monotonic_ns
_true_process_time = time.process_time
_true_urandom = os.urandom
_true_write, _true_dup, _true_close, _true_getpid = os.write, os.dup, os.close, os.getpid
_true_hostname = socket.gethostname
_true_socket = socket.socket
_true_datetime = datetime_module.datetime
_true_seed = random.Random.seed
_true_thread_start = threading.Thread.start


def true_monotonic() -> float:
    """Returns the machine's own clock, which measures how long a run takes."""
    return _true_monotonic()


def true_random_bytes(count: int) -> bytes:
    return _true_urandom(count)


def true_pid() -> int:
    return _true_getpid()


def true_process_time() -> float:
    """Returns the machine's own count of processor time, which measures what a run costs."""
    return _true_process_time()


def enter(world: World | None) -> None:
    """Makes clocks and chance those of this world; with None, they are the machine's again."""
    global _world
    _world = world
    if world is not None and _worn:
        random.seed(int.from_bytes(world.random_bytes(16), "big"))


def put_on() -> None:
    """Puts the disguise on, once per process. The process is then for simulations only."""
    global _worn
    if _worn:
        return
    _worn = True
    random.seed(0)  # some modules throw dice when they are imported
    # C modules that know the true class warn about ours; they use what both have in common.
    warnings.filterwarnings("ignore", message="datetime.datetime size changed")
    time.time, time.time_ns = _time, _time_ns
    time.monotonic, time.monotonic_ns = _monotonic, _monotonic_ns
    time.perf_counter, time.perf_counter_ns = _monotonic, _monotonic_ns
    time.process_time = time.thread_time = _process_time
    os.urandom = _urandom
    random._urandom = _urandom  # type: ignore[attr-defined]  # of SystemRandom, so of `secrets`
    random.Random.seed = _seed  # type: ignore[method-assign]
    uuid.uuid1 = uuid.uuid4  # type: ignore[assignment]
    os.write, os.dup, os.getpid = _write, _dup, _getpid
    os.close = _close  # type: ignore[assignment]
    socket.gethostname = _hostname
    socket.socket = _Socket  # type: ignore[misc]
    datetime_module.datetime = _Datetime  # type: ignore[misc]
    threading.Thread.start = _start_thread  # type: ignore[method-assign]
    # redis-py reads its own version from the disk for each pool, which is a thirtieth of a run.
    importlib.metadata.version = functools.cache(importlib.metadata.version)
    gc.collect = lambda *_: 0
    gc.freeze = lambda: None


# --- Clocks --------------------------------------------------------------------------------------


def _time() -> float:
    return _true_time() if _world is None else _world.wall()


def _time_ns() -> int:
    return _true_time_ns() if _world is None else round(_world.wall() * 1e9)


def _monotonic() -> float:
    return _true_monotonic() if _world is None else _world.monotonic()


def _monotonic_ns() -> int:
    return _true_monotonic_ns() if _world is None else round(_world.monotonic() * 1e9)


def _process_time() -> float:
    """Returns 0, since code takes no processor time in a simulation."""
    return _true_process_time() if _world is None else 0.0


class _AnyDatetime(type):
    """Makes instances of the true class count as instances of ours."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _true_datetime)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, _true_datetime)


class _Datetime(_true_datetime, metaclass=_AnyDatetime):
    @classmethod
    def now(cls, tz: datetime_module.tzinfo | None = None) -> Any:
        return _true_datetime.fromtimestamp(_time(), tz)

    @classmethod
    def utcnow(cls) -> Any:
        return _true_datetime.fromtimestamp(_time(), datetime_module.UTC).replace(tzinfo=None)

    @classmethod
    def today(cls) -> Any:
        return _true_datetime.fromtimestamp(_time())


# --- Chance --------------------------------------------------------------------------------------


def _urandom(count: int, /) -> bytes:
    """Returns random bytes. Before there is a world, when modules are imported, they are always the
    same: what a module draws does not depend on the modules imported before it."""
    return random.Random(0).randbytes(count) if _world is None else _world.random_bytes(count)


def _seed(self: random.Random, a: Any = None, version: int = 2) -> None:
    """Seeds a generator. Without a seed, Python's own asks the kernel directly, and not
    `os.urandom`."""
    if a is None:
        a = int.from_bytes(_urandom(16), "big")
    _true_seed(self, a, version)


# --- What would leave the process ----------------------------------------------------------------


def _write(fd: int, data: Any, /) -> int:
    if fd >= FIRST_FD and _world is not None:
        return _world.write(fd, data)
    return _true_write(fd, data)


def _dup(fd: int, /) -> int:
    if fd >= FIRST_FD and _world is not None:
        return _world.duplicate(fd)
    return _true_dup(fd)


def _close(fd: int, /) -> None:
    if fd < FIRST_FD:
        _true_close(fd)


def _getpid() -> int:
    return _true_getpid() if _world is None else _world.pid()


def _hostname() -> str:
    return _true_hostname() if _world is None else _world.host_name()


class _AnySocket(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _true_socket) or hasattr(instance, "is_simulated")

    def __call__(cls, *args: Any, **options: Any) -> Any:
        if _world is None:
            return _true_socket(*args, **options)
        return _world.make_socket(options.get("fileno", args[3] if len(args) > 3 else None))


class _Socket(_true_socket, metaclass=_AnySocket):
    pass


def _start_thread(self: threading.Thread) -> None:
    if _world is None:
        _true_thread_start(self)
        return
    raise NotSimulated(
        f"the thread {self.name!r} was to be started: in a simulation nothing runs beside the "
        "event loop; use asyncio.to_thread, which is run in line"
    )

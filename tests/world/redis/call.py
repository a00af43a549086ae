"""What commands are made of: each takes a `Call` and the arguments after its name.

A command that writes puts what it has done into `call.effects`, in a form that has the same effect
wherever and whenever it is repeated: this is what replicas and the append-only file get.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from tests.world.redis.store import (
    WRONG_TYPE,
    CommandError,
    Hash,
    SortedSet,
    Store,
    Stream,
)

Reply = Any
"""A reply: bytes, int, None, list, or `Status`."""


class Status(str):
    """A simple string."""

    __slots__ = ()


OK: Final = Status("OK")


@dataclass(slots=True)
class Call:
    """One command, or one script, on one server."""

    store: Store
    now_ms: int
    effects: list[tuple[bytes, ...]] = field(default_factory=list)
    published: list[tuple[bytes, bytes]] = field(default_factory=list)
    info: Callable[[list[bytes]], bytes] = lambda _: b""
    listeners: Callable[[bytes], int] = lambda _: 0
    """Returns how many clients have subscribed to a channel."""

    def touched(self, *effect: bytes) -> None:
        self.effects.append(effect)

    def hash(self, key: bytes) -> Hash | None:
        value = self.store.look(key, self.now_ms)
        if value is not None and not isinstance(value, dict):
            raise CommandError(WRONG_TYPE)
        return value

    def text(self, key: bytes) -> bytes | None:
        value = self.store.look(key, self.now_ms)
        if value is not None and not isinstance(value, bytes):
            raise CommandError(WRONG_TYPE)
        return value

    def stream(self, key: bytes) -> Stream | None:
        value = self.store.look(key, self.now_ms)
        if value is not None and not isinstance(value, Stream):
            raise CommandError(WRONG_TYPE)
        return value

    def list(self, key: bytes) -> list[bytes] | None:
        value = self.store.look(key, self.now_ms)
        if value is not None and not isinstance(value, list):
            raise CommandError(WRONG_TYPE)
        return value

    def sorted(self, key: bytes) -> SortedSet | None:
        value = self.store.look(key, self.now_ms)
        if value is not None and not isinstance(value, SortedSet):
            raise CommandError(WRONG_TYPE)
        return value


Command = Callable[[Call, list[bytes]], Reply]
DEFINED: Final[dict[str, tuple[Command, int, bool]]] = {}
"""The commands by name that `command` has noted: the function, the least number of arguments, and
whether it writes."""


def command(name: str, least: int, *, writes: bool = False) -> Callable[[Command], Command]:
    def keep(call: Command) -> Command:
        DEFINED[name] = (call, least, writes)
        return call

    return keep


def integer(text: bytes) -> int:
    try:
        number = int(text)
        if b"%d" % number != text or not -(1 << 63) <= number < 1 << 63:
            raise ValueError
    except ValueError:
        raise CommandError("ERR value is not an integer or out of range") from None
    return number


SYNTAX: Final = "ERR syntax error"

"""Implements the commands about keys, whatever they hold."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from tests.world.redis.call import OK, SYNTAX, Call, Command, Reply, Status, command, integer
from tests.world.redis.store import CommandError, Stream


def _delete(call: Call, args: list[bytes]) -> int:
    gone = [
        key
        for key in args
        if call.store.look(key, call.now_ms) is not None and call.store.drop(key)
    ]
    if gone:
        call.touched(b"DEL", *gone)
    return len(gone)


command("DEL", 1, writes=True)(_delete)
command("UNLINK", 1, writes=True)(_delete)


@command("EXISTS", 1)
def exists(call: Call, args: list[bytes]) -> int:
    return sum(call.store.look(key, call.now_ms) is not None for key in args)


def _expire(unit: int, *, absolute: bool = False) -> Command:
    def expire(call: Call, args: list[bytes]) -> int:
        key, number, *options = args
        words = [option.upper() for option in options]
        if [word for word in words if word != b"XX"]:
            raise CommandError(f"ERR Unsupported option {words[0].decode()}")
        at = integer(number) * unit + (0 if absolute else call.now_ms)
        if call.store.look(key, call.now_ms) is None:
            return 0
        if words and key not in call.store.until:
            return 0
        if at <= call.now_ms and not absolute:
            call.store.drop(key)
            call.touched(b"DEL", key)
        else:
            call.store.until[key] = at
            call.touched(b"PEXPIREAT", key, b"%d" % at)
        return 1

    return expire


command("EXPIRE", 2, writes=True)(_expire(1000))
command("PEXPIRE", 2, writes=True)(_expire(1))
command("PEXPIREAT", 2, writes=True)(_expire(1, absolute=True))


@command("PTTL", 1)
def pttl(call: Call, args: list[bytes]) -> int:
    if call.store.look(args[0], call.now_ms) is None:
        return -2
    until = call.store.until.get(args[0])
    return -1 if until is None else until - call.now_ms


@command("TTL", 1)
def ttl(call: Call, args: list[bytes]) -> int:
    left: int = pttl(call, args)
    return left if left < 0 else (left + 500) // 1000


@command("PERSIST", 1, writes=True)
def persist(call: Call, args: list[bytes]) -> int:
    if call.store.look(args[0], call.now_ms) is None or args[0] not in call.store.until:
        return 0
    del call.store.until[args[0]]
    call.touched(b"PERSIST", args[0])
    return 1


@command("RENAME", 2, writes=True)
def rename(call: Call, args: list[bytes]) -> Status:
    old, new = args
    value = call.store.look(old, call.now_ms)
    if value is None:
        raise CommandError("ERR no such key")
    if old != new:
        until = call.store.until.get(old)
        call.store.drop(old)
        call.store.drop(new)
        call.store.values[new] = value
        if until is not None:
            call.store.until[new] = until
    call.touched(b"RENAME", old, new)
    return OK


@command("TYPE", 1)
def type_of(call: Call, args: list[bytes]) -> Status:
    match call.store.look(args[0], call.now_ms):
        case None:
            return Status("none")
        case bytes():
            return Status("string")
        case dict():
            return Status("hash")
        case list():
            return Status("list")
        case Stream():
            return Status("stream")
    return Status("zset")


def matches(text: bytes, pattern: bytes) -> bool:
    r"""Returns whether the text matches a pattern of the server, whose `\*` is `[*]` in Python."""
    wanted = re.sub(r"\\(.)", lambda found: f"[{found[1]}]", pattern.decode("latin-1"))
    return fnmatchcase(text.decode("latin-1"), wanted)


@command("SCAN", 1)
def scan(call: Call, args: list[bytes]) -> list[Reply]:
    """Returns all keys at once, which a client has to cope with, too."""
    _ = integer(args[0])
    pattern = b"*"
    for name, value in zip(args[1::2], args[2::2], strict=True):
        if name.upper() == b"MATCH":
            pattern = value
        elif name.upper() != b"COUNT":
            raise CommandError(SYNTAX)
    found = [
        key
        for key in list(call.store.values)
        if call.store.look(key, call.now_ms) is not None and matches(key, pattern)
    ]
    return [b"0", found]


@command("KEYS", 1)
def keys(call: Call, args: list[bytes]) -> list[bytes]:
    found: list[bytes] = scan(call, [b"0", b"MATCH", args[0]])[1]
    return found

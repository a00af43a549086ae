"""Implements the commands about strings, hashes and lists."""

from __future__ import annotations

from tests.world.redis.call import OK, SYNTAX, Call, Reply, Status, command, integer
from tests.world.redis.store import WRONG_TYPE, CommandError, Hash


@command("GET", 1)
def get(call: Call, args: list[bytes]) -> bytes | None:
    return call.text(args[0])


@command("MGET", 1)
def mget(call: Call, args: list[bytes]) -> list[bytes | None]:
    found = [call.store.look(key, call.now_ms) for key in args]
    return [value if isinstance(value, bytes) else None for value in found]


@command("MSET", 2, writes=True)
def mset(call: Call, args: list[bytes]) -> Status:
    if len(args) % 2:
        raise CommandError("ERR wrong number of arguments for 'mset' command")
    for key, value in zip(args[::2], args[1::2], strict=True):
        set_(call, [key, value])
    return OK


@command("STRLEN", 1)
def strlen(call: Call, args: list[bytes]) -> int:
    return len(call.text(args[0]) or b"")


@command("SET", 2, writes=True)
def set_(call: Call, args: list[bytes]) -> Reply:
    key, value, *options = args
    once = gives = keeps = False
    until: int | None = None
    words = iter(options)
    for word in words:
        match word.upper():
            case b"NX":
                once = True
            case b"GET":
                gives = True
            case b"KEEPTTL":
                keeps = True
            case b"PX" | b"EX" as unit:
                number = integer(next(words, b""))
                if number <= 0:
                    raise CommandError("ERR invalid expire time in 'set' command")
                until = call.now_ms + number * (1 if unit == b"PX" else 1000)
            case b"PXAT":
                until = integer(next(words, b""))
            case _:
                raise CommandError(SYNTAX)
    old = call.store.look(key, call.now_ms)
    if gives and old is not None and not isinstance(old, bytes):
        raise CommandError(WRONG_TYPE)
    if once and old is not None:
        return old if gives else None
    if not keeps:
        call.store.until.pop(key, None)
    call.store.values[key] = value
    effect = [b"SET", key, value]
    if until is not None:
        call.store.until[key] = until
        effect += [b"PXAT", b"%d" % until]
    elif keeps:
        effect.append(b"KEEPTTL")
    call.touched(*effect)
    return old if gives else OK


@command("HGET", 2)
def hget(call: Call, args: list[bytes]) -> bytes | None:
    return (call.hash(args[0]) or {}).get(args[1])


@command("HMGET", 2)
def hmget(call: Call, args: list[bytes]) -> list[bytes | None]:
    found = call.hash(args[0]) or {}
    return [found.get(name) for name in args[1:]]


@command("HGETALL", 1)
def hgetall(call: Call, args: list[bytes]) -> list[bytes]:
    return [part for pair in (call.hash(args[0]) or {}).items() for part in pair]


@command("HVALS", 1)
def hvals(call: Call, args: list[bytes]) -> list[bytes]:
    return list((call.hash(args[0]) or {}).values())


@command("HLEN", 1)
def hlen(call: Call, args: list[bytes]) -> int:
    return len(call.hash(args[0]) or {})


@command("HEXISTS", 2)
def hexists(call: Call, args: list[bytes]) -> int:
    return int(args[1] in (call.hash(args[0]) or {}))


def _hash_to_write(call: Call, key: bytes) -> Hash:
    found = call.hash(key)
    if found is None:
        found = call.store.values[key] = {}
    return found


@command("HSET", 3, writes=True)
def hset(call: Call, args: list[bytes]) -> int:
    key, *pairs = args
    if len(pairs) % 2:
        raise CommandError("ERR wrong number of arguments for 'hset' command")
    fields = _hash_to_write(call, key)
    before = len(fields)
    fields.update(zip(pairs[::2], pairs[1::2], strict=True))
    call.touched(b"HSET", *args)
    return len(fields) - before


@command("HSETNX", 3, writes=True)
def hsetnx(call: Call, args: list[bytes]) -> int:
    key, name, value = args
    fields = _hash_to_write(call, key)
    if name in fields:
        return 0
    fields[name] = value
    call.touched(b"HSET", key, name, value)
    return 1


@command("HDEL", 2, writes=True)
def hdel(call: Call, args: list[bytes]) -> int:
    key, *names = args
    fields = call.hash(key)
    if fields is None:
        return 0
    gone = [name for name in names if fields.pop(name, None) is not None]
    if not fields:
        call.store.drop(key)
    if gone:
        call.touched(b"HDEL", key, *gone)
    return len(gone)


@command("HINCRBY", 3, writes=True)
def hincrby(call: Call, args: list[bytes]) -> int:
    key, name, by = args
    step = integer(by)
    fields = call.hash(key) or {}
    try:
        number = integer(fields.get(name, b"0")) + step
    except CommandError:
        raise CommandError("ERR hash value is not an integer") from None
    _hash_to_write(call, key)[name] = b"%d" % number
    call.touched(b"HSET", key, name, b"%d" % number)
    return number


@command("RPUSH", 2, writes=True)
def rpush(call: Call, args: list[bytes]) -> int:
    key, *items = args
    found = call.list(key)
    if found is None:
        found = []
        call.store.values[key] = found
    found += items
    call.touched(b"RPUSH", *args)
    return len(found)


@command("LRANGE", 3)
def lrange(call: Call, args: list[bytes]) -> list[bytes]:
    found = call.list(args[0]) or []
    first, last = integer(args[1]), integer(args[2])
    first = max(0, first + len(found)) if first < 0 else first
    last = last + len(found) if last < 0 else last
    return found[first : last + 1] if last >= first else []

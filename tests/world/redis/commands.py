"""Implements the commands and options that the fleet uses, and no others.

Each takes a `Call` and the arguments after its name. A command that writes puts what it has done
into `call.effects`, in a form that has the same effect wherever and whenever it is repeated: this
is what replicas and the append-only file get.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final

from tests.world.redis.store import (
    FIRST,
    LARGEST,
    LAST,
    WRONG_TYPE,
    CommandError,
    Hash,
    Id,
    SortedSet,
    Store,
    Stream,
    after,
    before,
    id_of,
    id_text,
)

Reply = Any
"""A reply: bytes, int, None, list, or `Status`."""


class Status(str):
    """A simple string."""

    __slots__ = ()


OK: Final = Status("OK")
NODE_ENTRIES: Final = 100
"""How many entries one node of a stream has by default, which matters for approximate trimming."""


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
COMMANDS: dict[str, tuple[Command, int, bool]] = {}
"""The commands by name: the function, the least number of arguments, and whether it writes."""
DENY_OOM: Final = frozenset(["SET", "HSET", "HSETNX", "HINCRBY", "RPUSH", "XADD", "ZADD", "XSETID"])
"""The commands that are refused when memory is short."""


def command(name: str, least: int, *, writes: bool = False) -> Callable[[Command], Command]:
    def keep(call: Command) -> Command:
        COMMANDS[name] = (call, least, writes)
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

# --- Keys ----------------------------------------------------------------------------------------


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


# --- Strings -------------------------------------------------------------------------------------


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


# --- Hashes --------------------------------------------------------------------------------------


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


# --- Lists ---------------------------------------------------------------------------------------


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


# --- Sorted sets ---------------------------------------------------------------------------------


def score_text(score: float) -> bytes:
    if math.isinf(score):
        return b"inf" if score > 0 else b"-inf"
    if score == int(score) and abs(score) < 1e17:
        return b"%d" % int(score)
    return b"%.17g" % score


def _score(text: bytes) -> float:
    try:
        score = float(text)
        if math.isnan(score):
            raise ValueError
    except ValueError:
        raise CommandError("ERR value is not a valid float") from None
    return score


@command("ZADD", 3, writes=True)
def zadd(call: Call, args: list[bytes]) -> int:
    key, *pairs = args
    only = b""  #: only members that are there, or only others
    while pairs and (word := pairs[0].upper()) in (b"XX", b"NX"):
        if only not in (b"", word):
            raise CommandError("ERR XX and NX options at the same time are not compatible")
        only = word
        pairs = pairs[1:]
    if not pairs or len(pairs) % 2:
        raise CommandError(SYNTAX)
    scores = [_score(text) for text in pairs[::2]]
    found = call.sorted(key)
    if found is None:
        if only == b"XX":
            return 0
        found = SortedSet()
        call.store.values[key] = found
    before = len(found.scores)
    done = False
    for member, score in zip(pairs[1::2], scores, strict=True):
        if not only or (member in found.scores) == (only == b"XX"):
            found.scores[member] = score
            done = True
    if done:
        call.touched(b"ZADD", *args)
    return len(found.scores) - before


@command("ZREM", 2, writes=True)
def zrem(call: Call, args: list[bytes]) -> int:
    key, *members = args
    found = call.sorted(key)
    if found is None:
        return 0
    gone = [member for member in members if found.scores.pop(member, None) is not None]
    _wrote_sorted(call, key, found, gone)
    return len(gone)


def _wrote_sorted(call: Call, key: bytes, found: SortedSet, gone: list[bytes]) -> None:
    if gone:
        if not found.scores:
            call.store.drop(key)
        call.touched(b"ZREM", key, *gone)


@command("ZSCORE", 2)
def zscore(call: Call, args: list[bytes]) -> bytes | None:
    found = call.sorted(args[0])
    score = found.scores.get(args[1]) if found is not None else None
    return None if score is None else score_text(score)


def _within(call: Call, args: list[bytes]) -> list[tuple[float, bytes]]:
    low, low_open = _bound(args[1])
    high, high_open = _bound(args[2])
    found = call.sorted(args[0])
    return [
        (score, member)
        for score, member in (found.ordered() if found is not None else ())
        if (score > low if low_open else score >= low)
        and (score < high if high_open else score <= high)
    ]


def _bound(text: bytes) -> tuple[float, bool]:
    open_ = text.startswith(b"(")
    try:
        return _score(text[1:] if open_ else text), open_
    except CommandError:
        raise CommandError("ERR min or max is not a float") from None


@command("ZRANGEBYSCORE", 3)
def zrangebyscore(call: Call, args: list[bytes]) -> list[bytes]:
    with_scores, offset, count = False, 0, -1
    words = iter(args[3:])
    for word in words:
        match word.upper():
            case b"WITHSCORES":
                with_scores = True
            case b"LIMIT":
                offset, count = integer(next(words, b"")), integer(next(words, b""))
            case _:
                raise CommandError(SYNTAX)
    found = _within(call, args)[offset:]
    found = found if count < 0 else found[:count]
    if not with_scores:
        return [member for _, member in found]
    return [part for score, member in found for part in (member, score_text(score))]


@command("ZREMRANGEBYSCORE", 3, writes=True)
def zremrangebyscore(call: Call, args: list[bytes]) -> int:
    gone = [member for _, member in _within(call, args)]
    found = call.sorted(args[0])
    if found is not None:
        for member in gone:
            del found.scores[member]
        _wrote_sorted(call, args[0], found, gone)
    return len(gone)


# --- Streams -------------------------------------------------------------------------------------

_SMALLER: Final = "ERR The ID specified in XADD is equal or smaller than the target stream top item"


class _Trim:
    """MAXLEN or MINID, as in XADD and XTRIM."""

    def __init__(self, how: bytes, words: list[bytes]) -> None:
        """Takes its own words off the front of `words`."""
        self.how = how
        self.roughly = False
        if words and words[0] in (b"~", b"="):
            self.roughly = words.pop(0) == b"~"
        if not words:
            raise CommandError(SYNTAX)
        self.text = words.pop(0)
        self.keep = integer(self.text) if how == b"MAXLEN" else 0
        self.first = id_of(self.text) if how == b"MINID" else FIRST
        if self.keep < 0:
            raise CommandError("ERR The MAXLEN argument must be >= 0.")

    def cut(self, stream: Stream) -> int:
        if self.how == b"MAXLEN":
            count = max(0, len(stream.ids) - self.keep)
        else:
            count = stream.between(self.first, LAST).start
        if self.roughly:
            count -= count % NODE_ENTRIES
        return stream.drop(count)


def _entry(stream: Stream, at: int) -> list[Reply]:
    return [id_text(stream.ids[at]), stream.fields[at]]


@command("XADD", 4, writes=True)
def xadd(call: Call, args: list[bytes]) -> bytes | None:
    key, *words = args
    trim, makes = None, True
    while words:
        word = words[0].upper()
        if word == b"NOMKSTREAM":
            makes = False
            del words[0]
        elif word in (b"MAXLEN", b"MINID"):
            del words[0]
            trim = _Trim(word, words)
        else:
            break
    if len(words) < 3 or not len(words) % 2:
        raise CommandError("ERR wrong number of arguments for 'xadd' command")
    wanted, fields = words[0], words[1:]
    given = None if wanted == b"*" or wanted.endswith(b"-*") else id_of(wanted)
    if given == FIRST:
        raise CommandError("ERR The ID specified in XADD must be greater than 0-0")
    stream = call.stream(key)
    if stream is None and not makes:
        return None
    last = stream.last if stream is not None else FIRST
    entry = _next_id(last, wanted, call.now_ms) if given is None else given
    if entry <= last:
        raise CommandError(_SMALLER)
    if stream is None:
        stream = Stream()
        call.store.values[key] = stream
    stream.append(entry, fields)
    call.touched(b"XADD", key, id_text(entry), *fields)
    if trim is not None and (gone := trim.cut(stream)):
        _trimmed(call, key, stream, gone)
    return id_text(entry)


def _next_id(last: Id, wanted: bytes, now_ms: int) -> Id:
    if wanted == b"*":
        return (now_ms, 0) if now_ms > last[0] else after(last)
    ms = id_of(wanted[:-2])[0]
    return after(last) if ms == last[0] else (ms, 0)


def _trimmed(call: Call, key: bytes, stream: Stream, gone: int) -> None:
    if gone:
        call.touched(b"XTRIM", key, b"MAXLEN", b"=", b"%d" % len(stream.ids))


@command("XTRIM", 3, writes=True)
def xtrim(call: Call, args: list[bytes]) -> int:
    key, how, *words = args
    if how.upper() not in (b"MAXLEN", b"MINID"):
        raise CommandError(SYNTAX)
    trim = _Trim(how.upper(), words)
    if words:
        raise CommandError(SYNTAX)
    stream = call.stream(key)
    if stream is None:
        return 0
    gone = trim.cut(stream)
    _trimmed(call, key, stream, gone)
    return gone


@command("XDEL", 2, writes=True)
def xdel(call: Call, args: list[bytes]) -> int:
    key, *ids = args
    stream = call.stream(key)
    if stream is None:
        return 0
    wanted = [id_of(text) for text in ids]
    gone = [entry for entry in wanted if stream.delete(entry)]
    if gone:
        call.touched(b"XDEL", key, *(id_text(entry) for entry in gone))
    return len(gone)


@command("XSETID", 2, writes=True)
def xsetid(call: Call, args: list[bytes]) -> Status:
    key, text = args
    last = id_of(text)
    stream = call.stream(key)
    if stream is None:
        raise CommandError("ERR no such key")
    if stream.ids and last < stream.ids[-1]:
        raise CommandError(
            "ERR The ID specified in XSETID is smaller than the target stream top item"
        )
    stream.last = last
    call.touched(b"XSETID", key, text)
    return OK


@command("XINFO", 2)
def xinfo(call: Call, args: list[bytes]) -> list[Reply]:
    """Returns the part of XINFO STREAM that tests look at."""
    stream = call.stream(args[1])
    if args[0].upper() != b"STREAM":
        raise CommandError("ERR only XINFO STREAM is simulated")
    if stream is None:
        raise CommandError("ERR no such key")
    ends = [_entry(stream, at) if stream.ids else None for at in (0, -1)]
    return [
        *(b"length", len(stream.ids), b"last-generated-id", id_text(stream.last)),
        *(b"first-entry", ends[0], b"last-entry", ends[1]),
    ]


@command("XLEN", 1)
def xlen(call: Call, args: list[bytes]) -> int:
    stream = call.stream(args[0])
    return len(stream.ids) if stream is not None else 0


def _limits(low: bytes, high: bytes) -> tuple[Id, Id]:
    if low.startswith(b"("):
        first = after(id_of(low[1:]))
    else:
        first = FIRST if low == b"-" else LAST if low == b"+" else id_of(low)
    if high.startswith(b"("):
        last = before(id_of(high[1:], LARGEST))
    else:
        last = LAST if high == b"+" else FIRST if high == b"-" else id_of(high, LARGEST)
    return first, last


def _count(words: list[bytes]) -> int | None:
    if not words:
        return None
    if len(words) != 2 or words[0].upper() != b"COUNT":
        raise CommandError(SYNTAX)
    return max(0, integer(words[1]))


@command("XRANGE", 3)
def xrange_(call: Call, args: list[bytes]) -> list[Reply]:
    first, last = _limits(args[1], args[2])
    count = _count(args[3:])
    stream = call.stream(args[0])
    if stream is None:
        return []
    return [_entry(stream, at) for at in stream.between(first, last)[:count]]


@command("XREVRANGE", 3)
def xrevrange(call: Call, args: list[bytes]) -> list[Reply]:
    first, last = _limits(args[2], args[1])
    count = _count(args[3:])
    stream = call.stream(args[0])
    if stream is None:
        return []
    return [_entry(stream, at) for at in stream.between(first, last)[::-1][:count]]


@dataclass(frozen=True)
class ReadWanted:
    """What an XREAD asks for."""

    streams: dict[bytes, Id]  #: the ID after which each is read
    count: int | None
    block_ms: int | None  #: None: it does not block; 0: it blocks forever


def read_wanted(call: Call, args: list[bytes]) -> ReadWanted:
    count = block = None
    words = list(args)
    while words:
        word = words.pop(0).upper()
        if word == b"STREAMS":
            break
        if word not in (b"COUNT", b"BLOCK") or not words:
            raise CommandError(SYNTAX)
        number = integer(words.pop(0))
        if word == b"COUNT":
            count = number if number > 0 else None
        else:
            block = number
    if not words or len(words) % 2:
        raise CommandError(
            "ERR Unbalanced 'xread' list of streams: for each stream key an ID, '+', or '$' must "
            "be specified."
        )
    half = len(words) // 2
    streams: dict[bytes, Id] = {}
    for key, text in zip(words[:half], words[half:], strict=True):
        stream = call.stream(key)
        if text == b"$":
            streams[key] = stream.last if stream is not None else FIRST
        else:
            streams[key] = id_of(text)
    return ReadWanted(streams, count, block)


def read_now(call: Call, wanted: ReadWanted) -> list[Reply] | None:
    found: list[Reply] = []
    for key, behind in wanted.streams.items():
        stream = call.stream(key)
        if stream is None or stream.last <= behind:
            continue
        entries = [_entry(stream, at) for at in stream.between(after(behind), LAST)[: wanted.count]]
        if entries:
            found.append([key, entries])
    return found or None


@command("XREAD", 3)
def xread(call: Call, args: list[bytes]) -> list[Reply] | None:
    """Reads without waiting: waiting is up to the connection."""
    return read_now(call, read_wanted(call, args))


# --- The server ----------------------------------------------------------------------------------


@command("TIME", 0)
def time(call: Call, _args: list[bytes]) -> list[bytes]:
    return [b"%d" % (call.now_ms // 1000), b"%d" % (call.now_ms % 1000 * 1000)]


@command("INFO", 0)
def info(call: Call, args: list[bytes]) -> bytes:
    return call.info(args)


@command("SPUBLISH", 2)
def spublish(call: Call, args: list[bytes]) -> int:
    call.published.append((args[0], args[1]))
    return call.listeners(args[0])


def run(call: Call, args: list[bytes]) -> Reply:
    """Runs one command, wherever it comes from. Raises CommandError."""
    name = args[0].decode("latin-1").upper()
    known = COMMANDS.get(name)
    if known is None:
        raise CommandError(f"ERR unknown command '{name}', with args beginning with: ")
    work, least, _ = known
    if len(args) - 1 < least:
        raise CommandError(f"ERR wrong number of arguments for '{name.lower()}' command")
    return work(call, args[1:])

"""Implements the commands about streams."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tests.world.redis.call import OK, SYNTAX, Call, Reply, Status, command, integer
from tests.world.redis.store import (
    FIRST,
    LARGEST,
    LAST,
    CommandError,
    Id,
    Stream,
    after,
    before,
    id_of,
    id_text,
)

NODE_ENTRIES: Final = 100
"""How many entries one node of a stream has by default, which matters for approximate trimming."""


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

"""Implements the commands about sorted sets."""

from __future__ import annotations

import math

from tests.world.redis.call import SYNTAX, Call, command, integer
from tests.world.redis.store import CommandError, SortedSet


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

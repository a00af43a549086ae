"""This module caches recent answers, so that nobody is asked twice about a client that comes
twice."""

from collections import OrderedDict
from hashlib import sha256
from typing import Generic, NamedTuple, TypeVar

A = TypeVar("A")


class Known(NamedTuple, Generic[A]):
    answer: A
    until: float


class AnswerCache(Generic[A]):
    """Holds at most `size` answers, each for `ttl` seconds of the clock that `now` comes from. If
    there are too many, the least recently used one is dropped.

    Questions are kept as hashes, because they may contain cookies.
    """

    def __init__(self, *, size: int, ttl: float) -> None:
        self._size = size
        self._ttl = ttl
        self._known: OrderedDict[bytes, Known[A]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def get(self, question: bytes, now: float) -> Known[A] | None:
        key = sha256(question).digest()
        known = self._known.get(key)
        if known is None:
            return None
        if known.until <= now:
            del self._known[key]
            return None
        self._known.move_to_end(key)
        return known

    def put(self, question: bytes, answer: A, now: float) -> None:
        if self._ttl <= 0:
            return
        key = sha256(question).digest()
        self._known[key] = Known(answer, now + self._ttl)
        self._known.move_to_end(key)
        if len(self._known) > self._size:
            self._known.popitem(last=False)

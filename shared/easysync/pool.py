"""This module holds attribute pools: the numbers that stand for attributes in attribute strings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from padfleet.shared.easysync.base36 import LARGEST
from padfleet.shared.easysync.errors import EasysyncError, shown

Attribute = tuple[str, str]
"""A key and its value, as code-unit strings. The value "" removes the attribute."""

_DIGITS_OF_A_NUMBER: Final = 16


class AttributePool:
    """The numbers of `(key, value)` pairs, in the order in which the pairs were added.

    As in Etherpad, pairs are looked up by key and value joined with a comma. If a key contains a
    comma, two pairs may share a number. Clients treat these as the same, so they are the same here.
    """

    __slots__ = ("_authors", "_next", "_numbers", "_pairs", "_shared")

    def __init__(self) -> None:
        self._pairs: dict[int, Attribute] = {}
        self._numbers: dict[str, int] = {}
        self._next = 0
        self._shared = False  # whether a clone shares it; it is then copied before it is changed
        self._authors: tuple[list[str], int] = [], 0
        """The authors among the first so many attributes. Attributes are only added to a pool, so
        each is looked at once: a large pad has 200,000, and every newcomer asks who wrote it."""

    def put(self, key: str, value: str) -> int:
        """Returns the number of the attribute, which is a new one if the attribute has none yet."""
        joined = f"{key},{value}"
        number = self._numbers.get(joined)
        if number is None:
            if self._shared:
                self._unshare()
            number = self._next
            self._next = number + 1
            self._numbers[joined] = number
            self._pairs[number] = (key, value)
        return number

    def find(self, key: str, value: str) -> int:
        """Returns the number of the attribute, or -1 if it has none."""
        return self._numbers.get(f"{key},{value}", -1)

    def get(self, num: int) -> Attribute:
        """Returns the attribute with this number. Raises `EasysyncError` if there is none."""
        pair = self._pairs.get(num)
        if pair is None:
            raise EasysyncError(f"attribute {shown_number(num)} is not in the pool")
        return pair

    def has(self, num: int) -> bool:
        """Returns whether there is an attribute with this number."""
        return num in self._pairs

    def __len__(self) -> int:
        return len(self._pairs)

    def numbers_of_keys(self, keys: frozenset[str]) -> list[int]:
        """Returns the numbers of all attributes with one of these keys."""
        return [number for number, (key, _) in self._pairs.items() if key in keys]

    def pairs(self) -> Iterable[Attribute]:
        """Returns all attributes, in the order of their numbers."""
        return self._pairs.values()

    def authors(self) -> Sequence[str]:
        """Returns the authors among the attributes, in order."""
        known, seen = self._authors
        size = len(self._pairs)
        if self._next != size:
            return self.authors_from(0)  # there are gaps, and `put` may fill them
        if seen != size:
            known = [*known, *self.authors_from(seen)]
            self._authors = known, size
        return known

    def authors_from(self, begin: int) -> list[str]:
        """Returns those among the attributes from number `begin` on. The attribute "author" without
        a value stands for nobody."""
        attributes = islice(self.pairs(), begin, None)
        return [value for key, value in attributes if key == "author" and value]

    def clone(self) -> AttributePool:
        """Returns an independent pool with the same attributes. Nothing is copied until one of the
        two changes."""
        twin = AttributePool()
        twin._pairs, twin._numbers, twin._next = self._pairs, self._numbers, self._next
        twin._authors = self._authors
        twin._shared = self._shared = True
        return twin

    def truncate(self, size: int) -> None:
        """Forgets the attributes numbered `size` and above, and reuses their numbers."""
        if size >= self._next:
            return
        if self._shared:
            self._unshare()
        self._authors = [], 0
        for number in [number for number in self._pairs if number >= size]:
            key, value = self._pairs.pop(number)
            self._numbers.pop(f"{key},{value}", None)
        self._next = size

    def to_jsonable(self) -> dict[str, Any]:
        """Returns the form in which Etherpad stores a pool and sends it in CLIENT_VARS."""
        return {"numToAttrib": self._num_to_attrib(), "nextNum": self._next}

    def to_wire(self) -> dict[str, Any]:
        """Returns the form, down to the order of keys, in which Etherpad sends it in
        NEW_CHANGES."""
        return {
            "numToAttrib": self._num_to_attrib(),
            "attribToNum": dict(self._numbers),
            "nextNum": self._next,
        }

    @classmethod
    def from_jsonable(cls, obj: object) -> AttributePool:
        """Reads either form, as a client may have sent it; "attribToNum" is ignored.

        Numbers may be missing and may exceed `nextNum`, as Etherpad allows: a missing one cannot be
        looked up, and `put` continues from `nextNum`. Raises `EasysyncError` if `obj` is not a
        pool.
        """
        if not isinstance(obj, Mapping):
            raise EasysyncError(f"an attribute pool must be an object, not {shown(obj)}")
        entries, next_num = obj.get("numToAttrib"), obj.get("nextNum")
        if not isinstance(entries, Mapping):
            raise EasysyncError(f"numToAttrib must be an object, not {shown(entries)}")
        if type(next_num) is not int or not 0 <= next_num <= LARGEST:
            raise EasysyncError("nextNum must be a whole number from 0 to 2**53 - 1")
        pool = cls()
        pool._next = next_num
        # JavaScript iterates over such keys by number, and of equal attributes the last one counts.
        pool._pairs = dict(sorted((_number(key), _pair(pair)) for key, pair in entries.items()))
        pool._numbers = {f"{key},{value}": num for num, (key, value) in pool._pairs.items()}
        return pool

    def _num_to_attrib(self) -> dict[str, list[str]]:
        # Sorting the pairs with them takes ten times as long, in which no other thread runs.
        return {str(number): list(self._pairs[number]) for number in sorted(self._pairs)}

    def _unshare(self) -> None:
        self._pairs, self._numbers = dict(self._pairs), dict(self._numbers)
        self._shared = False


def shown_number(num: int) -> str:
    return str(num) if abs(num) <= LARGEST else "with that huge number"


def _number(key: object) -> int:
    if (
        isinstance(key, str)
        and len(key) <= _DIGITS_OF_A_NUMBER
        and key.isascii()
        and key.isdecimal()
        and (key == "0" or key[0] != "0")
    ):
        return int(key)
    raise EasysyncError(f"an attribute number must be in plain decimal digits, not {shown(key)}")


def _pair(pair: object) -> Attribute:
    if isinstance(pair, list | tuple) and len(pair) == 2:
        key, value = pair
        if isinstance(key, str) and isinstance(value, str):
            return key, value
    raise EasysyncError("an attribute must be a pair of strings")

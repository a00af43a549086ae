"""This module encodes a revision in the form in which it is stored and sent."""

from functools import lru_cache
from typing import Final, NamedTuple

from padfleet.shared.easysync import AttributePool, prepare_for_wire
from padfleet.shared.easysync.pool import Attribute
from padfleet.shared.wire.jsontext import dumps

KEPT_CHARS: Final = 100
"""The longest attribute pool, in characters, whose encoded form is kept for the same author's next
revision."""


class WireChange(NamedTuple):
    """A changeset as clients get it, and the attributes that it has, numbered from 0."""

    changeset: str
    pool: AttributePool


def encode_wire(
    rev: int,
    changeset: str,
    pool: AttributePool,
    author: str,
    time: int,
    delta: int,
    *,
    birth: int | None = None,
    as_sent: WireChange | None = None,
) -> bytes:
    """Encodes the `data` of NEW_CHANGES, which is the same for every socket, with keys in
    Etherpad's order.

    A pad's first revision has a `birth`, so that no two pads have a chain in common (`births`).
    Clients have no use for it, and ignore it. `as_sent` is what `prepare_for_wire` would return, if
    that is known.
    """
    translated, wire_pool = as_sent or prepare_for_wire(changeset, pool)
    born = "" if birth is None else f',"birth":{birth}'
    # Written out: this takes a third of the time of an encoder that goes through a dictionary.
    return (
        f'{{"type":"NEW_CHANGES","newRev":{rev},"changeset":{dumps(translated)},'
        f'"apool":{_written(wire_pool)},"author":{dumps(author)},'
        f'"currentTime":{time},"timeDelta":{delta}{born}}}'
    ).encode()


def _written(pool: AttributePool) -> str:
    if len(pool) == 1:
        (pair,) = pool.pairs()
        if len(pair[0]) + len(pair[1]) <= KEPT_CHARS:
            return _written_alone(pair)
    return dumps(pool.to_wire())


@lru_cache(maxsize=4096)
def _written_alone(pair: Attribute) -> str:
    pool = AttributePool()
    pool.put(*pair)
    return dumps(pool.to_wire())

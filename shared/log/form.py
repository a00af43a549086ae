"""This module encodes a revision in the form in which it is stored and sent."""

from functools import lru_cache
from typing import Final

from padfleet.shared.easysync import AttributePool, prepare_for_wire
from padfleet.shared.easysync.pool import Attribute
from padfleet.shared.wire.jsontext import dumps

KEPT_CHARS: Final = 100
"""The longest attribute pool, in characters, whose encoded form is kept for the same author's next
revision."""


def encode_wire(
    rev: int,
    changeset: str,
    pool: AttributePool,
    author: str,
    time: int,
    delta: int,
    *,
    birth: int | None = None,
) -> bytes:
    """Encodes the `data` of NEW_CHANGES, which is the same for every socket, with keys in
    Etherpad's order.

    A pad's first revision has a `birth`, so that no two pads have a chain in common (`births`).
    Clients have no use for it, and ignore it.
    """
    translated, wire_pool = prepare_for_wire(changeset, pool)
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

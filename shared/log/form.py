"""The form in which a revision is stored and sent."""

from shared.easysync import AttributePool, prepare_for_wire
from shared.wire.jsontext import dumps


def encode_wire(
    rev: int, changeset: str, pool: AttributePool, author: str, time: int, delta: int
) -> bytes:
    """The `data` of NEW_CHANGES, the same for every socket, keys in Etherpad's order."""
    translated, wire_pool = prepare_for_wire(changeset, pool)
    data = {
        "type": "NEW_CHANGES",
        "newRev": rev,
        "changeset": translated,
        "apool": wire_pool.to_wire(),
        "author": author,
        "currentTime": time,
        "timeDelta": delta,
    }
    return dumps(data).encode()

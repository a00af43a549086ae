"""The form in which a revision is stored and sent."""

from typing import Any

from padfleet.shared.easysync import AttributePool, prepare_for_wire
from padfleet.shared.wire.jsontext import dumps


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
    """The `data` of NEW_CHANGES, the same for every socket, keys in Etherpad's order.

    With `birth`, which a pad's first revision has, no two pads have a chain in common (`births`).
    Clients have no use for it, and do not mind it.
    """
    translated, wire_pool = prepare_for_wire(changeset, pool)
    data: dict[str, Any] = {
        "type": "NEW_CHANGES",
        "newRev": rev,
        "changeset": translated,
        "apool": wire_pool.to_wire(),
        "author": author,
        "currentTime": time,
        "timeDelta": delta,
    }
    if birth is not None:
        data["birth"] = birth
    return dumps(data).encode()

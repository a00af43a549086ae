"""Lists all attacks by name, and those that nodes are put under, too."""

from __future__ import annotations

from typing import Final

from tests.attack import (
    bursts,
    calls,
    edits,
    files,
    frames,
    headers,
    joins,
    polls,
    requests,
    said,
    unread,
)
from tests.attack.attack import Attack

ATTACKS: Final[dict[str, Attack]] = {
    attack.name: attack
    for module in (
        frames,
        unread,
        joins,
        polls,
        said,
        edits,
        requests,
        headers,
        bursts,
        files,
        calls,
    )
    for attack in module.attacks()
}

ON_NODES: Final = tuple(
    ATTACKS[name]
    for name in (
        "WebSocket: a flood of messages of half a megabyte",
        "unread: what others write",
        "joins: a new author each time",
        "timeslider: sixteen sessions, all the time",
        "edits: odd changesets and pools",
        "edits: 400 KB, as fast as it goes",
        "edits: 19,000 operations each",
        "edits: two thousand new attributes each",
        "HTTP: bodies in chunks of a byte",
        "import: small .etherpad files that lie",
        "import: text that grows",
        "export: as many as go",
        "API: a thousand calls at once with the key",
        "API: fields of megabytes, numbers of 5,000 digits",
    )
)
"""What keeps a worker or a writer busiest. In a node, both have one event loop, so that each holds
up the other, and one memory."""

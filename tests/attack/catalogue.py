"""Lists all attacks by name."""

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

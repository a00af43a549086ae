"""Lists all attacks by name."""

from __future__ import annotations

from typing import Final

from tests.attack import bursts, calls, edits, files, requests, sockets
from tests.attack.attack import Attack

ATTACKS: Final[dict[str, Attack]] = {
    attack.name: attack
    for module in (sockets, edits, requests, bursts, files, calls)
    for attack in module.attacks()
}

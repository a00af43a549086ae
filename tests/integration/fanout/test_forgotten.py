"""Who is not let in is forgotten at once, with all that was found out of him."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from padfleet.services.fanout.auth.decision import Denied
from padfleet.services.fanout.auth.identify import Handshake
from padfleet.services.fanout.requests.join import Doorway, TurnedAway
from padfleet.services.fanout.transport.exit import Exit
from padfleet.shared.log.damage import CorruptPad
from padfleet.shared.log.keys import Keyspace, PadKeys
from tests.collector import Held, forgets
from tests.integration.fanout.conftest import PAD

NOBODY = Handshake("", {}, "")
ME = "t.0123456789abcdef"

DAMAGES: dict[str, Callable[[PadKeys], list[str]]] = {
    "meta": lambda keys: [keys.meta],
    "history": lambda keys: [keys.revs, keys.snap],
    "members": lambda keys: [keys.members],
    "who was here": lambda keys: [keys.seen],
}


async def visit(doorway: Doorway, message: Held) -> None:
    with doorway.ahead(message) as ahead:
        identity = await doorway.identify(NOBODY, message, ahead)
        try:
            session, room = await doorway.join(Exit(), identity, message)
        except TurnedAway as error:
            # Why he was is in it.
            raise CorruptPad(str(error)) from error
        await doorway.leave(room, session)


@pytest.mark.parametrize("damage", DAMAGES)
async def test_who_comes_to_a_damaged_pad(
    doorway: Doorway, keyspace: Keyspace, damage: str
) -> None:
    await visit(doorway, Held(padId=PAD, token=ME))
    for key in DAMAGES[damage](keyspace.pad(PAD)):
        await doorway.redis.client.delete(key)
        await doorway.redis.client.set(key, "x")
    for number in range(2):
        message: dict[str, object] = {"padId": PAD, "token": f"t.0123456789abcde{number}"}
        await forgets(lambda held: visit(doorway, held), CorruptPad, message=message)


async def test_who_is_denied(doorway: Doorway) -> None:
    link: dict[str, object] = {"padId": "r.0123456789abcdef0123456789abcdef", "token": ME}
    malformed: dict[str, object] = {"padId": PAD, "token": "no token"}
    for message in (link, malformed):
        await forgets(lambda held: visit(doorway, held), Denied, message=message)

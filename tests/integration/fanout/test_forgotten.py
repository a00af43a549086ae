"""Tests that the memory of a refused join is freed at once, with everything that was found out
about its sender."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from padfleet.services.fanout.auth.decision import Denied
from padfleet.services.fanout.auth.handshake import Handshake
from padfleet.services.fanout.requests.join import JoinHandler
from padfleet.services.fanout.requests.turning_away import TurnedAway
from padfleet.services.fanout.transport.outbound import Outbound
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


async def visit(join_handler: JoinHandler, message: Held) -> None:
    with join_handler.ahead(message) as ahead:
        identity = await join_handler.identify(NOBODY, message, ahead)
        try:
            session, room = await join_handler.join(Outbound(), identity, message)
        except TurnedAway as error:
            # Why he was is in it.
            raise CorruptPad(str(error)) from error
        await join_handler.leave(room, session)


@pytest.mark.parametrize("damage", DAMAGES)
async def test_nothing_is_kept_of_a_client_that_joins_a_damaged_pad(
    join_handler: JoinHandler, keyspace: Keyspace, damage: str
) -> None:
    await visit(join_handler, Held(padId=PAD, token=ME))
    for key in DAMAGES[damage](keyspace.pad(PAD)):
        await join_handler.redis.client.delete(key)
        await join_handler.redis.client.set(key, "x")
    for number in range(2):
        message: dict[str, object] = {"padId": PAD, "token": f"t.0123456789abcde{number}"}
        await forgets(lambda held: visit(join_handler, held), CorruptPad, message=message)


async def test_nothing_is_kept_of_a_client_that_is_denied(join_handler: JoinHandler) -> None:
    link: dict[str, object] = {"padId": "r.0123456789abcdef0123456789abcdef", "token": ME}
    malformed: dict[str, object] = {"padId": PAD, "token": "no token"}
    for message in (link, malformed):
        await forgets(lambda held: visit(join_handler, held), Denied, message=message)

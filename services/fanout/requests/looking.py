"""This module shows a pad in the cold store to a client that only looks at its history, and leaves
the pad there."""

from dataclasses import replace
from typing import Any

from padfleet.services.fanout.delivery.session import SessionIdentity
from padfleet.services.fanout.hub.client_vars import Greeting
from padfleet.services.fanout.hub.greetings import COUNTED, greeting_of
from padfleet.services.fanout.hub.pad_metadata import variables_of
from padfleet.services.fanout.presence.secrecy import Secret
from padfleet.services.fanout.requests.client_capabilities import introduced, is_only_for_history
from padfleet.services.fanout.requests.onlooker import Onlooker
from padfleet.services.fanout.requests.rights import rights_of_onlookers
from padfleet.services.fanout.requests.turning_away import turn_away_if_corrupt
from padfleet.services.fanout.transport.outbound import Outbound
from padfleet.shared import refusals
from padfleet.shared.budget import Budget
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.damage import CorruptPad
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.options import parse_options
from padfleet.shared.log.pad.past import document_at
from padfleet.shared.log.pad.reader import PadReader
from padfleet.shared.log.pad.saved import readable
from padfleet.shared.settings import FanoutSettings


async def look(
    redis: Redis,
    keyspace: Keyspace,
    settings: FanoutSettings,
    outgoing: Budget,
    way_out: Outbound,
    identity: SessionIdentity,
    message: dict[str, Any],
) -> Onlooker | None:
    """Sends the client CLIENT_VARS of a pad in the cold store, and returns what can answer its
    questions. Returns None if the pad has to be joined instead: it is in Redis by now or not there
    at all, or it is damaged, which everybody on it is told.

    Raises `TurnedAway`, TimeoutError if there is no room for a large pad, or what `UNREACHABLE`
    lists.
    """
    if redis.elsewhere is None:
        return None
    try:
        reader = await redis.elsewhere.view(identity.pad_id)
        if reader is None or reader.meta.damaged:
            return None
        me = await introduced(redis, identity, message.get("userInfo"))
        await me.store(redis)
        greeting = await _greeting(reader, outgoing)
        beside = await _beside(reader, identity)
    except CorruptPad as error:
        turn_away_if_corrupt(way_out, identity.pad_id, error)
        raise
    onlooker = Onlooker(identity, way_out, reader.meta.epoch, redis, keyspace)
    onlooker.check_there()
    shown = replace(
        identity,
        read_only_id=identity.read_only_id or reader.meta.read_only_id or "",
        # A page that can write as well must not begin to.
        read_only=identity.read_only or is_only_for_history(message),
    )
    way_out.write(
        greeting.to(
            shown,
            me.me,
            users=1,
            cookie_prefix=settings.cookie_prefix,
            beside=beside,
            rights=rights_of_onlookers(identity, settings),
            more={"onlooker": True},
        )
    )
    return onlooker


async def _greeting(reader: PadReader, outgoing: Budget) -> Greeting:
    document = await document_at(reader)
    greeting = await greeting_of(document, await reader.authors(document.authors()))
    if greeting.size >= COUNTED:
        greeting.room = outgoing.take(greeting.size)
        if greeting.room is None:
            refusals.LIMITED.labels("outgoing").inc()
            raise TimeoutError("there is too much on its way out for a pad of this size")
    return greeting


async def _beside(reader: PadReader, identity: SessionIdentity) -> bytes:
    facts = await reader.facts()
    return variables_of(
        parse_options(facts.settings),
        readable(await reader.saved()),
        facts.chat_head,
        secret=Secret(identity.pad_id) if identity.read_only else None,
    )

"""This module shows a pad in the cold store to a client that can only read it, or only looks at its
history, and leaves the pad there."""

from dataclasses import dataclass, replace
from typing import Any

from padfleet.services.fanout.delivery.session import SessionIdentity
from padfleet.services.fanout.hub.client_vars import Greeting
from padfleet.services.fanout.hub.followed import Followed
from padfleet.services.fanout.hub.greetings import COUNTED, greeting_of
from padfleet.services.fanout.hub.metadata_form import variables_of
from padfleet.services.fanout.hub.rooms import Rooms
from padfleet.services.fanout.pads import collabroom
from padfleet.services.fanout.presence import resume_token
from padfleet.services.fanout.presence.resume_token import ResumeToken
from padfleet.services.fanout.presence.secrecy import Secret
from padfleet.services.fanout.requests.client_capabilities import (
    announced,
    introduced,
    is_only_for_history,
    knows_sessions,
    looks_back,
)
from padfleet.services.fanout.requests.client_ready import ClientReady
from padfleet.services.fanout.requests.onlooker import Following, Onlooker
from padfleet.services.fanout.requests.rights import rights_of_onlookers
from padfleet.services.fanout.requests.turning_away import turn_away_if_corrupt
from padfleet.shared import refusals
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.damage import CorruptPad
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.meta import PadMeta
from padfleet.shared.log.pad.options import parse_options
from padfleet.shared.log.pad.past import document_at
from padfleet.shared.log.pad.reader import PadReader
from padfleet.shared.log.pad.saved import readable
from padfleet.shared.settings import FanoutSettings


@dataclass(slots=True, frozen=True)
class Looking:
    """One client's look at a pad in the cold store."""

    redis: Redis
    keyspace: Keyspace
    settings: FanoutSettings
    rooms: Rooms
    ready: ClientReady

    async def look(self) -> Onlooker | None:
        """Sends the client CLIENT_VARS of the pad, and returns what can answer its questions.
        Returns None if the pad has to be joined instead: it is in Redis by now or not there at all,
        it is damaged, which everybody on it is told, or others here want it, too.

        Raises `TurnedAway`, TimeoutError if there is no room for a large pad, or what `UNREACHABLE`
        lists.
        """
        if looks_back(self.ready.message):
            return await self._shown(None)
        # The channel comes before the pad is read, so that no news of it is missed in between.
        followed = await self.rooms.follow(self.ready.identity.pad_id)
        if followed is None:
            return None
        onlooker = None
        try:
            onlooker = await self._shown(followed)
        finally:
            if onlooker is None:
                self.rooms.followed.end(followed)
        return onlooker

    async def _shown(self, followed: Followed | None) -> Onlooker | None:
        """Does what `look` does. The client goes on the pad when it is opened if it is
        `followed`."""
        if self.redis.elsewhere is None:
            return None
        identity, message, way_out = self.ready.identity, self.ready.message, self.ready.exit
        try:
            reader = await self.redis.elsewhere.view(identity.pad_id)
            if reader is None or reader.meta.damaged:
                return None
            me = await introduced(self.redis, identity, message.get("userInfo"))
            await me.store(self.redis)
            greeting = await self._greeting(reader)
            beside = await _beside(reader, identity)
        except CorruptPad as error:
            turn_away_if_corrupt(way_out, identity.pad_id, error)
            raise
        # What it has said of itself is on record now, in case it goes on the pad later.
        identity = replace(identity, known=me.me, made=None, due=False)
        onlooker = Onlooker(identity, way_out, reader.meta.epoch, self.redis, self.keyspace)
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
                cookie_prefix=self.settings.cookie_prefix,
                beside=beside,
                rights=rights_of_onlookers(identity, self.settings),
                more={"onlooker": True} if followed is None else {},
            )
        )
        if followed is not None:
            _follow(onlooker, followed, reader.meta, message)
        return onlooker

    async def _greeting(self, reader: PadReader) -> Greeting:
        document = await document_at(reader)
        greeting = await greeting_of(document, await reader.authors(document.authors()))
        if greeting.size >= COUNTED:
            greeting.room = self.rooms.outgoing.take(greeting.size)
            if greeting.room is None:
                refusals.LIMITED.labels("outgoing").inc()
                raise TimeoutError("there is too much on its way out for a pad of this size")
        return greeting


def _follow(
    onlooker: Onlooker, followed: Followed, shown: PadMeta, message: dict[str, Any]
) -> None:
    """Sends what a session is sent when it is let in, for a client that loses its connection, and
    notes how the client goes on when the pad is opened."""
    identity = onlooker.identity
    reign = shown.reigns[-1].name if shown.reigns else ""
    stay = ResumeToken(identity.author, identity.requested_id, shown.epoch, reign, onlooker.id)
    onlooker.exit.write(resume_token.frame(stay))
    if knows_sessions(message):
        onlooker.exit.write(collabroom.session_is(onlooker.id))
    ready = {"supports": announced(message), "reconnect": True, "client_rev": shown.head}
    onlooker.following = Following(followed, stay, shown.head, ready)


async def _beside(reader: PadReader, identity: SessionIdentity) -> bytes:
    facts = await reader.facts()
    return variables_of(
        parse_options(facts.settings),
        readable(await reader.saved()),
        facts.chat_head,
        secret=Secret(identity.pad_id) if identity.read_only else None,
    )

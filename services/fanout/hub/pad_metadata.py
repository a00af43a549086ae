"""Keeps what belongs to a pad besides its revisions, as far as the sessions of one room have been
told.

Announcements are published and may get lost, so a chat message is only accepted if it is the next
one; otherwise, and whenever the channel was lost, everything is read again from where it is stored,
and the sessions are told what they lack. A session that joins is given the state as it is here, and
from then on hears of changes, so it misses nothing.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Protocol

from padfleet.services.fanout.hub.metadata_form import (
    chat_message,
    for_readers,
    saved_revision,
    variables_of,
    with_names,
)
from padfleet.services.fanout.presence.secrecy import Secret
from padfleet.services.fanout.transport import packets
from padfleet.services.fanout.transport.packets import Frame
from padfleet.shared.log.connection.connect import UNREACHABLE, Redis
from padfleet.shared.log.connection.retry import RetryPauses
from padfleet.shared.log.keys import PadKeys
from padfleet.shared.log.pad.announcements import (
    Announcement,
    Relayed,
    RevisionSaved,
    Said,
    SettingsChanged,
)
from padfleet.shared.log.pad.chat import NO_MESSAGES, ChatMessage, read_chat
from padfleet.shared.log.pad.options import normalised
from padfleet.shared.log.pad.pad_store import PadStore
from padfleet.shared.log.pad.saved import SavedRevision
from padfleet.shared.tasks import Tasks
from padfleet.shared.wire.jsontext import MOST_VALUES, loads

log = logging.getLogger(__name__)

MOST_MADE_UP = 100
"""How many chat messages sessions are sent after their announcements were lost. A page can ask for
earlier ones by itself."""

SETTLE_TIMEOUT = 5.0
"""How many seconds somebody who joins waits for what is being read."""


class Tell(Protocol):
    def __call__(self, news: Frame, *, but: str = "") -> None: ...


SendToSome = Callable[[Frame, Relayed], None]
"""Sends to the sessions that the second argument names."""

TellApart = Callable[[Frame, Frame], None]
"""Sends the first argument to sessions that may write, and the second to those that may only
read."""


class PadMetadata:
    """The metadata of one pad: its chat's head, saved revisions and settings, and who created
    it."""

    def __init__(
        self,
        redis: Redis,
        keys: PadKeys,
        secret: Secret,
        tell: Tell,
        send_to_some: SendToSome,
        tell_apart: TellApart,
    ) -> None:
        """Takes the pad and the ways to tell its sessions; `secret` removes what readers must not
        be told."""
        self._redis = redis
        self._store = PadStore(redis, keys)
        self._secret = secret
        self._tell_apart = tell_apart
        self._keys = keys
        self._tell = tell
        self._send_to_some = send_to_some
        self._tasks = Tasks()
        self._reading: asyncio.Task[None] | None = None
        self._taken = 0  # announcements, so that a reading knows whether it is out of date
        self._reset()

    def _reset(self) -> None:
        self.creator = ""
        self.chat_head = NO_MESSAGES
        self.saved: list[SavedRevision] = []
        self.options: dict[str, Any] = normalised(None)
        self._exists = False
        self._has_changed()

    def _has_changed(self) -> None:
        self._variables: bytes | None = None
        self._variables_of_readers: bytes | None = None

    @property
    def variables(self) -> bytes:
        """Returns the metadata's part of CLIENT_VARS: members of a JSON object, without the
        braces."""
        if self._variables is None:
            self._variables = variables_of(self.options, self.saved, self.chat_head)
        return self._variables

    @property
    def variables_of_readers(self) -> bytes:
        """Returns the same part for sessions that may only read."""
        if self._variables_of_readers is None:
            self._variables_of_readers = variables_of(
                self.options, self.saved, self.chat_head, secret=self._secret
            )
        return self._variables_of_readers

    async def open(self) -> None:
        """Reads everything for the first time. Raises what `UNREACHABLE` lists."""
        await self._read(telling=False)

    def close(self) -> None:
        self._tasks.close()

    def forget(self) -> None:
        """Drops everything, since the pad is gone; there may be another in its place."""
        self._reset()
        self._taken += 1
        self.refresh(telling=False)

    def is_made(self, creator: str) -> None:
        """Notes that the pad has just been created: it has no metadata yet, so nothing has to be
        read."""
        if self._exists:
            return
        if self._reading is not None:
            self._reading.cancel()
        self._reset()
        self._taken += 1
        self._exists, self.creator = True, creator

    @property
    def is_settled(self) -> bool:
        """Returns whether the pad is known here, and nothing is being read."""
        return self._exists and (self._reading is None or self._reading.done())

    async def settled(self) -> None:
        """Returns when nothing is being read, and the pad, which exists, is known here. Raises
        TimeoutError."""
        if self.is_settled:
            return
        if not self._exists:
            self.refresh()
        async with asyncio.timeout(SETTLE_TIMEOUT):
            while self._reading is not None and not self._reading.done():
                await asyncio.wait([self._reading])

    # --- Announcements ---------------------------------------------------------------------------

    def take(self, announcement: Announcement) -> None:
        self._taken += 1
        match announcement:
            case Said(message, name):
                self._said(message, name)
            case RevisionSaved(saved):
                self._saved(saved)
            case SettingsChanged(settings):
                self.are_set(normalised(settings))
            case Relayed():
                frame = packets.encoded(announcement.event, announcement.message)
                if not announcement.writers and self._names_the_pad(announcement):
                    announcement = announcement._replace(writers=True)
                if announcement.author or announcement.writers:
                    self._send_to_some(frame, announcement)
                else:
                    self._tell(frame, but=announcement.but)

    def _names_the_pad(self, relayed: Relayed) -> bool:
        try:
            return self._secret.is_named_in(loads(relayed.message, most=MOST_VALUES))
        except ValueError:
            return True

    def are_set(self, options: dict[str, Any]) -> None:
        """Sets the pad's settings to these."""
        self.options = options
        self._has_changed()

    def _said(self, message: ChatMessage, name: str | None) -> None:
        if message.number != self.chat_head + 1:
            # Some were lost on the way, or, if it is a number that we had, in a fail-over. (Or it
            # is one that has been read already, and then nothing is missing.)
            self.refresh()
            return
        self.chat_head = message.number
        self._has_changed()
        heard = chat_message(message, name)
        if message.extra and self._secret.is_named_in(message.extra):
            open_to_all = message._replace(extra=self._secret.without(message.extra))
            self._tell_apart(heard, chat_message(open_to_all, name))
        else:
            self._tell(heard)

    def _saved(self, saved: SavedRevision) -> None:
        if all(known.rev != saved.rev for known in self.saved):
            self.saved.append(saved)
            self._has_changed()
            open_to_all = for_readers(self._secret, saved)
            if open_to_all is saved:
                self._tell(saved_revision(saved))
            else:
                self._tell_apart(saved_revision(saved), saved_revision(open_to_all))

    # --- Reading ---------------------------------------------------------------------------------

    def refresh(self, *, telling: bool = True) -> None:
        """Reads everything again, in the background; the sessions are told what is new to them."""
        if self._reading is None or self._reading.done():
            work = self._read_patiently(telling)
            self._reading = self._tasks.begin(work, "beside the pad", key=self._keys.meta)

    async def _read_patiently(self, telling: bool) -> None:
        pauses = RetryPauses()
        while True:
            try:
                await self._read(telling=telling)
                return
            except UNREACHABLE:
                await pauses.sleep()

    async def _read(self, *, telling: bool) -> None:
        while True:
            taken = self._taken
            stored = await self._store.metadata()
            missed = await self._missed(stored.chat_head) if telling else []
            if taken == self._taken:
                break
        self._exists, self.creator, self.options = stored.exists, stored.creator, stored.options
        for message, name in missed:
            self.chat_head = message.number - 1
            self._said(message, name)
        if telling:
            for each in stored.saved:
                self._saved(each)
        self.chat_head, self.saved = stored.chat_head, stored.saved
        self._has_changed()

    async def _missed(self, chat_head: int) -> list[tuple[ChatMessage, str | None]]:
        first = max(self.chat_head + 1, chat_head + 1 - MOST_MADE_UP)
        messages = await read_chat(self._redis, self._keys, first, chat_head)
        return await with_names(self._redis, messages)

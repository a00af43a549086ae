"""Keeps who is on a pad, what is known of them, and what there is to tell about them. It is pure,
except that it reads authors."""

import asyncio
from collections.abc import Callable, Collection, Iterable

from padfleet.services.fanout.presence.roster import Roster
from padfleet.services.fanout.presence.roster_log import RosterLog
from padfleet.shared.log.channel_messages import Joined, Left, UserInfo
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.people import authors
from padfleet.shared.log.people.author_records import Author


class People:
    """The people on one pad, on all workers, and what is known of them."""

    def __init__(self, log: RosterLog, changed: Callable[[], None]) -> None:
        """Takes the log for what there is to tell; `changed` is called each time there is more."""
        self.roster = Roster()
        self.log = log
        self._changed = changed
        self._known: dict[str, Author] = {}
        self._strangers: set[str] = set()
        """People who were there when the pad was opened, and of whom nobody is told before their
        present name has been read."""
        self._asked: set[str] = set()
        self._asking = asyncio.Lock()

    # --- What is known ---------------------------------------------------------------------------

    @property
    def knows_present(self) -> bool:
        """Returns whether it is known what to tell of everybody who is there."""
        return not self._strangers

    async def get_to_know_present(self, redis: Redis) -> None:
        """Returns when it is known what to tell of everybody who is there."""
        if self._strangers:
            await self.get_to_know(redis, tuple(self._strangers))

    async def get_to_know(self, redis: Redis, wanted: Collection[str]) -> None:
        """Reads the names and colours of these authors, except those that have been asked for
        already."""
        if self._asked.issuperset(wanted):
            return
        # One at a time: a thousand people who come at the same time to a pad of a thousand authors
        # would each ask for all of them.
        async with self._asking:
            missing = [author for author in wanted if author not in self._asked]
            for author in (await authors.read(redis, missing)).values():
                # What the channel has brought meanwhile is newer than what was read.
                self._known.setdefault(author.id, author)
            self._asked.update(missing)
            self._introduce(self._strangers.intersection(missing))

    def known_of(self, wanted: Iterable[str]) -> dict[str, Author]:
        """Returns the names and colours of these authors, as far as they are known."""
        return {author: self._known[author] for author in wanted if author in self._known}

    def color_of(self, author: str) -> int | str:
        return self._known[author].color if author in self._known else 0

    def count(self, session: str) -> int:
        """Returns the number of sessions on the pad, including `session`, which has joined. The
        pad's channel has probably said so already, but that is not certain: it uses another
        connection than the join."""
        return len(self.roster) + (session not in self.roster)

    # --- What happens ----------------------------------------------------------------------------

    def begin(self, stored: Iterable[Joined]) -> None:
        """Sets the sessions that are there when the pad is opened."""
        self.roster.replace(stored)
        self._strangers = set(self.roster.present) - self._known.keys()

    def joined(self, joined: Joined) -> None:
        self.roster.add(joined)
        self._tell(self._get_to_know(joined), but=joined.member.session)

    def left(self, left: Left) -> None:
        member = self.roster.remove(left.session)
        if member is not None:
            self._has_gone(member.author)

    def changed(self, info: UserInfo) -> None:
        """Notes that somebody has changed their name or colour."""
        author = self._known[info.author] = Author(info.author, info.name, info.color)
        # Their last session may have left before this came: then there is nobody to be shown.
        if info.author in self.roster.present:
            self._strangers.discard(info.author)
            self._tell(author, but=info.session)

    def replace(self, fresh: Iterable[Joined]) -> list[Joined]:
        """Sets the roster to what is stored, after messages may have been lost; returns the
        sessions that have come unnoticed."""
        difference = self.roster.replace(fresh)
        for joined in difference.joined:
            self._tell(self._get_to_know(joined), but=joined.member.session)
        for member in difference.gone:
            self._has_gone(member.author)
        return difference.joined

    def forget(self) -> None:
        """Drops everybody, since the pad is gone; they have been told already."""
        self.roster.replace(())
        self._strangers.clear()
        self.log.forget()

    def _get_to_know(self, joined: Joined) -> Author:
        member = joined.member
        author = Author(member.author, member.name, member.color)
        self._known[author.id] = author
        self._asked.add(author.id)
        self._strangers.discard(author.id)
        return author

    def _introduce(self, strangers: Collection[str]) -> None:
        """Announces these people if nobody here has been told about them yet, in the order of
        arrival."""
        for author in self.roster.authors() if strangers else ():
            if author in strangers:
                # If nothing is on record of an author, the name and colour given on arrival count.
                self._tell(self._known.get(author) or self._get_to_know(self.roster.last(author)))
        self._strangers.difference_update(strangers)

    def _has_gone(self, author: str) -> None:
        self._strangers.discard(author)
        if self.log.gone(author):
            self._changed()

    def _tell(self, author: Author, *, but: str = "") -> None:
        if self.log.here(author, but=but):
            self._changed()

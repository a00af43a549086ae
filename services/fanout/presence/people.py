"""Who is on a pad, what is known of them, and what the sessions here are told about it. Pure but
for what it reads of authors."""

import asyncio
from collections.abc import Collection, Iterable

from padfleet.services.fanout.pads import collabroom
from padfleet.services.fanout.pads.gate import Sender
from padfleet.services.fanout.pads.news import News
from padfleet.services.fanout.presence.roster import Roster
from padfleet.services.fanout.transport.packets import Frame
from padfleet.shared.log import authors
from padfleet.shared.log.authors import Author
from padfleet.shared.log.connect import Redis
from padfleet.shared.log.records import Joined, Left, UserInfo


class People:
    """Those who are on one pad, on whichever worker they are."""

    def __init__(self, news: News, sender: Sender) -> None:
        """What sessions are told goes to `news`, of which `sender` brings it to them."""
        self.roster = Roster()
        self.news = news
        self._sender = sender
        self._known: dict[str, Author] = {}
        self._infos: dict[str, tuple[Author, Frame]] = {}
        self._asked: set[str] = set()
        self._asking = asyncio.Lock()

    # --- What is known ---------------------------------------------------------------------------

    async def get_to_know(self, redis: Redis, wanted: Collection[str]) -> None:
        """Reads name and colour of those of the authors that nobody has asked for yet."""
        if self._asked.issuperset(wanted):
            return
        # One at a time: a thousand who come at once to a pad of a thousand authors would each ask
        # for all of them.
        async with self._asking:
            missing = [author for author in wanted if author not in self._asked]
            for author in (await authors.read(redis, missing)).values():
                # What the channel has told meanwhile is newer than what was read.
                self._known.setdefault(author.id, author)
            self._asked.update(missing)

    def known_of(self, wanted: list[str]) -> dict[str, Author]:
        """Name and colour of these authors, as far as they are known."""
        return {author: self._known[author] for author in wanted if author in self._known}

    def color_of(self, author: str) -> int | str:
        return self._known[author].color if author in self._known else 0

    def count(self, session: str) -> int:
        """Sessions on the pad, with `session`, which has joined. That the pad's channel has said so
        already is likely, not certain: it is another connection than the one that joined."""
        return len(self.roster) + (session not in self.roster)

    def introduction(self, *, but: str) -> Frame | None:
        """Who is here, for a session that comes; it knows itself."""
        present = self.roster.authors(but=but)
        infos = [self._info(self._known[author]) for author in present if author in self._known]
        return Frame.joined(infos) if infos else None

    # --- What happens ----------------------------------------------------------------------------

    def joined(self, joined: Joined) -> None:
        again = joined.member.session in self.roster
        self.roster.add(joined)
        author = self._get_to_know(joined)
        if not again:
            self.tell(self._info(author), but=joined.member.session)

    def left(self, left: Left) -> None:
        if self.roster.remove(left.session) is not None:
            self._infos.pop(left.author, None)
            self.tell(_leave_info(left.author, left.color))

    def changed(self, info: UserInfo) -> None:
        """Somebody has taken another name or colour."""
        author = self._known[info.author] = Author(info.author, info.name, info.color)
        self.tell(self._info(author), but=info.session)

    def replace(self, fresh: Iterable[Joined]) -> list[Joined]:
        """Sets the roster to what is stored, after news may have been lost; returns who has come
        unseen."""
        difference = self.roster.replace(fresh)
        for joined in difference.joined:
            self.tell(self._info(self._get_to_know(joined)), but=joined.member.session)
        for member in difference.gone:
            self.tell(_leave_info(member.author, member.color))
        return difference.joined

    def _get_to_know(self, joined: Joined) -> Author:
        member = joined.member
        author = Author(member.author, member.name, member.color)
        self._known[author.id] = author
        self._asked.add(author.id)
        return author

    def tell(self, news: Frame, *, but: str = "") -> None:
        """All sessions here, in the order of the calls; `but` is one that is not told."""
        self.news.add(news, but=but)
        self._sender.due()

    def _info(self, author: Author) -> Frame:
        """Kept, since on a full pad each who comes is told of all who are there."""
        kept = self._infos.get(author.id)
        if kept is None or kept[0] is not author:
            kept = self._infos[author.id] = (author, _new_info(author))
        return kept[1]


def _new_info(author: Author) -> Frame:
    info = {"colorId": author.color, "name": author.name, "userId": author.id}
    return collabroom.collab({"type": "USER_NEWINFO", "userInfo": info})


def _leave_info(author: str, color: int | str) -> Frame:
    return collabroom.collab(
        {"type": "USER_LEAVE", "userInfo": {"colorId": color, "userId": author}}
    )

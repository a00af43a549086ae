"""Keeps the roster of a pad: who is on it, on all workers. Pure.

It is maintained from the pad's channel, and corrected from the stored members after a lost
subscription.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from typing import NamedTuple

from padfleet.shared.log.channel_messages import Joined, Member


class Difference(NamedTuple):
    """The changes that had gone unnoticed."""

    joined: list[Joined]
    gone: list[Member]  #: authors' last sessions only


class Roster:
    def __init__(self) -> None:
        self._sessions: dict[str, Joined] = {}
        self._by_author: dict[str, dict[str, Joined]] = {}
        self._workers: Counter[str] = Counter()  #: how many of the sessions are on each

    def __len__(self) -> int:
        return len(self._sessions)

    def __contains__(self, session: str) -> bool:
        return session in self._sessions

    def add(self, joined: Joined) -> None:
        member = joined.member
        if member.session in self._sessions:
            self._no_more_on(self._sessions[member.session].member.worker)
        self._workers[member.worker] += 1
        self._sessions[member.session] = joined
        self._by_author.setdefault(member.author, {})[member.session] = joined

    def remove(self, session: str) -> Member | None:
        """Removes a session. Returns the member if the session was its author's last one, and
        otherwise None."""
        joined = self._sessions.pop(session, None)
        if joined is None:
            return None
        self._no_more_on(joined.member.worker)
        others = self._by_author[joined.member.author]
        del others[session]
        if others:
            return None
        del self._by_author[joined.member.author]
        return joined.member

    def sessions_of(self, author: str) -> list[str]:
        return list(self._by_author.get(author, ()))

    def has_later(self, author: str, order: int) -> bool:
        """Returns whether a session of this author has come after the one with that order. The
        history frames of pages do not count: they share the author with their page."""
        return any(
            joined.order > order and not joined.member.embedded
            for joined in self._by_author.get(author, {}).values()
        )

    @property
    def present(self) -> Collection[str]:
        """Returns the ids of all authors, each once. This is not a copy, but a live view."""
        return self._by_author.keys()

    def authors(self) -> list[str]:
        """Returns the ids of all authors, each once, in the order of joining."""
        return list(self._by_author)

    def last(self, author: str) -> Joined:
        """Returns the newest join of an author who is there."""
        return next(reversed(self._by_author[author].values()))

    def on_dead_workers(self, alive: set[str]) -> list[Member]:
        """Returns the sessions whose worker is not alive."""
        if self._workers.keys() <= alive:  # as nearly always, and there may be thousands
            return []
        return [
            joined.member for joined in self._sessions.values() if joined.member.worker not in alive
        ]

    def on_worker(self, worker: str) -> list[str]:
        """Returns the sessions that are recorded for this worker."""
        return [s for s, joined in self._sessions.items() if joined.member.worker == worker]

    def replace(self, fresh: Iterable[Joined]) -> Difference:
        """Sets the roster to what is stored, and returns what that changes."""
        now = {joined.member.session: joined for joined in fresh}
        joined = [item for session, item in now.items() if session not in self._sessions]
        staying = {item.member.author for item in now.values()}
        gone = []
        for session in self._sessions.keys() - now.keys():
            member = self.remove(session)
            if member is not None and member.author not in staying:
                gone.append(member)
        self._sessions, self._by_author, self._workers = {}, {}, Counter()
        for item in now.values():
            self.add(item)
        return Difference(joined, gone)

    def _no_more_on(self, worker: str) -> None:
        """Notes that a worker has one session less."""
        self._workers[worker] -= 1
        if not self._workers[worker]:
            del self._workers[worker]

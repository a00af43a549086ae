"""Who is on a pad, on whichever worker: pure.

Kept from the pad's channel, and set right from the stored members after a lost subscription.
"""

from collections.abc import Iterable
from typing import NamedTuple

from shared.log.records import Joined, Member


class Difference(NamedTuple):
    """What changed unseen."""

    joined: list[Joined]
    gone: list[Member]  #: authors' last sessions only


class Roster:
    def __init__(self) -> None:
        self._sessions: dict[str, Joined] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def __contains__(self, session: str) -> bool:
        return session in self._sessions

    def add(self, joined: Joined) -> None:
        self._sessions[joined.member.session] = joined

    def remove(self, session: str) -> Member | None:
        """The member if the session was its author's last one, else None."""
        joined = self._sessions.pop(session, None)
        if joined is None or self.has_author(joined.member.author):
            return None
        return joined.member

    def has_author(self, author: str) -> bool:
        return any(joined.member.author == author for joined in self._sessions.values())

    def has_later(self, author: str, order: int) -> bool:
        """Whether a session of this author has come after the one of that order. The history
        frames of pages do not count: they share the author with their page."""
        return any(
            joined.member.author == author and joined.order > order and not joined.member.embedded
            for joined in self._sessions.values()
        )

    def authors(self, *, but: str = "") -> list[str]:
        """Everyone's author id, once each, in the order of joining; `but` is left out."""
        return list(
            dict.fromkeys(
                joined.member.author for session, joined in self._sessions.items() if session != but
            )
        )

    def on_dead_workers(self, alive: set[str]) -> list[Member]:
        """The sessions whose worker is not among the living."""
        return [
            joined.member for joined in self._sessions.values() if joined.member.worker not in alive
        ]

    def replace(self, fresh: Iterable[Joined]) -> Difference:
        """Sets the roster to what is stored, and says what that changes."""
        now = {joined.member.session: joined for joined in fresh}
        joined = [item for session, item in now.items() if session not in self._sessions]
        gone = []
        for session in self._sessions.keys() - now.keys():
            member = self.remove(session)
            if member is not None and all(j.member.author != member.author for j in now.values()):
                gone.append(member)
        self._sessions = now
        return Difference(joined, gone)

"""Simulates a pad's history as its writer makes it: real revisions, of one letter each."""

from __future__ import annotations

from collections import deque

from padfleet.shared.log.records import Origin, Revision, chain_of

KEPT = 4000
"""Newest revisions, for those who come back: more than anybody misses in a simulation."""

_WIRE = (
    b'{"type":"NEW_CHANGES","newRev":%d,"changeset":"Z:1>1*0+1$x","apool":{"numToAttrib":'
    b'{"0":["author","a.somebody"]},"nextNum":1},"author":"a.somebody","x":"%b"}'
)
_FRAMING = 50
"""How many bytes a message has around one revision."""


class Pad:
    def __init__(self, number: int, wire_bytes: float) -> None:
        self.number = number
        self.head = 0
        self.chain = b"start"
        self.committed_at = [0.0]  #: by rev
        self.recent: deque[Revision] = deque(maxlen=KEPT)
        self.due: dict[Origin, float] = {}  #: when the edit was made, until its author knows
        self.sessions = 0  #: on all workers
        self._padding = b"x" * max(0, round(wire_bytes) - _FRAMING - len(_WIRE))
        self._seq = 0

    def edit(self, session: str, now: float) -> Origin:
        self._seq += 1
        origin = Origin(session, self._seq)
        self.due[origin] = now
        return origin

    def commit(self, origins: list[Origin], now: float) -> list[Revision]:
        made = []
        for origin in origins:
            self.head += 1
            wire = _WIRE % (self.head, self._padding)
            self.chain = chain_of(self.chain, wire)
            self.committed_at.append(now)
            time = round(now * 1000)
            made.append(Revision(self.head, "a.somebody", time, origin, self.chain, wire))
        self.recent.extend(made)
        return made

    def since(self, rev: int) -> list[Revision]:
        """Returns the revisions after this one. Raises AssertionError if that is too long ago."""
        missing = self.head - rev
        assert missing <= len(self.recent), "nobody can miss so much"
        return [r for r in self.recent if r.rev > rev] if missing else []

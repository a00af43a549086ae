"""Makes honest histories without sockets, from the model server and the typists of the chaos
tests."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from padfleet.shared.log.records import Origin, Revision, chain_of
from padfleet.shared.wire.jsontext import dumps
from tests.chaos.history.hand import Hand
from tests.chaos.history.hearing import heard_in, tell
from tests.chaos.history.pages import Book
from tests.chaos.history.recording import Recording
from tests.chaos.history.stream import Stream
from tests.chaos.history.typist import Typist
from tests.unit.client.model_server import Message, ModelServer, Visitor

PAD = "pad"
CLIENTS = 3
START = "start\n"

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("strike"), st.integers(0, CLIENTS - 1)),
        st.tuples(st.just("arrive"), st.integers(0, CLIENTS - 1)),
        st.tuples(st.just("hear"), st.integers(0, CLIENTS - 1), st.integers(1, 4), st.booleans()),
        st.tuples(st.just("lose"), st.integers(0, CLIENTS - 1), st.booleans()),
        st.tuples(st.just("reload"), st.integers(0, CLIENTS - 1), st.booleans()),
    ),
    min_size=20,
    max_size=70,
)


@dataclass(frozen=True, slots=True)
class History:
    """The arguments of `check`."""

    recordings: list[Recording]
    stream: Stream


class Simulation:
    """Messages move between clients and server only when told to."""

    def __init__(self, seed: int) -> None:
        self.server = ModelServer(START)
        self.typists: list[Typist] = []
        self._hands: list[Hand] = []
        self._visitors: list[Visitor] = []
        self._posted: list[Message | None] = []  #: on its way to the server, by client
        self._book = Book()
        self._time = 0.0
        for number in range(CLIENTS):
            typist = Typist(f"c{number}", PAD, self._book, self._clock)
            self.typists.append(typist)
            self._hands.append(Hand(typist, self._book, random.Random(f"{seed}.{number}")))
            self._posted.append(None)
            self._visitors.append(self._join(typist))

    def _clock(self) -> float:
        self._time += 0.25
        return self._time

    def _join(self, typist: Typist) -> Visitor:
        typist.connection_made("http://model")
        author = f"a.{typist.name}"
        visitor, variables = self.server.join(author)
        self._say(
            typist,
            {
                "type": "CLIENT_VARS",
                "data": {"userId": author, "collab_client_vars": variables},
            },
        )
        return visitor

    def _say(self, typist: Typist, message: Message) -> None:
        for heard in heard_in(message):
            tell(typist, heard)

    # --- Steps -----------------------------------------------------------------------------------

    def strike(self, who: int) -> None:
        self._post(who, self._hands[who].strike())

    def _post(self, who: int, submission: Message | None) -> None:
        if submission is not None:
            assert self._posted[who] is None
            self._posted[who] = submission

    def arrive(self, who: int) -> None:
        message, self._posted[who] = self._posted[who], None
        if message is not None:
            self.server.submit(self._visitors[who], message)

    def hear(self, who: int, count: int, batch: bool) -> None:
        self.arrive(who)
        typist = self.typists[who]
        for data in self._visitors[who].take(count, batch=batch):
            self._say(typist, {"type": "COLLABROOM", "data": data})
            self._post(who, typist.next_submission())

    def lose(self, who: int, arrived: bool) -> None:
        """Breaks the connection, before or after the submission has arrived, and makes it again."""
        self._part(who, arrived)
        typist = self.typists[who]
        typist.connection_lost("cut")
        ready = typist.connection_made("http://model")
        self._visitors[who] = self.server.come_back(f"a.{typist.name}", ready["client_rev"])

    def reload(self, who: int, arrived: bool) -> None:
        self._part(who, arrived)
        self._say(self.typists[who], {"disconnect": "rejected"})
        self._visitors[who] = self._join(self.typists[who])

    def _part(self, who: int, arrived: bool) -> None:
        if arrived:
            self.arrive(who)
        self._posted[who] = None
        self.server.leave(self._visitors[who])

    # --- The end ---------------------------------------------------------------------------------

    def settle(self) -> None:
        while not all(typist.settled for typist in self.typists) or any(
            visitor.outbox for visitor in self._visitors
        ):
            for who, typist in enumerate(self.typists):
                if self._posted[who] is None:
                    self._post(who, typist.next_submission())
                self.hear(who, 1000, batch=True)

    def finish(self) -> History:
        self.settle()
        for typist in self.typists:
            typist.finish()
        created = {"newRev": 0, "changeset": f"Z:1>{len(START) - 1}+{len(START) - 1}${START[:-1]}"}
        changes = [
            created | {"apool": {"numToAttrib": {}, "nextNum": 0}, "author": ""},
            *(self.server._change(rev) for rev in range(1, self.server.rev + 1)),
        ]
        return History([typist.recording for typist in self.typists], stream_of(changes))


def stream_of(changes: Iterable[dict[str, Any]]) -> Stream:
    """Returns the stream that holds these `data` of NEW_CHANGES messages, from revision 0 on."""
    chain, revisions = b"", []
    for rev, change in enumerate(changes):
        wire = dumps(change).encode()
        chain = chain_of(chain, wire)
        origin = Origin("session", rev) if rev else None
        revisions.append(Revision(rev, change["author"], rev, origin, chain, wire))
    return Stream(PAD, len(revisions) - 1, chain, 1, tuple(revisions))


def simulate(steps: Iterable[Any], seed: int) -> History:
    simulation = Simulation(seed)
    for name, *arguments in steps:
        getattr(simulation, name)(*arguments)
    return simulation.finish()

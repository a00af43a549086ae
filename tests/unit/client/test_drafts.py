"""Sealed drafts, what only a strict client refuses, and that all come to the same with both."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.client import Accepted, Changed, Collaborator, ProtocolError
from shared.easysync import AttributePool, attribs_of, iter_ops
from tests.unit.client.model_server import Message, ModelServer, Visitor

ME, OTHER = "a.me", "a.other"


def collaborator(text: str = "hello\n", rev: int = 0, *, text_only: bool = False) -> Collaborator:
    return a_client(ModelServer(text), ME, rev=rev, text_only=text_only)[1]


def a_client(
    server: ModelServer, author: str, *, rev: int = 0, text_only: bool = False
) -> tuple[Visitor, Collaborator]:
    visitor, variables = server.join(author)
    client = Collaborator(variables | {"rev": server.rev + rev}, author, text_only=text_only)
    return visitor, client


def change(rev: int, changeset: str, author: str = OTHER, **more: Any) -> Message:
    return {
        "type": "NEW_CHANGES",
        "newRev": rev,
        "changeset": changeset,
        "apool": {"numToAttrib": {}, "nextNum": 0},
        "author": author,
        **more,
    }


def receive(client: Collaborator, *messages: Message) -> list[Changed | Accepted]:
    return [event for message in messages for event in client.receive(message)]


ONE = change(1, "Z:6>1+1$1")
TWO = change(2, "Z:7>1=1+1$2")
THREE = change(3, "Z:8>1=2+1$3")


# --- Revisions of others -------------------------------------------------------------------------


def test_an_edit_in_the_middle_of_a_batch_is_made_on_the_text_of_the_moment() -> None:
    client = collaborator()
    for event in client.receive({"type": "NEW_CHANGES_BATCH", "changes": [ONE, TWO, THREE]}):
        if event.rev == 2:
            assert client.text == "12hello\n"
            client.edit(1, 0, "<me>")
    assert client.text == "1<me>23hello\n"
    submission = client.next_submission()
    assert submission is not None
    assert submission["baseRev"] == 3


# --- Strictness ----------------------------------------------------------------------------------


def test_a_change_that_is_accepted_without_a_revision_would_be_seen_by_nobody() -> None:
    client = collaborator()
    client.edit(0, 0, "x")
    assert client.next_submission() is not None
    with pytest.raises(ProtocolError, match="without one to revision 0"):
        receive(client, {"type": "ACCEPT_COMMIT", "newRev": 0})


def test_what_changes_nothing_is_accepted_without_a_revision() -> None:
    client = collaborator()
    client.edit(0, 1, "h")
    assert client.next_submission() is not None
    assert receive(client, {"type": "ACCEPT_COMMIT", "newRev": 0}) == [Accepted(0)]
    assert (client.text, client.rev, client.settled) == ("hello\n", 0, True)


@pytest.mark.parametrize("text_only", [False, True])
@pytest.mark.parametrize(
    "nonsense",
    [
        change(1, "Z:7>1+1$1"),  # for another length
        change(1, "hello"),
        change(1, 5),  # type: ignore[arg-type]
        {"type": "NEW_CHANGES"},
        {"type": "NEW_CHANGES_BATCH"},
        {"type": "NEW_CHANGES_BATCH", "changes": [None]},
        {"type": "CLIENT_RECONNECT"},
    ],
)
def test_nonsense_is_an_error_of_the_protocol(nonsense: Message, text_only: bool) -> None:
    client = collaborator(text_only=text_only)
    with pytest.raises(ProtocolError, match="at revision 0"):
        receive(client, nonsense)
    assert (client.text, client.rev) == ("hello\n", 0)


# --- Own edits -----------------------------------------------------------------------------------


def test_ties_are_broken_as_on_the_page() -> None:
    """In flight, theirs comes first, as the server will have it; what only waits goes before."""
    client = collaborator("\n")
    client.edit(0, 0, "F")
    assert client.next_submission() is not None
    receive(client, change(1, "Z:1>1+1$T"))
    assert client.text == "TF\n"
    client = collaborator("\n")
    client.edit(0, 0, "W")
    receive(client, change(1, "Z:1>1+1$T"))
    assert client.text == "WT\n"


def test_sealed_edits_become_revisions_of_their_own() -> None:
    client = collaborator("\n")
    sent = []
    for letter in "abcd":
        client.edit(len(client.text) - 1, 0, letter)
        if letter in "bc":
            client.seal()
    assert client.drafts == 3
    while not client.settled:
        submission = client.next_submission()
        assert submission is not None
        sent.append(submission["changeset"].partition("$")[2])
        receive(client, {"type": "ACCEPT_COMMIT", "newRev": client.rev + 1})
    assert sent == ["ab", "c", "d"]


# --- Coming back ---------------------------------------------------------------------------------


def with_one_in_flight() -> Collaborator:
    client = collaborator("\n")
    client.edit(0, 0, "a")
    assert client.next_submission() is not None
    client.edit(1, 0, "b")
    client.connection_lost()
    assert client.next_submission() is None
    return client


def missed(rev: int, head: int, changeset: str, author: str = OTHER) -> Message:
    return change(rev, changeset, author) | {"type": "CLIENT_RECONNECT", "headRev": head}


def test_I5_an_own_revision_that_was_never_submitted_here_is_no_answer() -> None:
    """A second session of the same author; the page would take it for its own and be stuck."""
    client = with_one_in_flight()
    with pytest.raises(ProtocolError, match="revision 1 is ours, but not what was submitted"):
        receive(client, missed(1, 1, "Z:1>1+1$z", ME))


def test_sealed_edits_stay_apart_when_they_are_sent_again() -> None:
    client = collaborator("\n")
    client.edit(0, 0, "a")
    client.seal()
    assert client.next_submission() is not None
    client.edit(1, 0, "b")
    client.connection_lost()
    receive(client, {"type": "CLIENT_RECONNECT", "noChanges": True, "newRev": 0})
    again = client.next_submission()
    assert again is not None
    assert again["changeset"] == "Z:1>1*0+1$a"


def test_I3_to_have_missed_nothing_at_another_revision_is_a_gap() -> None:
    client = collaborator(rev=4)
    client.connection_lost()
    with pytest.raises(ProtocolError, match=r"revision 6, at revision 4"):
        receive(client, {"type": "CLIENT_RECONNECT", "noChanges": True, "newRev": 6})


# --- Convergence ---------------------------------------------------------------------------------

CLIENTS = 3
TEXTS = st.text(st.sampled_from("ab\n \ud83d\ude00é"), max_size=4)
PLACES = st.integers(0, 6)
WHO = st.integers(0, CLIENTS - 1)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("edit"), WHO, PLACES, st.integers(0, 3), TEXTS),
        st.tuples(st.just("seal"), WHO),
        st.tuples(st.just("submit"), WHO),
        st.tuples(st.just("hear"), WHO, st.integers(1, 4), st.booleans()),
        st.tuples(st.just("lose"), WHO, st.booleans()),
    ),
    min_size=15,  # of fewer steps little can be in each other's way
    max_size=60,
)


class Crowd:
    """Some collaborators and their server, between which messages move only when told to."""

    def __init__(self) -> None:
        self.server = ModelServer("start\n")
        self.clients: list[Collaborator] = []
        self.visitors: list[Visitor] = []
        self.posted: list[Message | None] = []  #: on its way to the server, by client
        for number in range(CLIENTS):
            visitor, client = a_client(self.server, f"a.{number}")
            self.visitors.append(visitor)
            self.clients.append(client)
            self.posted.append(None)
        self.reader_visitor, self.reader = a_client(self.server, "a.reader", text_only=True)

    def edit(self, who: int, place: int, removed: int, inserted: str) -> None:
        client = self.clients[who]
        last = len(client.text) - 1
        start = min(place, last)
        client.edit(start, min(removed, last - start), inserted)

    def seal(self, who: int) -> None:
        self.clients[who].seal()

    def submit(self, who: int) -> None:
        """One goes off; the one before it, which was answered, must have arrived."""
        self.arrive(who)
        self.posted[who] = self.clients[who].next_submission()

    def arrive(self, who: int) -> None:
        message, self.posted[who] = self.posted[who], None
        if message is not None:
            self.server.submit(self.visitors[who], message)

    def hear(self, who: int, count: int, batch: bool) -> None:
        self.arrive(who)
        for message in self.visitors[who].take(count, batch=batch):
            receive(self.clients[who], message)

    def lose(self, who: int, arrived: bool) -> None:
        """The connection breaks, before or after the submission got through, and is made again."""
        if arrived:
            self.arrive(who)
        self.posted[who] = None
        self.server.leave(self.visitors[who])
        self.clients[who].connection_lost()
        client = self.clients[who]
        self.visitors[who] = self.server.come_back(client.author, client.rev)

    def settle(self) -> None:
        while not all(client.settled for client in self.clients) or any(
            visitor.outbox for visitor in self.visitors
        ):
            for who in range(CLIENTS):
                self.submit(who)
                self.hear(who, 1000, batch=True)
        for message in self.reader_visitor.take(10_000, batch=True):
            receive(self.reader, message)


@settings(max_examples=300)
@given(STEPS)
def test_I3_whatever_happens_in_between_all_come_to_the_same(steps: Iterable[Any]) -> None:
    crowd = Crowd()
    for name, *arguments in steps:
        getattr(crowd, name)(*arguments)
    crowd.settle()
    server = crowd.server
    assert {client.text for client in (*crowd.clients, crowd.reader)} == {server.atext.text}
    expected = attributes(server.atext.attribs, server.pool)
    for client in crowd.clients:
        assert client.rev == server.rev
        assert client.attributed_text.text == server.atext.text
        assert attributes(client.attributed_text.attribs, client.pool) == expected


def attributes(attribs: str, pool: AttributePool) -> list[dict[str, str]]:
    """Of each character, whatever numbers they have in the pool."""
    return [attribs_of(op.attribs, pool) for op in iter_ops(attribs) for _ in range(op.chars)]

"""Tests sealed drafts, the errors that only a strict client reports, and that everybody ends with
the same text with either client."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from padfleet.shared.client import (
    Accepted,
    Changed,
    Collaborator,
    EditRefused,
    Event,
    OutOfRange,
    ProtocolError,
    SplitLimits,
    TooLarge,
)
from padfleet.shared.easysync import (
    AttributePool,
    Builder,
    apply_to_text,
    attribs_of,
    follow,
    iter_ops,
    make_splice,
)
from padfleet.shared.wire.jsontext import dumps
from tests.examples import examples
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


def receive(client: Collaborator, *messages: Message) -> list[Event]:
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


def test_a_change_of_the_text_that_is_accepted_without_a_revision_is_an_error() -> None:
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
    """The other person's text comes before text in flight, as on the server, and after text that
    only waits."""
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
    pool = {"numToAttrib": {"0": ["author", author]}, "nextNum": 1}
    data = change(rev, changeset, author, apool=pool)
    return data | {"type": "CLIENT_RECONNECT", "headRev": head}


@pytest.mark.parametrize("told", [False, True], ids=["by its content", "by its origin"])
@pytest.mark.parametrize("other_first", [True, False])
@pytest.mark.parametrize("accepted", [True, False])
def test_I5_what_another_tab_of_the_same_author_wrote_is_no_answer(
    told: bool, other_first: bool, accepted: bool
) -> None:
    """A returning client took each revision of its author for its own answer, and threw where the
    text differed. What is in flight gets in, once."""
    client = collaborator("\n")
    if told:
        receive(client, {"type": "SESSION", "id": "mine"})
    client.edit(0, 0, "mine")
    sent = client.next_submission()
    assert sent is not None
    client.edit(4, 0, " later")
    client.connection_lost()
    history = [("other", make_splice("\n", 0, 0, "z", "*0"))]
    if accepted:
        pool = AttributePool()
        pool.put("author", ME)
        mine = sent["changeset"]
        if other_first:
            history.append(("mine", follow(history[0][1], mine, pool)))
        else:
            history = [("mine", mine), ("other", follow(mine, history[0][1], pool))]
    if told:
        receive(client, {"type": "SESSION", "id": "next"})
    events = []
    for rev, (origin, changeset) in enumerate(history, 1):
        data = missed(rev, len(history), changeset, ME)
        events += receive(client, {**data, **({"origin": origin} if told else {})})
    expected = [Accepted if origin == "mine" else Changed for origin, _ in history]
    assert [type(event) for event in events] == expected
    text = "\n"
    for _, changeset in history:
        text = apply_to_text(changeset, text)
    again = client.next_submission()
    assert again is not None
    text = apply_to_text(again["changeset"], text)
    assert client.text == text
    assert sorted(text) == sorted("mine later\nz")


def test_I5_where_the_server_says_whose_it_is_another_tabs_same_words_are_its_own() -> None:
    client = collaborator("\n")
    receive(client, {"type": "SESSION", "id": "mine"})
    client.edit(0, 0, "x")
    assert client.next_submission() is not None
    client.connection_lost()
    (event,) = receive(client, {**missed(1, 1, "Z:1>1*0+1$x", ME), "origin": "other"})
    assert isinstance(event, Changed)
    assert client.text == "xx\n"
    assert client.next_submission() is not None


@pytest.mark.parametrize("named", ["before it", "after it", "never"])
def test_I7_a_submission_is_of_the_session_whose_connection_it_went_out_on(named: str) -> None:
    """A client that had missed nothing sent again before it was told what its new session was
    called, noted the old name, took its own edit for another tab's, and sent it once more."""
    client = collaborator("\n")
    receive(client, {"type": "SESSION", "id": "first"})
    client.edit(0, 0, "x")
    assert client.next_submission() is not None
    client.connection_lost()
    name: Message = {"type": "SESSION", "id": "second"}
    if named == "before it":
        receive(client, name)
    receive(client, {"type": "CLIENT_RECONNECT", "noChanges": True, "newRev": 0})
    assert client.next_submission() is not None
    if named == "after it":
        receive(client, name)
    client.connection_lost()
    receive(client, {"type": "SESSION", "id": "third"})
    (event,) = receive(client, {**missed(1, 1, "Z:1>1*0+1$x", ME), "origin": "second"})
    assert isinstance(event, Accepted)
    assert (client.text, client.settled) == ("x\n", True)


def test_I7_what_was_submitted_before_the_first_session_was_named_is_of_it() -> None:
    """Before this was so, another tab's same words were taken for the answer, and these were
    lost."""
    client = collaborator("\n")
    client.edit(0, 0, "x")
    assert client.next_submission() is not None
    receive(client, {"type": "SESSION", "id": "mine"})
    client.connection_lost()
    (event,) = receive(client, {**missed(1, 1, "Z:1>1*0+1$x", ME), "origin": "other"})
    assert isinstance(event, Changed)
    assert client.text == "xx\n"


def test_I5_an_answer_that_is_not_what_was_submitted_is_an_error() -> None:
    client = collaborator("\n")
    receive(client, {"type": "SESSION", "id": "mine"})
    client.edit(0, 0, "x")
    assert client.next_submission() is not None
    client.connection_lost()
    with pytest.raises(ProtocolError, match="revision 1 is ours, but not what was submitted"):
        receive(client, {**missed(1, 1, "Z:1>1*0+1$y", ME), "origin": "mine"})


# --- What cannot be ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "removed", "inserted"),
    [(7, 0, "x"), (6, 0, "x"), (5, 1, "x"), (0, 6, ""), (-1, 0, "x"), (2, -1, "x"), (3, 9, "")],
)
def test_an_edit_beyond_the_text_is_refused_at_the_call(
    start: int, removed: int, inserted: str
) -> None:
    """It was applied here, refused there, and cost the session."""
    client = collaborator("hello\n")
    with pytest.raises(OutOfRange):
        client.edit(start, removed, inserted)
    assert client.text == "hello\n"
    assert client.settled


def test_the_end_may_move_as_long_as_there_is_one() -> None:
    client = collaborator("hello\n\n")
    client.edit(6, 1, "")
    client.edit(6, 0, "more\n")
    assert client.text == "hello\nmore\n"


@pytest.mark.parametrize("changeset", ["Z:2>1+1$x", "Z:6>0*9=1$", "nonsense", "Z:7>0*0=1$"])
def test_a_changeset_that_does_not_fit_is_refused_and_nothing_has_changed(changeset: str) -> None:
    client = collaborator("hello\n")
    with pytest.raises(EditRefused, match="does not fit"):
        client.apply_own(changeset)
    assert client.text == "hello\n"
    assert client.settled


def test_an_attribute_that_the_server_has_no_room_for_is_refused_at_the_call() -> None:
    client = collaborator("hello\n")
    client.limits = SplitLimits(10_000)
    with pytest.raises(TooLarge, match="'picture'"):
        client.apply_own(
            Builder(6).keep_text("h", [("picture", "x" * 10_000)], client.pool).to_changeset()
        )
    assert client.settled


# --- What is too large for one submission --------------------------------------------------------


def test_a_large_edit_goes_out_in_pieces_and_what_others_write_goes_between() -> None:
    client = collaborator("hello\n")
    client.limits = SplitLimits(2_000)
    pasted = "".join(f"line {number}\n" for number in range(1_000))
    client.edit(5, 0, pasted)
    text, rev, sizes = "hello\n", 0, []
    while (data := client.next_submission()) is not None:
        sizes.append(len(dumps(data)))
        assert data["baseRev"] == rev
        if rev % 3 == 1:  # somebody else's comes before ours
            rev += 1
            theirs = make_splice(text, 0, 0, "<", "*0")
            text = apply_to_text(theirs, text)
            receive(client, change(rev, theirs))
            mine = follow(theirs, data["changeset"], AttributePool())
        else:
            mine = data["changeset"]
        if rev % 5 == 0:
            client.edit(0, 0, ">")  # goes on typing
        rev += 1
        text = apply_to_text(mine, text)
        receive(client, {"type": "ACCEPT_COMMIT", "newRev": rev})
    assert client.settled
    assert client.text == text
    assert pasted in text
    assert max(sizes) <= 2_000
    assert len(sizes) > 5


def test_I5_a_connection_lost_between_two_pieces_doubles_none() -> None:
    client = collaborator("\n")
    client.limits = SplitLimits(1_000)
    pasted = "0123456789" * 200
    client.edit(0, 0, pasted)
    text = "\n"
    for rev in range(1, 100):
        data = client.next_submission()
        if data is None:
            break
        text = apply_to_text(data["changeset"], text)
        client.connection_lost()
        if rev % 2:  # it has got there, the answer has not come back
            receive(client, missed(rev, rev, data["changeset"], ME))
        else:
            text = client.attributed_text.text
            receive(client, {"type": "CLIENT_RECONNECT", "noChanges": True, "newRev": rev - 1})
            data = client.next_submission()
            assert data is not None
            text = apply_to_text(data["changeset"], text)
            receive(client, {"type": "ACCEPT_COMMIT", "newRev": rev})
    assert client.settled
    assert text == client.text == pasted + "\n"


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
        """Sends the next submission. The answer to the previous one must have arrived."""
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
        """Breaks the connection, before or after the submission has arrived, and makes it again."""
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


@settings(max_examples=examples(300))
@given(STEPS)
def test_I3_all_clients_converge_whatever_happens_in_between(steps: Iterable[Any]) -> None:
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
    """Returns the attributes of each character, independent of their numbers in the pool."""
    return [attribs_of(op.attribs, pool) for op in iter_ops(attribs) for _ in range(op.chars)]

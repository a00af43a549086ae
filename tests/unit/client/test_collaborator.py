"""Tests a client's copy of a pad: it converges, it is strict, and a broken connection loses
nothing.

The server here is a model, a list of revisions. The tests state which faults of Etherpad's pages,
present or possible with batches, they would have found.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from padfleet.shared.client import (
    Accepted,
    Changed,
    Collaborator,
    EditRefused,
    Event,
    ProtocolError,
)
from padfleet.shared.easysync import (
    AText,
    AttributePool,
    Builder,
    apply_to_atext,
    apply_to_text,
    attribs_of,
    from_units,
    iter_ops,
    make_atext,
    make_splice,
    move_ops_to_new_pool,
    prepare_for_wire,
    to_units,
)
from padfleet.shared.easysync.reference import rebase
from padfleet.shared.wire.jsontext import dumps, loads

ME, BOB = "a.me", "a.bob"
START_REV = 4


# --- A model of the server -----------------------------------------------------------------------


class Revision(NamedTuple):
    changeset: str  #: in the server's pool
    author: str


@dataclass(eq=False)
class Seat:
    """A client, and the two directions of its line. What is on the line is JSON."""

    client: Collaborator
    can_edit: bool = True
    connected: bool = True
    to_client: deque[str] = field(default_factory=deque)
    to_server: deque[str] = field(default_factory=deque)
    revs: list[int] = field(default_factory=list)  #: of what it reported

    def deliver(self, most: int = 1) -> None:
        """Delivers the next message. A run of up to `most` NEW_CHANGES messages is delivered as one
        batch."""
        if not self.to_client:
            return
        data = loads(self.to_client.popleft())
        changes = [data]
        while data["type"] == "NEW_CHANGES" and self.to_client and len(changes) < most:
            following = loads(self.to_client[0])
            if following["type"] != "NEW_CHANGES":
                break
            changes.append(following)
            self.to_client.popleft()
        if len(changes) > 1:
            data = {"type": "NEW_CHANGES_BATCH", "changes": changes}
        before = self.client.text
        for event in self.client.receive(data):
            match event:
                case Changed(rev, _, changeset):
                    assert rev == self.revs[-1] + 1
                    assert apply_to_text(changeset, before) == self.client.text
                case Accepted(rev):
                    assert rev in (self.revs[-1], self.revs[-1] + 1)
                    assert before == self.client.text
            assert rev == self.client.rev
            self.revs.append(rev)
            before = self.client.text

    def submit(self) -> None:
        if self.connected:
            data = self.client.next_submission()
            if data is not None:
                assert not self.to_server, "there is a submission under way already"
                self.to_server.append(dumps(data))


class Server:
    def __init__(self, text: str) -> None:
        self.pool = AttributePool()
        self.atext = make_atext(text)
        self.history: list[Revision] = []
        self.seats: list[Seat] = []

    @property
    def head(self) -> int:
        return START_REV + len(self.history)

    def join(self, author: str, *, text_only: bool = False) -> Seat:
        attribs, pool = prepare_for_wire(self.atext.attribs, self.pool)
        variables = {
            "rev": self.head,
            "initialAttributedText": {"text": self.atext.text, "attribs": attribs},
            "apool": pool.to_jsonable(),
        }
        client = Collaborator(loads(dumps(variables)), author, text_only=text_only)
        seat = Seat(client, can_edit=not text_only, revs=[self.head])
        self.seats.append(seat)
        return seat

    def take(self, seat: Seat) -> None:
        """Delivers the next submission on this line. Like Etherpad, the model makes no revision of
        a submission that changes nothing."""
        if not seat.to_server:
            return
        data = loads(seat.to_server.popleft())
        wire_pool = AttributePool.from_jsonable(data["apool"])
        changeset = move_ops_to_new_pool(data["changeset"], wire_pool, self.pool)
        later = [revision.changeset for revision in self.history[data["baseRev"] - START_REV :]]
        changeset = rebase(changeset, later, self.pool)
        atext = apply_to_atext(changeset, self.atext, self.pool)
        if atext != self.atext:
            self.atext = atext
            self.history.append(Revision(changeset, seat.client.author))
            for other in self.seats:
                if other is not seat and other.connected:
                    other.to_client.append(dumps(self._change(self.head, "NEW_CHANGES")))
        seat.to_client.append(dumps({"type": "ACCEPT_COMMIT", "newRev": self.head}))

    def resume(self, seat: Seat) -> None:
        """Reconnects the client and sends it what it missed."""
        seat.connected = True
        missed = range(seat.client.rev + 1, self.head + 1)
        for rev in missed:
            data = self._change(rev, "CLIENT_RECONNECT") | {"headRev": self.head}
            seat.to_client.append(dumps(data))
        if not missed:
            nothing = {"type": "CLIENT_RECONNECT", "noChanges": True, "newRev": self.head}
            seat.to_client.append(dumps(nothing))

    def cut(self, seat: Seat) -> None:
        """Breaks the connection. Everything on the line is lost."""
        seat.connected = False
        seat.to_client.clear()
        seat.to_server.clear()
        seat.client.connection_lost()

    def drain(self) -> None:
        """Connects everybody and delivers everything."""
        for seat in self.seats:
            if not seat.connected:
                self.resume(seat)
        for _ in range(1000):
            busy = False
            for seat in self.seats:
                busy = busy or bool(seat.to_client)
                while seat.to_client:
                    seat.deliver()
                seat.submit()
                busy = busy or bool(seat.to_server)
                self.take(seat)
            if not busy:
                return
        raise AssertionError("it never becomes quiet")

    def _change(self, rev: int, type_: str) -> dict[str, Any]:
        revision = self.history[rev - START_REV - 1]
        changeset, pool = prepare_for_wire(revision.changeset, self.pool)
        return {
            "type": type_,
            "newRev": rev,
            "changeset": changeset,
            "apool": pool.to_wire(),
            "author": revision.author,
        }


def attributed(atext: AText, pool: AttributePool) -> list[tuple[str, dict[str, str]]]:
    """Returns each code unit with its attributes, independent of their numbers in the pool."""
    each: list[dict[str, str]] = []
    for op in iter_ops(atext.attribs):
        each += [attribs_of(op.attribs, pool)] * op.chars
    return list(zip(atext.text, each, strict=True))


def check_agreement(server: Server) -> None:
    want = attributed(server.atext, server.pool)
    for seat in server.seats:
        client = seat.client
        assert client.text == server.atext.text
        assert client.rev == server.head
        assert client.settled
        if seat.can_edit:
            assert attributed(client.attributed_text, client.pool) == want


# --- Random sessions -----------------------------------------------------------------------------

PIECES = ["a", "b", "\n", "é", to_units("😀"), "\ud83d", "\ude00", "漢"]


class Step(NamedTuple):
    kind: str
    who: int
    at: int
    size: int
    text: str


def steps(*kinds: str) -> st.SearchStrategy[list[Step]]:
    texts = st.lists(st.sampled_from(PIECES), max_size=4).map("".join)
    step = st.builds(
        Step,
        st.sampled_from(kinds),
        st.integers(0, 3),
        st.just(0) | st.integers(0, 30),  # often where others are too
        st.integers(0, 4),
        texts,
    )
    return st.lists(step, min_size=12, max_size=30)


def edit(client: Collaborator, step: Step) -> tuple[str, str]:
    """Replaces something before the final newline; returns what went and what came."""
    start = step.at % len(client.text)
    removed = min(step.size, len(client.text) - 1 - start)
    gone = client.text[start : start + removed]
    expected = client.text[:start] + step.text + client.text[start + removed :]
    client.edit(start, removed, step.text)
    assert client.text == expected
    return gone, step.text


def embolden(client: Collaborator, step: Step) -> None:
    start = step.at % len(client.text)
    builder = Builder(len(client.text)).keep_text(client.text[:start])
    marked = client.text[start : len(client.text) - 1][: step.size]
    value = "true" if step.text else ""
    builder.keep_text(marked, [("bold", value)], client.pool)
    client.apply_own(builder.to_changeset())


def play(server: Server, step: Step) -> None:
    seat = server.seats[step.who % len(server.seats)]
    match step.kind:
        case "edit" if seat.can_edit:
            edit(seat.client, step)
        case "bold" if seat.can_edit:
            embolden(seat.client, step)
        case "submit":
            seat.submit()
        case "take":
            server.take(seat)
        case "deliver":
            seat.deliver()
        case "batch":
            seat.deliver(most=2 + step.size)
        case "cut" if seat.connected:
            if step.size % 2:
                server.take(seat)  # committed, but the answer is lost
            server.cut(seat)
        case "resume" if not seat.connected:
            server.resume(seat)


ORDINARY = ("edit", "edit", "bold", "submit", "submit", "take", "take", "deliver", "batch")


@given(st.integers(2, 4), steps(*ORDINARY))
def test_I3_all_converge_whatever_the_order_of_edits_and_deliveries(
    people: int, session: list[Step]
) -> None:
    """If the client and the server ordered own and foreign edits differently, two people would type
    into different texts without noticing."""
    server = Server("first\nsecond\n")
    for number in range(people):
        server.join(f"a.{number}")
    for step in session:
        play(server, step)
    server.drain()
    check_agreement(server)


@given(steps(*ORDINARY))
def test_I3_a_text_only_reader_has_the_same_text(session: list[Step]) -> None:
    """A reader skips the attributes; it must not skip anything that the text depends on."""
    server = Server("first\nsecond\n")
    server.join("a.reader", text_only=True)
    server.join("a.1")
    server.join("a.2")
    for step in session:
        play(server, step)
    server.drain()
    check_agreement(server)


@given(steps(*ORDINARY), st.integers(2, 6))
def test_I3_whoever_gets_batches_has_the_same_text(session: list[Step], most: int) -> None:
    """A batch applied as a whole, or only its last change, would leave out what came before."""
    server = Server("first\nsecond\n")
    writers = [server.join("a.1"), server.join("a.2")]
    batched, reader = server.join("a.3"), server.join("a.4", text_only=True)
    for step in session:
        play(server, step._replace(who=step.who % len(writers)))
    for writer in writers:
        writer.submit()
        server.take(writer)
    for seat in (batched, reader):
        while seat.to_client:
            seat.deliver(most)
        if len(server.history) > 1:
            assert seat.client.counts.batches > 0
        assert seat.client.counts.revisions == len(server.history)
    server.drain()
    check_agreement(server)


@given(steps(*ORDINARY, "edit", "submit", "take", "cut", "cut", "resume", "resume"))
def test_I5_a_connection_cut_at_any_moment_loses_and_doubles_nothing(session: list[Step]) -> None:
    """A submission in flight may or may not have been committed. If it was and is sent again, its
    text is in the pad twice. If it was not and is forgotten, its text is lost. Every code unit that
    is typed here is unique."""
    server = Server("\n")
    for number in range(3):
        server.join(f"a.{number}")
    typed: set[str] = set()
    removed: set[str] = set()
    for step in session:
        seat = server.seats[step.who % len(server.seats)]
        if step.kind == "edit":
            fresh = "".join(chr(0x4E00 + len(typed) + n) for n in range(len(step.text)))
            typed.update(fresh)
            gone, _ = edit(seat.client, step._replace(text=fresh))
            removed.update(gone)
        else:
            play(server, step)
    server.drain()
    check_agreement(server)
    assert Counter(server.atext.text) == Counter([*(typed - removed), "\n"])


# --- Single messages -----------------------------------------------------------------------------


def a_client(text: str = "hello\n", *, text_only: bool = False) -> Collaborator:
    atext = make_atext(text)
    variables = {
        "rev": START_REV,
        "initialAttributedText": {"text": atext.text, "attribs": atext.attribs},
        "apool": AttributePool().to_jsonable(),
    }
    return Collaborator(variables, ME, text_only=text_only)


def insertion(
    rev: int, before: str, at: int, text: str, *, author: str = BOB, **more: Any
) -> dict[str, Any]:
    """Returns the `data` of a NEW_CHANGES message. With `type` and `headRev`, it is the data of a
    CLIENT_RECONNECT."""
    pool = AttributePool()
    changeset = make_splice(before, at, 0, text, [("author", author)], pool)
    return {
        "type": "NEW_CHANGES",
        "newRev": rev,
        "changeset": changeset,
        "apool": pool.to_wire(),
        "author": author,
        **more,
    }


def missed(
    rev: int, head: int, before: str, at: int, text: str, author: str = BOB
) -> dict[str, Any]:
    return insertion(rev, before, at, text, author=author, type="CLIENT_RECONNECT", headRev=head)


def batch(*changes: dict[str, Any]) -> dict[str, Any]:
    return {"type": "NEW_CHANGES_BATCH", "changes": list(changes)}


def accept(rev: int) -> dict[str, Any]:
    return {"type": "ACCEPT_COMMIT", "newRev": rev}


NO_CHANGES = {"type": "CLIENT_RECONNECT", "noChanges": True, "newRev": START_REV}


def receive(client: Collaborator, data: dict[str, Any]) -> list[Event]:
    return list(client.receive(data))


def result(data: dict[str, Any] | None, text: str) -> str:
    """Applies a submission to the text of its base revision."""
    assert data is not None
    return apply_to_text(data["changeset"], text)


@pytest.mark.parametrize("text_only", [False, True])
def test_fault_c_a_batch_fires_once_per_change_with_its_payload(text_only: bool) -> None:
    """Fault (c): a batch reached client hooks with an undefined payload, and hooks on NEW_CHANGES
    no longer fired."""
    client = a_client(text_only=text_only)
    changes = [
        insertion(5, "hello\n", 0, "1", author="a.1"),
        insertion(6, "1hello\n", 1, "2", author="a.2"),
        insertion(7, "12hello\n", 0, "3", author="a.1"),
    ]
    text = client.text
    fired: list[tuple[int, str]] = []
    texts: list[str] = []
    for event in client.receive(batch(*changes)):
        assert isinstance(event, Changed)
        text = apply_to_text(event.changeset, text)
        fired.append((event.rev, event.author))
        texts.append(text)
        assert client.text == text  # fired when this change was taken in, not after the batch
    assert fired == [(5, "a.1"), (6, "a.2"), (7, "a.1")]
    assert texts == ["1hello\n", "12hello\n", "312hello\n"]
    assert (client.counts.revisions, client.counts.batches, client.counts.batched) == (3, 1, 3)


def test_fault_c_single_changes_fire_the_same_events_as_a_batch() -> None:
    """This is the other half of fault (c): listeners cannot tell how the changes arrived."""
    changes = [insertion(5, "hello\n", 0, "1"), insertion(6, "1hello\n", 6, "2")]
    together, single = a_client(), a_client()
    for client in (together, single):
        client.edit(2, 1, "mine")
        client.next_submission()
        client.edit(0, 1, "")
    want = [event for change in changes for event in receive(single, change)]
    assert receive(together, batch(*changes)) == want
    assert together.text == single.text


def test_a_change_is_reported_as_what_it_did_to_the_text_with_own_edits_in_it() -> None:
    """A cursor or a highlight that is moved by the server's changeset would be off by whatever the
    user has typed and not yet sent."""
    client = a_client()
    client.edit(0, 0, "in flight ")
    client.next_submission()
    client.edit(0, 0, "waiting ")
    (event,) = receive(client, insertion(5, "hello\n", 5, "!"))
    assert isinstance(event, Changed)
    assert apply_to_text(event.changeset, "waiting in flight hello\n") == client.text
    assert client.text == "waiting in flight hello!\n"


def test_the_author_of_a_change_is_in_the_attributes_of_the_text() -> None:
    """The pool numbers of a message differ from the client's. If they were used unchanged, text
    would be shown as somebody else's."""
    client = a_client("\n")
    client.edit(0, 0, "me")
    receive(client, insertion(5, "\n", 0, "bob"))
    client.next_submission()
    receive(client, accept(6))
    found = attributed(client.attributed_text, client.pool)
    assert found == [(c, {"author": ME}) for c in "me"] + [(c, {"author": BOB}) for c in "bob"] + [
        ("\n", {})
    ]


def test_what_is_no_matter_of_the_text_is_passed_over() -> None:
    client = a_client()
    for data in ({"type": "USER_NEWINFO", "userInfo": {}}, {"type": "unknown"}, {}):
        assert receive(client, data) == []
    assert (client.rev, client.text) == (START_REV, "hello\n")


def test_a_reader_cannot_edit() -> None:
    client = a_client(text_only=True)
    with pytest.raises(ValueError, match="cannot edit"):
        client.edit(0, 0, "x")
    assert client.text == "hello\n"
    assert client.next_submission() is None


# --- Strictness ----------------------------------------------------------------------------------

OUT_OF_ORDER: dict[str, tuple[dict[str, Any], str]] = {
    "a gap": (insertion(6, "hello\n", 0, "x"), "revision 6 .* revision 4"),
    "a repetition": (insertion(4, "hello\n", 0, "x"), "revision 4 .* revision 4"),
    "one of long ago": (insertion(1, "hello\n", 0, "x"), "revision 1 .* revision 4"),
    "a batch that begins with a gap": (
        batch(insertion(6, "hello\n", 0, "x"), insertion(7, "xhello\n", 0, "y")),
        "revision 6 .* revision 4",
    ),
    "a gap in what was missed": (missed(6, 7, "hello\n", 0, "x"), "revision 6 .* revision 4"),
    "a repetition in what was missed": (
        missed(4, 4, "hello\n", 0, "x"),
        "revision 4 .* revision 4",
    ),
}


@pytest.mark.parametrize("text_only", [False, True])
@pytest.mark.parametrize(("data", "why"), OUT_OF_ORDER.values(), ids=OUT_OF_ORDER.keys())
def test_I3_a_revision_that_is_not_the_next_is_an_error(
    data: dict[str, Any], why: str, text_only: bool
) -> None:
    """The stock client writes a line to the console and hangs."""
    client = a_client(text_only=text_only)
    with pytest.raises(ProtocolError, match=why):
        receive(client, data)
    assert (client.rev, client.text) == (START_REV, "hello\n")


@pytest.mark.parametrize("second", [5, 7])
def test_I3_the_order_within_a_batch_is_checked_too(second: int) -> None:
    """Looking at the first or the last revision of a batch only would let a hole pass."""
    client = a_client()
    changes = batch(insertion(5, "hello\n", 0, "x"), insertion(second, "xhello\n", 0, "y"))
    with pytest.raises(ProtocolError, match=f"revision {second} .* revision 5"):
        receive(client, changes)
    assert (client.rev, client.text) == (5, "xhello\n")


@pytest.mark.parametrize("rev", [0, 3, 6])
def test_I3_an_acceptance_out_of_place_is_an_error(rev: int) -> None:
    """It would say that a revision of others was left out, or comes again."""
    client = a_client()
    client.edit(0, 0, "x")
    client.next_submission()
    with pytest.raises(ProtocolError, match=f"ACCEPT_COMMIT of revision {rev} at revision 4"):
        receive(client, accept(rev))
    assert (client.rev, client.submitting) == (START_REV, True)


@pytest.mark.parametrize("rev", [START_REV, START_REV + 1])
@pytest.mark.parametrize("edited", [False, True])
def test_I3_an_acceptance_for_nothing_is_an_error(rev: int, edited: bool) -> None:
    """If the client accepted it, it would skip a revision that it has never seen."""
    client = a_client()
    if edited:
        client.edit(0, 0, "not sent yet")
    with pytest.raises(ProtocolError, match=f"ACCEPT_COMMIT of revision {rev}.*nothing"):
        receive(client, accept(rev))
    assert client.rev == START_REV


def test_I3_a_second_acceptance_of_one_submission_is_an_error() -> None:
    client = a_client()
    client.edit(0, 0, "x")
    client.next_submission()
    assert receive(client, accept(5)) == [Accepted(5)]
    with pytest.raises(ProtocolError, match="revision 6"):
        receive(client, accept(6))


@pytest.mark.parametrize("rev", [START_REV, START_REV + 2])
def test_I5_own_revision_out_of_place_among_the_missed_is_an_error(rev: int) -> None:
    """Unlike ACCEPT_COMMIT, it always is a revision, so the same rev again is a repetition."""
    client = a_client()
    client.edit(0, 0, "x")
    client.next_submission()
    client.connection_lost()
    with pytest.raises(ProtocolError, match=f"revision {rev} at revision 4"):
        receive(client, missed(rev, rev, "hello\n", 0, "x", author=ME))
    assert (client.rev, client.submitting) == (START_REV, True)


def test_an_acceptance_with_the_same_rev_makes_no_revision() -> None:
    """The server makes none of what changes nothing, here a removal that somebody else made too;
    a client that counts on would refuse the next revision."""
    client = a_client()
    client.edit(0, 1, "")
    client.next_submission()
    removal = insertion(5, "", 0, "") | {"changeset": make_splice("hello\n", 0, 1, "")}
    receive(client, removal)
    assert receive(client, accept(5)) == [Accepted(5)]
    assert (client.rev, client.text, client.settled) == (5, "ello\n", True)
    assert receive(client, insertion(6, "ello\n", 0, "x"))
    assert client.text == client.attributed_text.text == "xello\n"


# --- Submissions ---------------------------------------------------------------------------------


def test_one_submission_is_in_flight_and_edits_made_meanwhile_are_one() -> None:
    """The server would rebase a second one over the first as if it had been made beside it."""
    client = a_client()
    client.edit(0, 0, "x")
    first = client.next_submission()
    assert result(first, "hello\n") == "xhello\n"
    for unit in "abc":
        client.edit(len(client.text) - 1, 0, unit)
        assert client.next_submission() is None
    client.edit(0, 1, "y")
    assert (client.submitting, client.has_waiting, client.settled) == (True, True, False)
    receive(client, accept(5))
    second = client.next_submission()
    assert second is not None
    assert second["baseRev"] == 5
    assert result(second, "xhello\n") == "yhelloabc\n"
    receive(client, accept(6))
    assert client.settled
    assert client.next_submission() is None


def test_a_submission_is_what_etherpad_takes() -> None:
    """Each insert has the author, and the pool holds exactly the attributes that are used."""
    client = a_client()
    receive(client, insertion(5, "hello\n", 0, "x"))
    client.edit(6, 0, "!")
    assert client.next_submission() == {
        "type": "USER_CHANGES",
        "baseRev": 5,
        "changeset": "Z:7>1=6*0+1$!",
        "apool": {"numToAttrib": {"0": ["author", ME]}, "nextNum": 1},
    }


def test_an_emoji_in_an_ordinary_string_counts_as_two_code_units() -> None:
    """The server would end the session of a client that counts it as one."""
    client = a_client()
    client.edit(0, 0, "\N{ROCKET} ")
    assert (client.text, from_units(client.text)) == ("\ud83d\ude80 hello\n", "\N{ROCKET} hello\n")
    client.edit(3, 0, "\ud83d\ude80")
    data = client.next_submission()
    assert data is not None
    assert data["changeset"] == "Z:6>5*0+5$\ud83d\ude80 \ud83d\ude80"
    receive(client, accept(5))
    with pytest.raises(EditRefused, match=r"U\+FFFF"):
        client.apply_own("Z:b>1+1$\N{ROCKET}")
    assert (len(client.text), client.settled) == (11, True)


def test_what_is_in_flight_is_not_changed_by_what_comes_meanwhile_for_the_server() -> None:
    """Sent is sent: the server rebases it itself, and here it goes behind the other's text."""
    client = a_client("\n")
    client.edit(0, 0, "mine")
    client.next_submission()
    receive(client, insertion(5, "\n", 0, "theirs"))
    assert client.text == "theirsmine\n"
    receive(client, accept(6))
    assert client.attributed_text.text == client.text == "theirsmine\n"


@pytest.mark.parametrize("while_in_flight", [False, True])
def test_edits_that_cancel_out_are_never_sent(while_in_flight: bool) -> None:
    """Etherpad would answer them with an acceptance that takes a round trip, for nothing."""
    client = a_client()
    if while_in_flight:
        client.edit(0, 0, "x")
        client.next_submission()
    client.edit(1, 0, "oops")
    client.edit(1, 4, "")
    if while_in_flight:
        receive(client, accept(5))
    assert client.next_submission() is None
    assert client.settled


# --- After a broken connection -------------------------------------------------------------------


def a_client_cut_off(text_in_flight: str = "one ", then: str = "") -> Collaborator:
    """Returns a client that had `text_in_flight` under way when the connection broke, and then
    typed on."""
    client = a_client()
    client.edit(0, 0, text_in_flight)
    assert client.next_submission() is not None
    client.connection_lost()
    if then:
        client.edit(len(text_in_flight), 0, then)
    return client


@pytest.mark.parametrize("then", ["", "two "])
def test_I5_what_never_arrived_is_sent_again_with_what_was_typed_since(then: str) -> None:
    """Etherpad's page waits for an answer that does not come, and the text is lost at reload."""
    client = a_client_cut_off(then=then)
    assert client.next_submission() is None
    assert receive(client, NO_CHANGES) == []
    again = client.next_submission()
    assert again is not None
    assert again["baseRev"] == START_REV
    assert result(again, "hello\n") == f"one {then}hello\n"
    receive(client, accept(5))
    assert client.settled
    assert client.next_submission() is None
    assert client.attributed_text.text == client.text == f"one {then}hello\n"


def test_I5_own_revision_among_the_missed_is_the_acceptance() -> None:
    """The commit was done, its answer lost. Sent again, the text would be there twice."""
    client = a_client_cut_off()
    assert receive(client, missed(5, 5, "hello\n", 0, "one ", author=ME)) == [Accepted(5)]
    assert client.settled
    assert client.next_submission() is None
    assert (client.rev, client.text) == (5, "one hello\n")


def test_I5_after_the_late_acceptance_only_newer_edits_are_sent() -> None:
    client = a_client_cut_off(then="two ")
    receive(client, missed(5, 5, "hello\n", 0, "one ", author=ME))
    data = client.next_submission()
    assert data is not None
    assert data["baseRev"] == 5
    assert result(data, "one hello\n") == "one two hello\n"


def test_I5_others_revisions_are_taken_in_before_anything_is_sent_again() -> None:
    """Etherpad's server refuses the first edit after a reconnect that is not on the head."""
    client = a_client_cut_off(then="two ")
    events = receive(client, missed(5, 6, "hello\n", 5, "!"))
    assert [(type(event), event.rev) for event in events] == [(Changed, 5)]
    assert client.next_submission() is None, "the head is 6, and this is 5"
    receive(client, missed(6, 6, "hello!\n", 6, "?"))
    data = client.next_submission()
    assert data is not None
    assert data["baseRev"] == 6
    assert result(data, "hello!?\n") == client.text == "one two hello!?\n"


def test_I5_own_revision_may_stand_between_others() -> None:
    client = a_client_cut_off(then="two ")
    receive(client, missed(5, 7, "hello\n", 5, "!"))
    assert receive(client, missed(6, 7, "hello!\n", 0, "one ", author=ME)) == [Accepted(6)]
    assert client.next_submission() is None
    receive(client, missed(7, 7, "one hello!\n", 10, "?"))
    data = client.next_submission()
    assert data is not None
    assert data["baseRev"] == 7
    assert result(data, "one hello!?\n") == client.text == "one two hello!?\n"


def test_I5_a_second_cut_while_resuming_starts_over_from_where_it_was() -> None:
    """The submission in flight must be neither given up nor sent, since only half of what was
    missed has arrived."""
    client = a_client_cut_off()
    receive(client, missed(5, 6, "hello\n", 5, "!"))
    client.connection_lost()
    assert client.next_submission() is None
    receive(client, missed(6, 6, "hello!\n", 0, "one ", author=ME))
    assert client.settled
    assert client.text == "one hello!\n"


def test_I5_edits_made_while_the_line_is_down_wait() -> None:
    """Nothing was in flight, so what was typed offline is sent once, based on the current
    revision."""
    client = a_client()
    client.connection_lost()
    client.edit(5, 0, "!")
    assert client.next_submission() is None
    receive(client, missed(5, 5, "hello\n", 0, "> "))
    assert result(client.next_submission(), "> hello\n") == "> hello!\n"


def _undone(client: Collaborator) -> None:
    client.edit(0, 4, "")


def _kept(client: Collaborator) -> None:
    client.edit(0, 1, "O")


@pytest.mark.parametrize(("since", "sent"), [(_undone, False), (_kept, True)])
def test_I5_an_edit_in_flight_that_was_undone_since_has_no_effect(
    since: Callable[[Collaborator], None], sent: bool
) -> None:
    """Joined, the two cancel each other out, and an identity is not sent."""
    client = a_client_cut_off()
    since(client)
    receive(client, NO_CHANGES)
    assert (client.next_submission() is not None) == sent
    assert client.settled != sent


def test_I5_a_reader_takes_what_it_missed() -> None:
    client = a_client(text_only=True)
    client.connection_lost()
    events: list[Event] = []
    for data in (missed(5, 6, "hello\n", 0, "a"), missed(6, 6, "ahello\n", 0, "b", author=ME)):
        events += receive(client, data)
    assert all(before.rev + 1 == after.rev for before, after in pairwise(events))
    assert [type(event) for event in events] == [Changed, Changed]
    assert client.text == "bahello\n"

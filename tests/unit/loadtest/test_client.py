"""Tests that a cheap client knows its revision and what is in flight, and detects broken
promises."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from padfleet.services.tools.loadtest import scan
from padfleet.services.tools.loadtest.client import LINE, Client, gaps, insert
from padfleet.services.tools.loadtest.scan import AcceptedFrame, Changes, Vars
from padfleet.services.tools.loadtest.tally import LoadTally
from padfleet.shared.easysync import apply_to_text, check_rep, to_units
from padfleet.shared.wire.jsontext import dumps
from tests.unit.client.model_server import ModelServer, Visitor

AUTHOR = "a.me"


def joined(tally: LoadTally, rev: int = 0, length: int = 1) -> Client:
    client = Client("pad", "t.x")
    client.receive(Vars(AUTHOR, rev, length, 0), 0, 0, tally)
    return client


def change(rev: int, before: int, after: int) -> Changes:
    return Changes(rev, rev, before, after, 1, [(0, 1)])


def submitted(packet: str | None) -> dict[str, Any]:
    """Returns the `data` of a USER_CHANGES message."""
    assert packet is not None
    name, message = json.loads(packet.removeprefix("42"))
    assert (name, message["type"], message["component"]) == ("message", "COLLABROOM", "pad")
    data: dict[str, Any] = message["data"]
    assert data["type"] == "USER_CHANGES"
    return data


# --- Changesets ----------------------------------------------------------------------------------


@given(st.integers(0, 5000), st.floats(0, 1), st.text("ab\n", min_size=1, max_size=80))
def test_inserts_are_canonical_and_do_what_they_say(line: int, place: float, text: str) -> None:
    document, at = "x" * line + "\nmore\n", int(place * line)
    changeset = insert(len(document), at, text)
    check_rep(changeset)
    assert apply_to_text(changeset, document) == document[:at] + text + document[at:]


def test_places_in_the_first_line_as_it_grows() -> None:
    tally = LoadTally()
    client = Client("pad", "t.x", place=0.5)
    client.receive(Vars(AUTHOR, 0, 20, 6), 0, 0, tally)
    assert "=3*0+1" in submitted(client.type(0, 0, tally))["changeset"]
    client.receive(change(1, 20, 29), 0, 0, tally)
    client.receive(AcceptedFrame(2), 0, 0, tally)
    # 6 + 9 of the other's + 1 of its own.
    assert "=8*0+1" in submitted(client.type(0, 0, tally))["changeset"]
    assert LINE < 100
    for _ in range(100):
        client.type(0, 0, tally)
    assert "\n" not in submitted(client.receive(AcceptedFrame(3), 0, 0, tally))["changeset"]


def test_lines_end_now_and_then() -> None:
    tally = LoadTally()
    client = joined(tally)
    client.type(0, 0, tally)
    for number in range(LINE + 3):
        client.type(number, number, tally)
    data = submitted(client.receive(AcceptedFrame(1), 99, 99, tally))
    text = data["changeset"].partition("$")[2]
    assert len(text) == LINE + 3
    assert text.count("\n") == 1


# --- The way in ----------------------------------------------------------------------------------


@pytest.mark.parametrize("batch", [True, False])
def test_a_client_connects_and_asks_for_its_pad(batch: bool) -> None:
    tally = LoadTally()
    client = Client("höme", "t.secret", batch=batch, started=10)
    assert client.receive(scan.Opened(), 10, 0, tally) == "40"
    packet = client.receive(scan.ConnectedFrame(), 10, 0, tally)
    assert packet is not None
    ready = json.loads(packet.removeprefix("42"))[1]
    assert ready["type"] == "CLIENT_READY"
    assert (ready["padId"], ready["token"]) == ("höme", "t.secret")
    assert ready.get("supports") == (["NEW_CHANGES_BATCH", "USERS"] if batch else None)
    client.receive(Vars(AUTHOR, 7, 30, 0), 12, 0, tally)
    assert (client.joined, client.rev, client.length) == (True, 7, 30)
    assert tally.latencies["join"].ms(50) == pytest.approx(2000, rel=0.01)


def test_pings_and_requests_for_acknowledgement_are_answered() -> None:
    tally = LoadTally()
    client = joined(tally)
    assert client.receive(scan.PingFrame("x"), 0, 0, tally) == "3x"
    assert client.receive(scan.OtherFrame(ack_id=4), 0, 0, tally) == "434[]"
    asked = change(1, 1, 2)._replace(ack_id=1)
    assert client.receive(asked, 0, 0, tally) == "431[]"


# --- Typing --------------------------------------------------------------------------------------


def test_one_edit_is_in_flight_and_the_others_leave_together_after_it() -> None:
    tally = LoadTally()
    client = joined(tally, rev=3, length=10)
    first = submitted(client.type(1.0, 1.0, tally))
    assert (first["baseRev"], first["changeset"][:7]) == (3, "Z:a>1*0")
    assert first["apool"] == {"numToAttrib": {"0": ["author", AUTHOR]}, "nextNum": 1}
    assert client.type(2.0, 2.0, tally) is None
    assert client.type(3.0, 3.0, tally) is None
    # Somebody else was first, on the document without ours.
    assert client.receive(change(4, 10, 15), 3.5, 0, tally) is None
    second = submitted(client.receive(AcceptedFrame(5), 4.0, 0, tally))
    assert (second["baseRev"], second["changeset"][:7]) == (5, "Z:g>2*0")
    assert client.receive(AcceptedFrame(6), 5.0, 0, tally) is None
    assert (client.rev, client.length, client.settled) == (6, 18, True)
    assert (tally.counts.typed, tally.counts.submitted, tally.counts.accepted) == (3, 2, 2)
    assert not tally.violations


def test_latency_counts_from_when_an_edit_was_due() -> None:
    """If it counted from when the edit could be sent, a server that is slow to answer would be
    measured less often."""
    tally = LoadTally()
    client = joined(tally)
    client.type(1.0, 1.0, tally)
    client.type(2.0, 2.0, tally)
    client.receive(AcceptedFrame(1), 11.0, 0, tally)
    client.receive(AcceptedFrame(2), 12.0, 0, tally)
    assert tally.latencies["ack"].count == 2
    assert tally.latencies["ack"].ms(1) == pytest.approx(10_000, rel=0.01)
    assert tally.latencies["ack"].ms(100) == pytest.approx(10_000, rel=0.01)
    assert tally.latencies["ack_sent"].ms(1) == pytest.approx(1000, rel=0.01)


def test_deliveries_are_timed_by_the_servers_clock() -> None:
    tally = LoadTally()
    client = joined(tally)
    client.receive(Changes(1, 3, 1, 4, 3, [(1000, 2), (1400, 1)]), 0, 1500, tally)
    assert tally.settle().latencies["delivery"].count == 3
    assert tally.latencies["delivery"].ms(50) == pytest.approx(500, rel=0.01)
    assert (tally.counts.delivered, tally.counts.change_frames) == (3, 1)
    # A server whose clock is ahead of ours.
    client.receive(Changes(4, 4, 4, 5, 1, [(9000, 1)]), 0, 1500, tally)
    assert tally.settle().errors.total() == 1


# --- Broken promises -----------------------------------------------------------------------------


BROKEN: dict[str, list[scan.Heard]] = {
    "revision missing": [change(2, 1, 2)],
    "revision repeated": [change(1, 1, 2), change(1, 2, 3)],
    "revision on another length": [change(1, 1, 5), change(2, 4, 6)],
    "batch that does not hang together": [
        Changes(1, 3, 1, 4, 2, [(0, 2)], broken="revision 3 after revision 1 in one batch")
    ],
    "ACCEPT_COMMIT of nothing": [AcceptedFrame(1)],
    "CLIENT_VARS twice": [Vars(AUTHOR, 0, 1, 0)],
    "malformed message": [scan.MalformedFrame("what")],
}


@pytest.mark.parametrize("kind", BROKEN)
def test_each_broken_promise_is_found_and_counted_once(kind: str) -> None:
    tally = LoadTally()
    client = joined(tally)
    for heard in BROKEN[kind]:
        client.receive(heard, 0, 0, tally)
    assert tally.violations == {kind: 1}
    # It goes on from what the server said, so that one fault is not counted forever.
    client.receive(change(client.rev + 1, client.length, client.length + 1), 0, 0, tally)
    assert tally.violations.total() == 1


@pytest.mark.parametrize("rev", [0, 2, 7])
def test_an_acknowledgement_out_of_place_is_counted(rev: int) -> None:
    tally = LoadTally()
    client = joined(tally)
    client.type(0, 0, tally)
    client.receive(AcceptedFrame(rev), 0, 0, tally)
    assert tally.violations == {"ACCEPT_COMMIT out of place": 1}


def test_revisions_before_the_pad() -> None:
    tally = LoadTally()
    Client("pad", "t.x").receive(change(1, 1, 2), 0, 0, tally)
    assert tally.violations == {"revision before CLIENT_VARS": 1}


# --- All together --------------------------------------------------------------------------------


@given(st.data(), st.booleans())
def test_cheap_clients_on_a_model_server(data: st.DataObject, spread: bool) -> None:
    """In whatever order things happen, the server can use what they send, nothing looks broken, and
    in the end all know revision and length."""
    server, tally = ModelServer(to_units("Welcome 😀!\n")), LoadTally()
    clients: list[tuple[Client, Visitor]] = []
    packets: list[tuple[Visitor, str]] = []

    def hear(client: Client, visitor: Visitor, batch: bool, count: int) -> None:
        for message in visitor.take(count, batch=batch):
            for one in message.get("changes", [message]):
                one |= {"currentTime": 1, "timeDelta": 1}
            event = dumps(["message", {"type": "COLLABROOM", "data": message}])
            answer = client.receive(scan.read(f"42{event}".encode()), 0, 1, tally)
            if answer is not None:
                packets.append((visitor, answer))

    def join() -> None:
        place = data.draw(st.floats(0, 1)) if spread else None
        client = Client("pad", "t.x", place=place)
        author = f"a.{len(clients)}"
        visitor, variables = server.join(author)
        message = {
            "type": "CLIENT_VARS",
            "data": {"userId": author, "collab_client_vars": variables},
        }
        event = dumps(["message", message])
        client.receive(scan.read(f"42{event}".encode()), 0, 1, tally)
        clients.append((client, visitor))

    def arrive() -> None:
        visitor, packet = packets.pop(0)
        server.submit(visitor, submitted(packet))

    join()
    for _ in range(data.draw(st.integers(0, 40))):
        client, visitor = data.draw(st.sampled_from(clients))
        match data.draw(st.sampled_from(["type", "type", "hear", "arrive", "join"])):
            case "type":
                packet = client.type(0, 0, tally)
                if packet is not None:
                    packets.append((visitor, packet))
            case "hear":
                hear(client, visitor, data.draw(st.booleans()), data.draw(st.integers(1, 4)))
            case "arrive" if packets:
                arrive()
            case "join" if len(clients) < 4:
                join()
    while packets or any(visitor.outbox for _, visitor in clients):
        if packets:
            arrive()
        for client, visitor in clients:
            hear(client, visitor, True, 100)
    assert not tally.violations
    for client, _ in clients:
        assert (client.rev, client.length) == (server.rev, len(server.atext.text))
        assert client.settled
    assert tally.latencies["ack"].count == tally.counts.typed


def test_gaps_between_edits_come_to_the_rate() -> None:
    assert gaps(4, "uniform", 0.0) == pytest.approx(0.125)
    assert gaps(4, "uniform", 0.5) == pytest.approx(0.25)
    assert gaps(4, "poisson", 0.0) == 0
    mean = sum(gaps(4, "poisson", n / 10_000) for n in range(10_000)) / 10_000
    assert mean == pytest.approx(0.25, rel=0.01)

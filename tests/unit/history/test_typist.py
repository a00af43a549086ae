"""Tests the typing client against the model server, and what it records when the server fails
it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.chaos.history import Typists, from_lines
from tests.chaos.history.hearing import heard_in, tell
from tests.chaos.history.pages import Book
from tests.chaos.history.recording import (
    Accepted,
    CaughtUp,
    Connected,
    ConnectionLost,
    Event,
    Finished,
    GaveUp,
    Joined,
    Received,
    Reconnected,
    Submitted,
    ToldToReload,
    digest,
)
from tests.chaos.history.typist import Typist
from tests.eventually import eventually
from tests.unit.client.model_server import ModelServer
from tests.unit.client.pad_server import PadServer, serving

NO_POOL: dict[str, Any] = {"numToAttrib": {}, "nextNum": 0}
OTHER = "a.other"


@pytest.fixture
def typist() -> Typist:
    """Returns a typist on a pad that says "ab", at revision 3."""
    typist = Typist("c0", "pad", Book(), lambda: 0.0)
    typist.connection_made("http://here")
    pad = {"rev": 3, "initialAttributedText": {"text": "ab\n", "attribs": ""}, "apool": NO_POOL}
    say(typist, {"type": "CLIENT_VARS", "data": {"userId": "a.me", "collab_client_vars": pad}})
    return typist


def say(typist: Typist, message: dict[str, Any]) -> None:
    for heard in heard_in(message):
        tell(typist, heard)


def collab(typist: Typist, kind: str, rev: int, changeset: str = "", **more: Any) -> None:
    data = {"type": kind, "newRev": rev, "changeset": changeset, "apool": NO_POOL, **more}
    say(typist, {"type": "COLLABROOM", "data": data})


def kinds(typist: Typist) -> list[type[Event]]:
    return [type(event) for event in typist.recording.events()]


def test_it_starts_with_the_text_that_it_is_given(typist: Typist) -> None:
    assert list(typist.recording.events())[1:] == [Joined(3, "a.me", digest("ab\n"))]
    assert typist.text == "ab\n"
    assert typist.settled


def test_what_is_typed_meanwhile_goes_off_after_the_answer(typist: Typist) -> None:
    first = typist.edit(0, 0, "1")
    assert first is not None
    assert typist.edit(1, 0, "2") is None
    collab(typist, "NEW_CHANGES", 4, "Z:3>1+1$x", author=OTHER)
    # The server puts what came later behind; the page shows it so at once.
    assert sorted(typist.text) == sorted("12xab\n")
    collab(typist, "ACCEPT_COMMIT", 5)
    second = typist.next_submission()
    assert second is not None
    assert second["baseRev"] == 5
    assert second["changeset"].endswith("$2")


def test_what_was_not_answered_is_sent_again_with_what_was_typed_since(typist: Typist) -> None:
    typist.edit(0, 0, "1", ("[c0.1]",))
    typist.connection_lost("cut")
    typist.edit(1, 0, "2", ("[c0.2]",))
    assert typist.next_submission() is None
    ready = typist.connection_made("http://there")
    assert (ready["reconnect"], ready["client_rev"]) == (True, 3)
    collab(typist, "CLIENT_RECONNECT", 3, noChanges=True)
    again = typist.next_submission()
    assert again is not None
    assert again["changeset"].endswith("$12")
    *_, sent = typist.recording.events()
    assert isinstance(sent, Submitted)
    assert sent.marks == ("[c0.1]", "[c0.2]")


def test_a_missed_revision_of_its_own_is_the_answer(typist: Typist) -> None:
    typist.edit(0, 0, "1")
    typist.connection_lost("cut")
    typist.connection_made("http://there")
    collab(typist, "CLIENT_RECONNECT", 4, "Z:3>1+1$x", author=OTHER, headRev=5)
    assert not typist.connected
    collab(typist, "CLIENT_RECONNECT", 5, "Z:4>1+1$1", author="a.me", headRev=5)
    assert typist.settled
    assert typist.rev == 5
    assert typist.next_submission() is None
    assert kinds(typist)[-4:] == [Reconnected, Received, Received, CaughtUp]


def test_after_a_gap_it_listens_and_does_no_more(typist: Typist) -> None:
    collab(typist, "NEW_CHANGES", 5, "Z:3>1+1$x", author=OTHER)
    collab(typist, "NEW_CHANGES", 4, "Z:3>1+1$x", author=OTHER)
    assert kinds(typist)[-3:] == [Received, GaveUp, Received]
    assert typist.edit(0, 0, "1") is None


def test_an_answer_to_nothing_makes_it_give_up(typist: Typist) -> None:
    collab(typist, "ACCEPT_COMMIT", 4)
    assert kinds(typist)[-2:] == [Accepted, GaveUp]


def test_told_to_reload_it_begins_anew(typist: Typist) -> None:
    typist.edit(0, 0, "1")
    say(typist, {"disconnect": "rejected"})
    assert kinds(typist)[-1] is ToldToReload
    assert "reconnect" not in typist.connection_made("http://here")


def test_clients_with_the_same_text_share_it_and_others_do_not() -> None:
    book = Book()
    page = book.page(1, "a\n")
    assert book.page(1, "a\n") is page
    assert book.page(2, "a\n") is not page
    assert book.after(page, "Z:2>1+1$x", 2) is book.page(2, "xa\n")
    assert book.after(page, "Z:2>1+1$y", 2).text == "ya\n"


@pytest.fixture
async def servers() -> AsyncIterator[tuple[PadServer, PadServer]]:
    model = ModelServer()
    pair = PadServer(model), PadServer(model)
    async with serving(*pair):
        yield pair


async def test_a_crowd_types_through_broken_connections(
    servers: tuple[PadServer, PadServer],
) -> None:
    urls = [server.url for server in servers]
    async with await Typists.start(
        urls, ["test"], clients=6, rate=20.0, pause=(0.01, 0.1)
    ) as typists:
        model = servers[0].model
        await eventually(lambda: model.rev > 20)
        servers[0].break_all()
        await eventually(lambda: model.rev > 60)
        assert not await typists.quiesce(10)
        recordings = await typists.finish()
    assert any(kind is ConnectionLost for typist in typists.typists for kind in kinds(typist))
    for recording in recordings:
        *_, last = recording.events()
        assert last == Finished(model.rev, model.atext.text, connected=True)


async def test_a_crowd_reloads_when_it_is_told_to(servers: tuple[PadServer, PadServer]) -> None:
    async with await Typists.start(
        [servers[0].url], ["test"], clients=3, rate=20.0, pause=(0.01, 0.1)
    ) as typists:
        await eventually(lambda: servers[0].model.rev > 10)
        await servers[0].tell('42["message",{"disconnect":"rejected"}]')
        await eventually(lambda: all(kinds(one).count(Joined) == 2 for one in typists.typists))
        assert not await typists.quiesce(10)
        recordings = await typists.finish()
    for recording in recordings:
        after = [type(event) for event in recording.events()]
        after = after[after.index(ToldToReload) :]
        assert after[:4] == [ToldToReload, ConnectionLost, Connected, Joined]
        assert Reconnected not in after


async def test_a_crowd_says_who_is_late(servers: tuple[PadServer, PadServer]) -> None:
    async with await Typists.start([servers[0].url], ["test"], clients=2, rate=20.0) as typists:

        async def heads() -> dict[str, int]:
            return {"test": 1_000_000}

        late = await typists.quiesce(0.1, heads)
    assert [line.partition(" ")[0] for line in late] == ["c0", "c1"]


@pytest.mark.parametrize("line", ["", "[]", '[1,"Nothing",{}]', '[1,"Accepted",{"rev":1}]'])
def test_a_line_that_is_no_part_of_a_recording_is_named(line: str) -> None:
    with pytest.raises(ValueError, match="line 1 is no part of a recording"):
        from_lines([line])

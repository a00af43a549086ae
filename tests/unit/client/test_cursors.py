"""Tests the cursors of other people. Every client moves them with the text, and a cursor is sent
again when the others have it at another place."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from padfleet.shared.client import (
    Changed,
    Collaborator,
    Cursor,
    CursorsMoved,
    Disconnected,
    OutOfRange,
    PadError,
    ProtocolError,
    connect,
)
from padfleet.shared.client.cursors import (
    KEPT,
    CursorPlace,
    Cursors,
    CursorShift,
    carried,
    carried_back,
    changes_of,
)
from padfleet.shared.client.pointing import Pointing
from padfleet.shared.easysync import AttributePool, make_splice
from tests.examples import examples
from tests.unit.client.model_server import Message, ModelServer, Visitor
from tests.unit.client.pad_server import PadServer, serving, within

# --- Positions -----------------------------------------------------------------------------------


def splice(text: str, start: int, removed: int, inserted: str) -> str:
    return make_splice(text, start, removed, inserted, [], AttributePool())


def told(author: str, rev: int, anchor: int | None, head: int | None) -> Message:
    return {"userId": author, "rev": rev, "anchor": anchor, "head": head}


@pytest.mark.parametrize(
    ("position", "changes", "after", "moved"),
    [
        (3, [CursorShift(0, 0, 2)], False, 5),
        (3, [CursorShift(4, 6, 0)], False, 3),
        (3, [CursorShift(1, 2, 0)], False, 2),
        (3, [CursorShift(1, 5, 0)], False, 1),
        (3, [CursorShift(1, 5, 3)], False, 1),
        (3, [CursorShift(1, 5, 3)], True, 4),
        (3, [CursorShift(3, 3, 2)], False, 3),
        (3, [CursorShift(3, 3, 2)], True, 5),
        (3, [CursorShift(2, 3, 0)], True, 2),
        (9, [CursorShift(0, 2, 0), CursorShift(4, 4, 3), CursorShift(9, 9, 1)], False, 10),
    ],
)
def test_a_position_goes_along_with_the_text_around_it(
    position: int, changes: list[CursorShift], after: bool, moved: int
) -> None:
    assert carried(position, changes, after=after) == moved


@pytest.mark.parametrize(
    ("position", "changes", "before"),
    [
        (5, [CursorShift(0, 0, 2)], 3),
        (1, [CursorShift(0, 0, 2)], 0),  # in what is new
        (2, [CursorShift(0, 0, 2)], 0),
        (2, [CursorShift(1, 2, 0)], 3),
        (3, [CursorShift(5, 5, 1)], 3),
    ],
)
def test_positions_carried_back_are_where_they_were(
    position: int, changes: list[CursorShift], before: int
) -> None:
    assert carried_back(position, changes) == before


@given(st.text("ab\n", max_size=12), st.data())
def test_what_nobody_has_changed_is_where_it_was_both_ways(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    removed = data.draw(st.integers(0, len(text) - start))
    inserted = data.draw(st.text("xy\n", max_size=4))
    changes = changes_of(splice(text, start, removed, inserted))
    for position in (*range(start), *range(start + removed + 1, len(text) + 1)):
        there = carried(position, changes, after=False)
        assert carried_back(there, changes) == position
        after = text[:start] + inserted + text[start + removed :]
        assert after[there:] == text[position:] or after[:there] == text[:position]


def test_a_place_of_an_older_revision_is_carried_along_and_of_a_later_one_waits_for_it() -> None:
    cursors = Cursors("a.me", 5)
    cursors.revision(6, "a.bob", splice("hello\n", 0, 0, ">> "))
    assert cursors.reported([told("a.ada", 5, 2, 4)]) == ["a.ada"]
    assert cursors.seen([], 9) == {"a.ada": Cursor(5, 7)}
    assert cursors.reported([told("a.ada", 7, 0, 0)]) == ["a.ada"]
    assert cursors.seen([], 9) == {}
    cursors.revision(7, "a.ada", splice(">> hello\n", 0, 3, ""))
    assert cursors.seen([], 6) == {"a.ada": Cursor(0, 0)}


def test_typing_moves_the_authors_cursor_and_leaves_the_others() -> None:
    cursors = Cursors("a.me", 0)
    cursors.reported([told("a.ada", 0, 5, 5), told("a.bob", 0, 5, 5)])
    cursors.revision(1, "a.ada", splice("hello\n", 5, 0, " world"))
    assert cursors.seen([], 12) == {"a.ada": Cursor(11, 11), "a.bob": Cursor(5, 5)}


def test_own_edits_on_their_way_stand_between_what_is_told_and_what_is_seen() -> None:
    cursors = Cursors("a.me", 3)
    own = [splice("hello\n", 0, 0, "oh, "), splice("oh, hello\n", 9, 0, "!")]
    cursors.reported([told("a.ada", 3, 1, 5)])
    assert cursors.seen(own, 11) == {"a.ada": Cursor(5, 9)}
    cursors.mine = Cursor(2, 10)
    assert cursors.to_tell(own) == CursorPlace(3, 0, 5)
    assert cursors.to_tell(own) is None


def test_what_is_too_old_or_beyond_the_text_or_ones_own_does_no_harm() -> None:
    cursors = Cursors("a.me", 0)
    for rev in range(1, KEPT + 101):
        cursors.revision(rev, "a.bob", splice("a\n", 0, 0, ""))
    assert cursors.reported([told("a.ada", 50, 1, 1)]) == []
    assert cursors.reported([told("a.ada", 150, 99, 1), told("a.me", 150, 1, 1)]) == ["a.ada"]
    assert cursors.seen([], 2) == {"a.ada": Cursor(2, 1)}
    assert cursors.reported([told("a.ada", 150, None, None)]) == ["a.ada"]
    assert cursors.reported([told("a.ada", 150, None, None)]) == []


def test_others_are_told_again_when_they_take_it_to_be_elsewhere() -> None:
    cursors = Cursors("a.me", 0)
    assert cursors.to_tell([]) is None
    own = splice("hello\n", 0, 0, "oh, ")
    cursors.edited(own, by_me=True)
    cursors.mine = Cursor(2, 2)  # in what only we have yet
    assert cursors.to_tell([own]) == CursorPlace(0, 0, 0)
    cursors.revision(1, "a.me", own)  # which they take to have moved it to its end
    assert cursors.to_tell([]) == CursorPlace(1, 2, 2)
    assert cursors.to_tell([]) is None
    cursors.cut_off()
    assert cursors.to_tell([]) == CursorPlace(1, 2, 2)
    cursors.mine = None
    assert cursors.to_tell([]) == CursorPlace(1, None, None)
    cursors.cut_off()  # whether they have heard that, nobody knows
    assert cursors.to_tell([]) == CursorPlace(1, None, None)
    assert cursors.to_tell([]) is None


@pytest.mark.parametrize(
    "cursors",
    [
        None,
        [None],
        [{"userId": "a.x"}],
        [told("a.x", 0, 1, None)],
        [told("a.x", 0, 0, 0) | {"userId": 1}],
        [told("a.x", 0, 0, 0) | {"rev": "0"}],
        [told("a.x", 0, 0, 0) | {"anchor": "0"}],
        [told("a.ok", 0, 0, 0), told("a.x", 0, 0, 0) | {"head": 1.5}],
    ],
)
def test_nonsense_is_an_error_of_the_protocol(cursors: Any) -> None:
    client = _client(ModelServer("hello\n").join("a.me")[1], "a.me")
    with pytest.raises(ProtocolError, match="CURSORS that makes no sense"):
        list(client.receive({"type": "CURSORS", "cursors": cursors}))
    assert client.cursors == {}


# --- Several, on a model of the server -----------------------------------------------------------


def _client(variables: Message, author: str) -> Collaborator:
    return Collaborator(variables, author, cursors=True)


PEOPLE = 3


class Table:
    """Some who write and point at once, each of whom hears of it in his own time."""

    def __init__(self) -> None:
        self.server = ModelServer("one\ntwo\n")
        self.clients: list[Collaborator] = []
        self.visitors: list[Visitor] = []
        self.newest: dict[str, Message] = {}
        self.posted: list[Message | None] = [None] * PEOPLE
        for who in range(PEOPLE):
            visitor, variables = self.server.join(f"a.{who}")
            self.visitors.append(visitor)
            self.clients.append(_client(variables, visitor.author))

    def edit(self, who: int, place: int, removed: int, inserted: str) -> None:
        client = self.clients[who]
        start = min(place, len(client.text) - 1)
        client.edit(start, min(removed, len(client.text) - 1 - start), inserted)

    def point(self, who: int, anchor: int | None, more: int) -> None:
        client, most = self.clients[who], len(self.clients[who].text)
        if anchor is None:
            client.point(None)
        else:
            client.point(Cursor(min(anchor, most), min(anchor + more, most)))

    def tell(self, who: int) -> bool:
        """Sends a cursor if one is due. It does not overtake an edit."""
        self._arrive(who)
        place = self.clients[who].next_place()
        if place is None:
            return False
        visitor = self.visitors[who]
        self.newest[visitor.author] = place._asdict()
        self.server.point(visitor, place._asdict(), self.visitors)
        return True

    def submit(self, who: int) -> None:
        self._arrive(who)
        self.posted[who] = self.clients[who].next_submission()

    def _arrive(self, who: int) -> None:
        message, self.posted[who] = self.posted[who], None
        if message is not None:
            self.server.submit(self.visitors[who], message)

    def hear(self, who: int, count: int) -> None:
        self._arrive(who)
        for message in self.visitors[who].take(count, batch=True):
            for _ in self.clients[who].receive(message):
                self.look(who)

    def look(self, who: int) -> None:
        client = self.clients[who]
        for cursor in client.cursors.values():
            assert all(0 <= place <= len(client.text) for place in cursor)

    def lose(self, who: int, arrived: bool) -> None:
        """Breaks the connection and makes it again before anybody has noticed."""
        if arrived:
            self._arrive(who)
        self.posted[who] = None
        client = self.clients[who]
        self.server.leave(self.visitors[who])
        list(client.connection_lost())
        self.visitors[who] = visitor = self.server.come_back(client.author, client.rev)
        cursors = [{"userId": author, **place} for author, place in self.newest.items()]
        visitor.outbox.append({"type": "CURSORS", "cursors": cursors})

    def settle(self) -> None:
        busy = True
        while busy:
            for who in range(PEOPLE):
                self.submit(who)
                self.hear(who, 1000)
            told = [self.tell(who) for who in range(PEOPLE)]
            unheard = any(visitor.outbox for visitor in self.visitors)
            busy = any(told) or unheard or not all(client.settled for client in self.clients)


WHO = st.integers(0, PEOPLE - 1)
STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("edit"), WHO, st.integers(0, 9), st.integers(0, 3), st.text("xy\n", max_size=3)
        ),
        st.tuples(
            st.just("point"), WHO, st.none() | st.integers(0, 12), st.sampled_from([0, 0, -1, 3])
        ).filter(lambda step: step[2] is None or step[2] + step[3] >= 0),
        st.tuples(st.just("tell"), WHO),
        st.tuples(st.just("submit"), WHO),
        st.tuples(st.just("hear"), WHO, st.integers(1, 4)),
        st.tuples(st.just("lose"), WHO, st.booleans()),
    ),
    max_size=30,
)


@settings(max_examples=examples(300))
@given(STEPS)
def test_in_the_end_everybody_has_each_cursor_where_its_owner_has_it(
    steps: Iterable[tuple[Any, ...]],
) -> None:
    table = Table()
    for name, *arguments in steps:
        getattr(table, name)(*arguments)
    table.settle()
    assert {client.text for client in table.clients} == {table.server.atext.text}
    mine = {client.author: _mine(client) for client in table.clients}
    for client in table.clients:
        others = {author: at for author, at in mine.items() if at and author != client.author}
        assert client.cursors == others


def _mine(client: Collaborator) -> Cursor | None:
    assert client._cursors is not None
    return client._cursors.mine


# --- The pace ------------------------------------------------------------------------------------


async def test_the_newest_place_is_told_when_the_pause_is_over() -> None:
    places, said = [1], list[int]()

    async def tell() -> bool:
        if not places:
            return False
        said.append(places.pop())
        places.clear()
        return True

    pointing = Pointing(tell, pause=0.01)
    pointing.look()
    await asyncio.sleep(0)  # the first one goes at once
    assert said == [1]
    for place in (2, 3, 4):
        places.append(place)
        pointing.look()
    task = pointing._task
    assert task is not None
    await asyncio.wait_for(task, 10)
    assert said == [1, 4]
    pointing.look()
    await pointing.close()


# --- Over sockets --------------------------------------------------------------------------------


async def test_cursors_come_as_events_and_only_to_those_who_want_them(server: PadServer) -> None:
    async with (
        serving(server) as (url,),
        connect(url, cursors=True) as ada,
        connect(url, cursors=True) as bob,
        connect(url) as stock,
    ):
        assert ada.pointing
        assert not stock.pointing
        ada.point(1, 4)
        async for event in bob:
            assert isinstance(event, CursorsMoved)
            assert list(event.authors) == [ada.author_id]
            break
        assert bob.cursors == {ada.author_id: Cursor(1, 4)}
        await bob.edit(0, 0, "oh, ")
        assert bob.cursors == {ada.author_id: Cursor(5, 8)}  # at once, in the text that he sees
        await bob.flush()
        await within(ada, lambda: ada.rev == 1)
        ada.point(None)
        await within(bob, lambda: not bob.cursors)
        await within(stock, lambda: stock.rev == 1)
        assert stock.cursors == {}
        with pytest.raises(PadError, match="cursors=True"):
            stock.point(0)
        # He has not iterated meanwhile: there is one event of cursors, and not one of each.
        kinds = Counter(type(event) for event in bob._conversation._events)
        assert kinds[CursorsMoved] <= 2
        assert not any(isinstance(event, CursorsMoved) for event in stock._conversation._events)


async def test_a_place_beyond_the_text_is_refused(server: PadServer) -> None:
    async with serving(server) as (url,), connect(url, cursors=True) as pad:
        for wrong in ((7, None), (-1, None), (0, 7), (0, -1), (None, 3)):
            with pytest.raises(OutOfRange):
                pad.point(*wrong)
        pad.point(6, 0)
        await within(pad, lambda: pad.text == "hello\n")


async def test_after_a_lost_connection_the_others_are_told_again(server: PadServer) -> None:
    async with (
        serving(server) as (url,),
        connect(url, cursors=True) as ada,
        connect(url, cursors=True) as bob,
    ):
        ada.point(3)
        await within(bob, lambda: bob.cursors == {ada.author_id: Cursor(3, 3)})
        ada.cut()
        bob.cut()
        await within(bob, lambda: bob.cursors == {} or bob.resumes > 0)
        await within(ada, lambda: ada.resumes > 0)
        ada.point(4)
        await within(bob, lambda: bob.cursors == {ada.author_id: Cursor(4, 4)})


async def test_an_author_who_leaves_has_no_cursor(server: PadServer) -> None:
    async with (
        serving(server) as (url,),
        connect(url, cursors=True) as ada,
        connect(url, cursors=True) as bob,
    ):
        ada.point(3)
        await within(bob, lambda: bool(bob.cursors))
        await server.tell(
            '42["message",{"type":"COLLABROOM","data":{"type":"USER_LEAVE","userInfo":{"userId":"'
            f'{ada.author_id}"}}}}}}]'
        )
        await within(bob, lambda: not bob.cursors)
        ends = [event for event in bob._conversation._events if not isinstance(event, Changed)]
        assert [event.rev for event in ends] == [0]


async def test_where_the_server_passes_none_on_nothing_is_said(server: PadServer) -> None:
    server.passes_cursors = False
    async with serving(server) as (url,), connect(url, cursors=True) as pad:
        assert not pad.pointing
        pad.point(3)
        await pad.append("more")
        assert server.pointed == []
        await server.tell('42["message",{"disconnect":"deleted"}]')
        with pytest.raises(Disconnected):
            await pad.until(lambda: False)
        with pytest.raises(Disconnected):
            pad.point(3)

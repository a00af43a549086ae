"""Tests that everybody who follows the log ends with exactly the people who are there, whatever
happens in whichever order."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from padfleet.services.fanout.delivery.roster_cursor import RosterCursor
from padfleet.services.fanout.delivery.shared_context import SharedContext
from padfleet.services.fanout.pads.collabroom import collab
from padfleet.services.fanout.presence.excerpt import ALL_TOLD, FEW, Excerpt, RosterEntry
from padfleet.services.fanout.presence.roster_log import RosterLog
from padfleet.services.fanout.transport.deflate import NOTHING, SharedRun
from padfleet.services.fanout.transport.packets import Frame
from padfleet.shared.log.people.author_records import Author, new_author_id
from tests.unit.fanout.inflating import InflatingClient


def messages(told: Frame | SharedRun | None) -> Iterator[dict[str, Any]]:
    """Yields the messages as a client reads them that cannot inflate."""
    frame = told.plain if isinstance(told, SharedRun) else told
    for packet in frame.payload.split(b"\x1e") if frame is not None else ():
        yield json.loads(packet[2:])[1]["data"]


def who(number: int, name: str | None = None) -> Author:
    return Author(f"a.{number}", name, 1)


class StockPage:
    """A page that does as Etherpad's: it forgets nobody by itself, also when it comes back."""

    lists = False

    def __init__(self) -> None:
        self.cursor = RosterCursor()
        self.people: dict[str, str | None] = {}

    def comes(self, log: RosterLog, *, back: bool) -> None:
        self.cursor = RosterCursor(lists=self.lists)
        if not back:
            self.people = {}
        log.begin(self.cursor, knows_some=back)

    def takes_next(self, log: RosterLog) -> bool:
        """Hears the next excerpt, as the introducer would send it. Returns False if there was
        none."""
        excerpt = log.next_for(self.cursor)
        upto = log.end if excerpt is None else excerpt.upto
        completes = not self.cursor.complete and upto >= self.cursor.since
        if excerpt is not None:
            self.hear(excerpt.made(lists=self.lists, completes=completes))
        elif completes and self.lists:
            self.hear(ALL_TOLD)
        log.took(self.cursor, upto)
        self.cursor.complete |= completes
        return excerpt is not None

    def hear(self, frame: Frame | SharedRun | None) -> None:
        for message in messages(frame):
            info = message["userInfo"]
            if message["type"] == "USER_NEWINFO":
                self.people[info["userId"]] = info["name"]
            else:
                self.people.pop(info["userId"], None)


class ListingPage(StockPage):
    """A page that has announced USERS."""

    lists = True

    def __init__(self) -> None:
        super().__init__()
        self.unconfirmed: set[str] = set()

    def comes(self, log: RosterLog, *, back: bool) -> None:
        super().comes(log, back=back)
        self.unconfirmed = set(self.people)

    def hear(self, frame: Frame | SharedRun | None) -> None:
        for message in messages(frame):
            assert message["type"] == "USERS"
            for author, _, name in message.get("users", ()):
                self.people[author] = name
                self.unconfirmed.discard(author)
            for author in message.get("left", ()):
                self.people.pop(author, None)
            if message.get("complete"):
                for author in self.unconfirmed:
                    self.people.pop(author, None)
                self.unconfirmed.clear()


@pytest.mark.parametrize("page", [StockPage, ListingPage])
@pytest.mark.parametrize("block", [1, 2, 3, 8, 40])
@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_everybody_knows_who_is_there(
    page: type[StockPage], block: int, seed: int
) -> None:
    """Comings, goings, new names, pages that come, come back, and take what they are told now and
    then or not for long."""
    chance = random.Random(f"{seed} {block} {page}")
    log = RosterLog(block)
    there: dict[str, str | None] = {}
    pages: list[StockPage] = []
    away: list[StockPage] = []
    for step in range(400):
        match chance.choice("cccgggnnpbwtttttttt"):
            case "c":
                author = who(chance.randrange(30), chance.choice([None, "Ada"]))
                there[author.id] = author.name
                log.here(author)
            case "g" if there:
                gone = chance.choice(list(there))
                del there[gone]
                log.gone(gone)
            case "n" if there:
                named = chance.choice(list(there))
                there[named] = f"name {step}"
                log.here(Author(named, there[named], 1))
            case "p" if len(pages) < 6:
                pages.append(page())
                pages[-1].comes(log, back=False)
            case "w" if pages:
                away.append(pages.pop(chance.randrange(len(pages))))
            case "b" if away:
                pages.append(away.pop())
                pages[-1].comes(log, back=True)
            case "t" if pages:
                chance.choice(pages).takes_next(log)
    for each in pages:
        while each.takes_next(log):
            pass
        assert each.people == there


@pytest.mark.parametrize("seed", range(6))
def test_I6_a_session_that_is_too_far_behind_begins_again(seed: int) -> None:
    """Only a limited number of departed people is kept. A page that might still show somebody who
    has gone begins again, and every other page is right."""
    chance = random.Random(seed)
    log = RosterLog(4, left_kept=5)
    there: dict[str, str | None] = {}
    pages = [ListingPage() for _ in range(5)]
    for each in pages:
        each.comes(log, back=False)
    lost = 0
    for _ in range(1000):
        author = who(chance.randrange(60))
        if author.id in there:
            del there[author.id]
            log.gone(author.id)
        else:
            there[author.id] = None
            log.here(author)
        assert len(log) - len(there) <= 5
        each = chance.choice(pages)
        if chance.random() < 0.1:
            if log.is_lost_to(each.cursor):
                lost += 1
                each.comes(log, back=True)
            each.takes_next(log)
    assert lost > 0
    for each in pages:
        if log.is_lost_to(each.cursor):
            each.comes(log, back=True)
        while each.takes_next(log):
            pass
        assert each.people == there


def crowd(count: int, block: int = 512) -> RosterLog:
    log = RosterLog(block)
    for number in range(count):
        log.here(who(number), but=f"session {number}")
    return log


def test_all_who_come_to_a_crowd_take_the_same_bytes() -> None:
    """When one more person comes, only the last block is made anew."""
    log = crowd(5000)
    told = []
    for _ in range(3):
        cursor = RosterCursor()
        log.begin(cursor, knows_some=False)
        mine = []
        while excerpt := log.next_for(cursor):
            mine.append(excerpt.made(lists=False, completes=False))
            log.took(cursor, excerpt.upto)
        told.append(mine)
    assert len(told[0]) == 10
    assert all(a is b for a, b in zip(told[0], told[1], strict=True))
    log.here(who(5000))
    cursor, anew = RosterCursor(), []
    log.begin(cursor, knows_some=False)
    while excerpt := log.next_for(cursor):
        anew.append(excerpt.made(lists=False, completes=False))
        log.took(cursor, excerpt.upto)
    assert [a is b for a, b in zip(told[0], anew, strict=True)] == [True] * 9 + [False]


def test_a_crowd_that_has_gone_leaves_few_blocks() -> None:
    """If it left many, those who come then would be told about the remaining people one by one."""
    log = crowd(5000, block=64)
    cursor = RosterCursor()
    while excerpt := log.next_for(cursor):
        log.took(cursor, excerpt.upto)
    chance = random.Random(1)
    for number in chance.sample(range(5000), 4950):
        log.gone(f"a.{number}")
    cursor, steps, told = RosterCursor(), 0, 0
    log.begin(cursor, knows_some=False)
    while excerpt := log.next_for(cursor):
        steps, told = steps + 1, told + sum(not entry.left for entry in excerpt.entries)
        log.took(cursor, excerpt.upto)
    assert told == 50
    assert steps <= 2 + 2 * 5000 // 64


def test_a_member_who_comes_and_goes_unseen_is_never_announced() -> None:
    log, cursor = RosterLog(), RosterCursor()
    log.begin(cursor, knows_some=False)
    assert log.here(who(1))
    assert not log.gone("a.1")
    assert log.next_for(cursor) is None
    assert log.here(who(1))
    excerpt = log.next_for(cursor)
    assert excerpt is not None
    log.took(cursor, excerpt.upto)
    assert log.gone("a.1"), "now somebody knows of him"


def test_only_those_who_know_somebody_are_told_that_they_left() -> None:
    """A newcomer to a crowd is told about itself, too. If it leaves before the others have been
    told, there is nothing to write to thousands of sockets."""
    log, others = crowd(FEW + 1), RosterCursor()
    log.took(others, log.end)
    newcomer = RosterCursor()
    log.begin(newcomer, knows_some=False)
    log.here(who(99))
    while excerpt := log.next_for(newcomer):
        log.took(newcomer, excerpt.upto)
    assert log.gone("a.99"), "the newcomer knows of itself"
    assert log.next_for(others) is None
    excerpt = log.next_for(newcomer)
    assert excerpt is not None
    assert [(entry.who.id, entry.left) for entry in excerpt.entries] == [("a.99", True)]


def test_a_page_that_comes_back_is_told_of_all_who_left() -> None:
    """It may know them from its earlier stay, whatever it has been told in this one."""
    log, back = crowd(3), RosterCursor()
    log.took(RosterCursor(), log.end)
    log.gone("a.0")
    log.begin(back, knows_some=True)
    excerpt = log.next_for(back)
    assert excerpt is not None
    assert ("a.0", True) in [(entry.who.id, entry.left) for entry in excerpt.entries]


def test_what_is_the_same_is_not_told_again() -> None:
    log = crowd(3)
    assert not log.here(who(1))
    assert log.here(who(1, "Ada"))
    assert not log.gone("a.7")


def test_a_handful_is_told_in_order_and_nobody_of_himself() -> None:
    log = crowd(3)
    excerpt = log.next_for(RosterCursor())
    assert excerpt is not None
    assert excerpt.concerns == {"session 0", "session 1", "session 2"}
    told = messages(excerpt.made_for("session 1", lists=False, completes=False))
    assert [message["userInfo"]["userId"] for message in told] == ["a.0", "a.2"]


def test_in_a_crowd_nobody_is_sent_something_else() -> None:
    entries = [RosterEntry(who(n), False, f"session {n}", n, n) for n in range(FEW + 1)]
    excerpt = Excerpt(entries, FEW + 1)
    assert not excerpt.concerns


def test_the_list_says_when_it_is_complete_and_what_is_in_it() -> None:
    log, cursor = crowd(2), RosterCursor()
    log.took(cursor, 2)
    log.here(who(1, "Ada"))
    log.gone("a.0")
    excerpt = log.next_for(cursor)
    assert excerpt is not None
    assert list(messages(excerpt.made(lists=True, completes=True))) == [
        {"type": "USERS", "users": [["a.1", 1, "Ada"]], "left": ["a.0"], "complete": True}
    ]
    assert list(messages(excerpt.made(lists=False, completes=True))) == [
        {"type": "USER_NEWINFO", "userInfo": {"userId": "a.1", "name": "Ada", "colorId": 1}},
        {"type": "USER_LEAVE", "userInfo": {"userId": "a.0", "colorId": 1}},
    ]


def test_a_session_that_is_up_to_date_is_told_only_the_change() -> None:
    log, cursor = crowd(5), RosterCursor()
    log.took(cursor, 5)
    log.here(who(2, "Ada"))
    excerpt = log.next_for(cursor)
    assert excerpt is not None
    assert [entry.who for entry in excerpt.entries] == [who(2, "Ada")]


def test_what_is_deflated_is_read_whatever_its_reader_had_before() -> None:
    """Newcomers have had nothing yet; others have had revisions, chat, or an older excerpt."""
    log, cursor = crowd(40, block=16), RosterCursor()
    client = InflatingClient()
    while excerpt := log.next_for(cursor):
        made = excerpt.made(lists=False, completes=False)
        assert isinstance(made, SharedRun)
        for reader in (client, InflatingClient()):
            arrived = reader.read(made.deflated.data)
            assert [each.text.encode() for each in arrived] == made.plain.payload.split(b"\x1e")
        room = SharedContext().deflate([collab({"text": "between"}).shared()], NOTHING)
        client.read(room.data)
        log.took(cursor, excerpt.upto)


def test_a_person_takes_some_23_bytes() -> None:
    """Eleven of the bytes are those of the random part of the id."""
    chance = random.Random(5)
    log, cursor, sizes = RosterLog(), RosterCursor(), []
    for _ in range(5000):
        log.here(Author(new_author_id(), None, chance.randrange(64)))
    while excerpt := log.next_for(cursor):
        for lists in (False, True):
            made = excerpt.made(lists=lists, completes=False)
            assert isinstance(made, SharedRun)
            sizes.append((len(made.plain.websocket), len(made.deflated.data)))
        log.took(cursor, excerpt.upto)
    assert sum(plain for plain, _ in sizes[::2]) > 650_000
    assert sum(deflated for _, deflated in sizes[::2]) < 120_000
    assert sum(deflated for _, deflated in sizes[1::2]) < 70_000

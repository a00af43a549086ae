"""Tests what a joining session is given of a pad. It is made beside the event loop if the pad is
large."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import pytest

from padfleet.services.fanout.hub import greetings
from padfleet.services.fanout.hub.client_vars import Greeting
from padfleet.services.fanout.hub.greetings import greeting_of
from padfleet.services.writer.pads.pad import WriterPad
from padfleet.shared.easysync import AttributePool, to_units
from padfleet.shared.log.pad.document import MANY_ATTRIBUTES, MANY_SPANS, MANY_UNITS, Document
from padfleet.shared.log.people.author_records import Author
from tests.unit.fanout.test_replica import replica_with, revisions

ADA = Author("a.ada", "Ada", 3)


def small() -> Document:
    return revisions(5)[1]


def of_many_attributes() -> Document:
    pad = small()
    for number in range(MANY_ATTRIBUTES + 1):
        pad.pool.put("x", str(number))
    return pad


def of_many_operations() -> Document:
    return revisions(MANY_SPANS // 2, MANY_SPANS // 2)[1]


def long_one() -> Document:
    pad = WriterPad()
    pad.create(to_units("ü😀") * (MANY_UNITS // 2), "a.ada", 1)
    return pad


LARGE = [of_many_attributes, of_many_operations, long_one]


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    found: list[int] = []

    def watched(document: Document, known: dict[str, Author]) -> Greeting:
        found.append(threading.get_ident())
        return Greeting(document, known)

    monkeypatch.setattr(greetings, "Greeting", watched)
    return found


@pytest.mark.parametrize("large", LARGE, ids=lambda make: make.__name__)
async def test_a_large_pad_is_put_together_beside_the_event_loop(
    large: Any, threads: list[int]
) -> None:
    """A pad with as many attributes as it may have held a worker for seconds, for each edit after
    which somebody joined."""
    await greeting_of(large(), {})
    assert threads != [threading.get_ident()]


async def test_a_small_one_is_not_worth_a_thread(threads: list[int]) -> None:
    await greeting_of(small(), {})
    assert threads == [threading.get_ident()]


@pytest.mark.parametrize("make", [small, *LARGE], ids=lambda make: make.__name__)
async def test_it_says_the_same_in_either_way(make: Any) -> None:
    document = make()
    made = await greeting_of(document, {"a.ada": ADA})
    said = json.loads(b"{" + made._members)
    pool = AttributePool.from_jsonable(said["apool"])
    assert to_units(said["initialAttributedText"]["text"]) == document.atext.text
    assert len(pool) == said["apool"]["nextNum"]
    assert said["historicalAuthorData"] == {"a.ada": {"name": "Ada", "colorId": 3}}
    assert (said["rev"], said["time"]) == (document.head, document.time)
    assert (made.rev, made.epoch) == (document.head, document.epoch)


async def test_nobody_moves_a_document_on_that_is_being_read() -> None:
    made, pad = revisions(1, 2, 3)
    replica = replica_with(made[:3])
    async with replica.standing_still() as document:
        assert document.head == 2
        replica.advance(made[3:])
        waiting = asyncio.create_task(replica.document())
        for _ in range(20):
            await asyncio.sleep(0)
        assert (document.head, waiting.done()) == (2, False)
    assert (await waiting).atext == pad.atext


def test_a_twin_keeps_to_itself_what_it_has_found_out() -> None:
    """Its thread may come to an end when the document has long been moved on."""
    pad = small()
    pad._atext = None
    twin = pad.twin()
    twin.pool.put("only", "here")
    assert twin.atext == pad.body.to_atext()
    assert pad._atext is None
    assert pad.pool.find("only", "here") == -1

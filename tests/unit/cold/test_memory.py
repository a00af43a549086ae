"""Tests that the stores in memory keep what the protocols promise, since other tests rely on
them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from padfleet.shared.archive.entries import PadHead, Revisions
from padfleet.shared.cold.errors import Overwritten
from padfleet.shared.cold.layout.pads import ObjectPads
from padfleet.shared.cold.pads import ColdAppend, ColdPads, ColdState
from padfleet.shared.cold.store import ColdStore
from padfleet.shared.log.records import Revision, chain_of
from tests.cold_memory import MemoryPads, MemoryStore, away


def part(first: int, last: int, *, epoch: int = 1, chat: int = -1) -> ColdAppend:
    chain, records = b"", []
    for rev in range(last + 1):
        wire = b"%d" % rev
        chain = chain_of(chain, wire)
        records.append(Revision(rev, "a.x", rev, None, chain, wire).to_record())
    head = PadHead("pad", epoch, last, chain, last, "a.x", "r.1", chat=chat)
    state = ColdState(head, 1, "", {}, {}, {})
    said = [(f"{number}-1", [b"m", b"hello"]) for number in range(chat + 1)]
    return ColdAppend(state, Revisions(first, records[first:]), said)


async def test_bytes_are_replaced_by_who_knows_what_is_there() -> None:
    store: ColdStore = MemoryStore()
    one = await store.put("a/1", b"x", over=None)
    with pytest.raises(Overwritten):
        await store.put("a/1", b"y", over=None)
    two = await store.put("a/1", b"x", over=one)
    assert one != two
    with pytest.raises(Overwritten):
        await store.delete("a/1", over=one)
    await store.put("b", b"z", over=None)
    assert [name async for name in store.names("a/")] == ["a/1"]
    await store.delete("a/1", over=two)
    assert await store.get("a/1") is None


@pytest.mark.parametrize("made", [MemoryPads, lambda: ObjectPads(MemoryStore())])
async def test_pads_are_appended_to_by_who_knows_where_they_stand(
    made: Callable[[], ColdPads],
) -> None:
    pads = made()
    one = await pads.append("pad", None, part(0, 3))
    with pytest.raises(Overwritten):
        await pads.append("pad", None, part(0, 4))
    two = await pads.append("pad", one, part(4, 5, chat=1))
    three = await pads.set_mark("pad", two, "frozen")
    assert (three.edition, three.mark, three.head) == (two.edition, "frozen", 5)
    with pytest.raises(Overwritten):
        await pads.set_mark("pad", two, "frozen")
    found = await pads.read("pad")
    assert found is not None
    assert len(found.chat) == 2
    assert [r.rev for r in found.revisions.revisions()] == list(range(6))
    shorter = await pads.append("pad", three, part(2, 3))
    assert (shorter.head, shorter.edition) == (3, 3)
    assert await pads.pad_of_read_only("r.1") == "pad"
    assert [listed.pad async for listed in pads.pads()] == ["pad"]
    await pads.delete("pad", shorter)
    assert await pads.look("pad") is None


async def test_a_store_that_is_away_says_so() -> None:
    pads, store = MemoryPads(), MemoryStore()
    pads.away = store.away = away()
    with pytest.raises(OSError, match="does not answer"):
        await pads.look("pad")
    with pytest.raises(OSError, match="does not answer"):
        await store.get("a")

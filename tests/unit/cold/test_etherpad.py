"""Pads in an Etherpad's table, without a database."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from padfleet.shared.cold.etherpad import histories, note
from padfleet.shared.cold.etherpad.pads import EtherpadPads
from padfleet.shared.cold.etherpad.table import Table
from padfleet.shared.wire.jsontext import dumps
from tests.unit.cold.etherpad_cases import (
    EtherpadCases,
    MemoryTable,
    begun,
    by_an_etherpad,
    document,
    put_raw,
)
from tests.unit.etherpad.an_etherpad import EtherpadPad


class TestInMemory(EtherpadCases):
    @pytest.fixture
    def table(self) -> Table:
        return MemoryTable()


async def test_the_past_of_a_long_pad_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was read once; from then on the last chunk is enough, if nothing had to be made good."""
    for module in (note, histories):
        monkeypatch.setattr(module, "CHUNK_REVISIONS", 100)
    table = MemoryTable()
    asked: list[str] = []
    get = table.get

    async def noted(keys: Sequence[str]) -> list[str | None]:
        asked.extend(keys)
        return await get(keys)

    monkeypatch.setattr(table, "get", noted)
    typist, head = await begun(EtherpadPads(table), 340)
    whole = await EtherpadPads(table).read("p")
    assert whole is not None
    assert whole.revisions.first == 300
    assert {int(key.split(":")[3]) for key in asked if ":revs:" in key} <= {0, *range(300, 341)}
    assert document(whole).atext == typist.pad.atext
    # Older ones are read from the beginning of their chunk.
    asked.clear()
    parts = [one async for one in EtherpadPads(table).revisions("p", head.epoch, 150, 160)]
    assert [one.rev for part in parts for one in part.revisions()] == list(range(150, 161))
    assert {int(key.split(":")[3]) for key in asked if ":revs:" in key} <= set(range(100, 161))
    # An Etherpad goes on: what it has written is behind the last chunk, and is read from there.
    await by_an_etherpad(table, 80)
    asked.clear()
    again = await EtherpadPads(table).read("p")
    assert again is not None
    assert (again.head.epoch, again.revisions.first) == (head.epoch, 400)
    assert 5 not in {int(key.split(":")[3]) for key in asked if ":revs:" in key}


async def test_a_past_that_had_to_be_made_good_is_read_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An Etherpad's own text at a key revision is not what a fleet makes of its revisions."""
    for module in (note, histories):
        monkeypatch.setattr(module, "CHUNK_REVISIONS", 100)
    table = MemoryTable()
    old = EtherpadPad({})
    old.append("Z:1>4|1+4$old\n", "", 3)
    old.type(150, 5, "a.there", 1000)
    await put_raw(table, {key: dumps(value) for key, value in old.records.items()})
    pads = EtherpadPads(table)
    found = await pads.read("p")
    assert found is not None
    await pads.set_mark("p", found.head, "live")
    again = await EtherpadPads(table).read("p")
    assert again is not None
    assert (again.snapshot, again.head.chain) == (found.snapshot, found.head.chain)

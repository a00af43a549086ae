"""Tests that nothing is lost where an Etherpad writes on a pad that a fleet has open."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from padfleet.shared.bounds import is_pad_id
from padfleet.shared.cold.errors import WrittenThere
from padfleet.shared.cold.etherpad.both import SettledAs, name_beside, settle
from padfleet.shared.cold.etherpad.pads import EtherpadPads
from padfleet.shared.cold.pads import ColdHead
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.fleet.inventory import pad_ids
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad import document
from padfleet.shared.log.pad.chat import read_chat
from padfleet.shared.log.pad.document import Document
from padfleet.shared.log.pad.meta import PadMeta, read_meta
from padfleet.shared.log.pad.saved import read_saved
from padfleet.shared.log.pad.staging import Staging
from padfleet.shared.log.records import Revision
from padfleet.shared.wire.jsontext import dumps
from tests.unit.cold.etherpad_cases import MemoryTable, Typist, by_an_etherpad, put_raw, records
from tests.unit.etherpad.an_etherpad import check


class Shared:
    """A pad that is in Redis, and in the table."""

    def __init__(self, redis: Redis, keyspace: Keyspace) -> None:
        self.redis, self.keyspace = redis, keyspace
        self.table = MemoryTable()
        self.cold = EtherpadPads(self.table)
        self.typist = Typist()
        self.head: ColdHead | None = None
        self._history: list[Revision] = []

    async def written_behind(self) -> None:
        self._note()
        part = self.typist.part()
        self.head = await self.cold.append("p", self.head, part)

    def _note(self) -> None:
        self._history += self.typist.new

    async def in_redis(self) -> PadMeta:
        """Brings the pad into Redis, including the revisions that have not been written behind, and
        returns its meta record."""
        self._note()
        staging = await Staging.begin(self.redis, self.keyspace, "p", head=self.typist.pad.head)
        await staging.add(self._history)
        chat = self.typist.chat
        if chat:
            await staging.add_chat([(f"{m.number}-1", [b"m", m.to_record()]) for m in chat])
        await staging.install(above_epoch=0, creator="a.maker", read_only_id=None, replace=False)
        return await read_meta(self.redis, self.keyspace.pad("p"))

    async def text(self, pad: str = "p") -> str:
        keys = self.keyspace.pad(pad)
        meta = await read_meta(self.redis, keys)
        found = Document(meta.epoch)
        await document.load(self.redis, keys, meta, found)
        return found.atext.text

    async def names(self) -> list[str]:
        return sorted([pad async for pad in pad_ids(self.redis, self.keyspace)])

    async def goes_on(self) -> None:
        """Asserts that the store accepts what is written behind from now on."""
        meta = await read_meta(self.redis, self.keyspace.pad("p"))
        looked = await self.cold.look("p")
        assert looked is not None
        assert (looked.epoch, looked.head, looked.mark) == (meta.epoch, meta.head, "live")
        found = await self.cold.read("p")
        assert found is not None
        assert found.head.chain == meta.chain
        ours = Typist(found)
        ours.type(2)
        await EtherpadPads(self.table).append("p", looked, ours.part())
        check(await records(self.table))


@pytest.fixture
def shared(redis: Redis, keyspace: Keyspace) -> Shared:
    return Shared(redis, keyspace)


async def test_I5_a_pad_unchanged_here_is_loaded_anew(shared: Shared) -> None:
    shared.typist.type(8)
    shared.typist.say("hi")
    await shared.written_behind()
    before = await shared.in_redis()
    await by_an_etherpad(shared.table, 7)
    there = (await records(shared.table))["pad:p"]
    assert await settle(shared.redis, shared.keyspace, shared.cold, "p") is SettledAs.THEIRS
    after = await read_meta(shared.redis, shared.keyspace.pad("p"))
    assert after.epoch > before.epoch, "whoever is on it is told to reload"
    assert await shared.text() == there["atext"]["text"]
    assert len(await read_chat(shared.redis, shared.keyspace.pad("p"), 0, 9)) == 1
    assert await shared.names() == ["p"]
    await shared.goes_on()


async def test_what_both_have_written_stays(
    shared: Shared, caplog: pytest.LogCaptureFixture
) -> None:
    shared.typist.type(8)
    await shared.written_behind()
    shared.typist.type(3)
    shared.typist.say("ours alone")
    await shared.in_redis()
    ours = await shared.text()
    await by_an_etherpad(shared.table, 7)
    there = (await records(shared.table))["pad:p"]
    with pytest.raises(WrittenThere):
        await shared.cold.append("p", await shared.cold.look("p"), shared.typist.part())
    with caplog.at_level(logging.ERROR):
        assert await settle(shared.redis, shared.keyspace, shared.cold, "p") is SettledAs.BESIDE
    assert await shared.text() == there["atext"]["text"]
    name, pad = await shared.names()
    assert pad == "p" or name == "p"
    beside = name if pad == "p" else pad
    assert await shared.text(beside) == ours
    (said,) = await read_chat(shared.redis, shared.keyspace.pad(beside), 0, 9)
    assert said.text == "ours alone"
    assert await read_chat(shared.redis, shared.keyspace.pad("p"), 0, 9) == []
    assert beside in [record.__dict__.get("kept_as") for record in caplog.records]
    await shared.goes_on()


async def test_what_was_only_said_or_saved_there_is_no_less(shared: Shared) -> None:
    """Nothing has been typed in the Etherpad, but its record must not be taken for the one that
    this fleet has written."""
    shared.typist.type(8)
    await shared.written_behind()
    await shared.in_redis()
    record = (await records(shared.table))["pad:p"]
    record["chatHead"] = 0
    record["savedRevisions"] = [{"revNum": 3, "savedById": "a.x", "id": "i", "timestamp": 5}]
    said = {"text": "there", "authorId": "a.x", "time": 5}
    await put_raw(shared.table, {"pad:p": dumps(record), "pad:p:chat:0": dumps(said)})
    assert await settle(shared.redis, shared.keyspace, shared.cold, "p") is SettledAs.THEIRS
    keys = shared.keyspace.pad("p")
    (message,) = await read_chat(shared.redis, keys, 0, 9)
    assert message.text == "there"
    assert [one.rev for one in await read_saved(shared.redis, keys)] == [3]
    await shared.goes_on()


async def test_a_pad_that_went_on_here_stays_as_it_is_here(shared: Shared) -> None:
    """This is the case after an import, when the same database becomes the cold store."""
    shared.typist.type(8)
    await shared.written_behind()
    shared.typist.type(3)
    before = await shared.in_redis()
    found = await shared.cold.read("p")
    assert found is not None
    assert found.head.epoch != before.epoch
    assert await settle(shared.redis, shared.keyspace, shared.cold, "p") is SettledAs.OURS
    looked = await shared.cold.look("p")
    assert looked is not None
    assert looked.epoch == before.epoch
    part = shared.typist.part()
    state = part.state._replace(pad=part.state.pad._replace(epoch=before.epoch))
    await shared.cold.append("p", looked, part._replace(state=state))
    check(await records(shared.table))


async def test_I7_an_author_who_writes_meanwhile_loses_nothing(
    shared: Shared, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared.typist.type(8)
    await shared.written_behind()
    await shared.in_redis()
    await by_an_etherpad(shared.table, 7)
    calls = 0
    read = shared.cold.read

    async def typed_meanwhile(pad: str) -> object:
        nonlocal calls
        calls += 1
        found = await read(pad)
        if calls == 1:
            keys = shared.keyspace.pad("p")
            # Behind the look at Redis that follows, an edit has come.
            behind(shared, monkeypatch, keys.meta)
        return found

    monkeypatch.setattr(shared.cold, "read", typed_meanwhile)
    outcome = await settle(shared.redis, shared.keyspace, shared.cold, "p")
    assert (outcome, calls) == (SettledAs.BESIDE, 2)
    assert len(await shared.names()) == 2


def behind(shared: Shared, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    begin: Callable[..., object] = Staging.begin

    async def begun(*args: object, **more: object) -> object:
        monkeypatch.setattr(Staging, "begin", begin)
        shared.typist.type(1)
        (revision,) = shared.typist.new
        pipeline = shared.redis.client.pipeline(transaction=True)
        keys = shared.keyspace.pad("p")
        _ = pipeline.xadd(keys.revs, {"r": revision.to_record()}, id=f"{revision.rev}-1")
        _ = pipeline.hset(key, mapping={"head": revision.rev, "chain": revision.chain})
        await pipeline.execute()
        return await begin(*args, **more)  # type: ignore[misc]

    monkeypatch.setattr(Staging, "begin", begun)


@pytest.mark.parametrize("pad", ["p", "x" * 50, "g.0123456789abcdef$" + "y" * 50, "Ä😀" * 25])
def test_names_for_what_is_kept(pad: str) -> None:
    for number in (0, 7, 99):
        name = name_beside(pad, 1_800_000_000, number)
        assert is_pad_id(name)
        assert name.startswith(pad[:20])
        assert "-padfleet-20270115-080000" in name

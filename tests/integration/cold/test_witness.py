"""A store that has gone back to an older copy is noticed by what Redis remembers of cold pads."""

from __future__ import annotations

import copy
import logging
from typing import Any, cast

import pytest

from padfleet.shared.cold.listing import UnreadablePad, Wanted, facts_of, listed
from padfleet.shared.cold.removing import remove_cold
from padfleet.shared.cold.went_back import StoreWentBack
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.damage import CorruptPad
from padfleet.shared.log.fleet import leases
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad import moving
from padfleet.shared.log.pad.meta import read_meta
from padfleet.shared.log.pad.moving import whereabouts
from padfleet.shared.log.pad.reader import is_there, open_reader
from padfleet.shared.log.pad.staging import Staging
from padfleet.shared.log.pad.witness import FIELDS, Witness, witness_key
from tests.cold_memory import MemoryPads
from tests.integration.archive.made_pad import long, written
from tests.integration.cold.scene import LEASE_MS, Scene

HISTORY = written(40)


@pytest.fixture
def scene(redis: Redis, keyspace: Keyspace) -> Scene:
    return Scene(redis, keyspace)


def kept(pads: MemoryPads) -> Any:
    return copy.deepcopy(pads._held)


def put_back(pads: MemoryPads, held: Any) -> None:
    """Makes the store what it was, as from a backup."""
    pads._held = copy.deepcopy(held)


async def witness(scene: Scene, pad: str) -> Witness | None:
    return (await whereabouts(scene.redis, scene.keyspace, scene.keyspace.pad(pad))).witness


async def gone_back(scene: Scene, pad: str = "pad") -> None:
    """Makes a pad that was frozen at revision 39, and of which the store has revision 9."""
    await scene.make(pad, HISTORY[:10])
    assert await scene.freeze(pad) == "ok"
    older = kept(scene.pads)
    await written_on(scene, pad)
    assert await scene.freeze(pad) == "ok"
    put_back(scene.pads, older)
    scene.go()


async def written_on(scene: Scene, pad: str, upto: int = 40) -> None:
    """Goes on with a pad, as a writer does."""
    meta = await read_meta(scene.redis, scene.keyspace.pad(pad))
    keys = scene.keyspace.pad(pad)
    pipeline = scene.redis.client.pipeline(transaction=False)
    for revision in HISTORY[meta.head + 1 : upto]:
        _ = pipeline.xadd(keys.revs, {"r": revision.to_record()}, id=f"{revision.rev}-1")
    last = HISTORY[upto - 1]
    _ = pipeline.hset(keys.meta, mapping={"head": last.rev, "chain": last.chain, "time": last.time})
    await pipeline.execute()


def test_a_witness_is_read_as_it_was_written() -> None:
    for one in (
        Witness.of(1795882000000 << 10, 20, 3, b"chain of sixteen"),
        Witness.of(0, 0, 1, b""),
        Witness.of(1, (1 << 32) - 1, 1 << 40, b"\0\xff\0"),
        Witness.of(1 << 60, 0, 1, b""),
    ):
        assert Witness.from_bytes(one.to_bytes()) == one._replace(chain=one.chain.ljust(3, b"\0"))
        assert not one.accepted
    assert Witness.from_bytes(b"") is None
    assert {witness_key(f"pad-{n}")[0] for n in range(10_000)} == set(range(FIELDS))


async def test_every_frozen_pad_has_a_witness_until_it_is_thawed(scene: Scene) -> None:
    names = [f"pad{n}" for n in range(300)]
    for name in names:
        await scene.make(name, HISTORY[:2])
        assert await witness(scene, name) is None
        assert await scene.freeze(name) == "ok"
    for number, name in enumerate(names):
        head = await scene.pads.look(name)
        assert head is not None
        assert await witness(scene, name) == head.witness()
        if number % 3 == 0:
            assert await scene.thawing.bring(name)
            assert await witness(scene, name) is None
        elif number % 3 == 1:
            assert await remove_cold(scene.redis, scene.keyspace, scene.pads, name)
            assert await witness(scene, name) is None
            assert not await scene.thawing.bring(name), "it is nobody's name again"
    for name in names[2::3]:
        assert await witness(scene, name) is not None
        assert await scene.thawing.bring(name)
    for partition in range(scene.keyspace.partitions):
        assert not await scene.redis.client.exists(scene.keyspace.witnesses(partition))


async def test_I5_an_older_pad_is_shown_to_nobody(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    await gone_back(scene)
    before = kept(scene.pads)
    for _ in range(3):
        with pytest.raises(StoreWentBack, match=r"'pad' left Redis at revision 39.*revision 9"):
            await read_meta(scene.redis, scene.keyspace.pad("pad"))
        with pytest.raises(StoreWentBack):
            await open_reader(scene.redis, scene.keyspace, "pad")
    with pytest.raises(StoreWentBack):
        await scene.thawing.require_not_behind("pad")
    (found,) = [one async for one in listed(scene.redis, scene.keyspace, scene.pads, Wanted("*"))]
    assert isinstance(found, UnreadablePad)
    told = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [record.message for record in told] == ["the cold store has gone back"]
    assert kept(scene.pads) == before, "it is left as it is"


async def test_I5_a_pad_that_the_store_has_lost_is_no_new_pad(scene: Scene) -> None:
    await scene.make("pad", HISTORY)
    assert await scene.freeze("pad") == "ok"
    kept_ones = kept(scene.pads)
    put_back(scene.pads, {})
    scene.go(trusting_s=60)
    for _ in range(2):
        with pytest.raises(StoreWentBack, match="does not have it"):
            await read_meta(scene.redis, scene.keyspace.pad("pad"))
        with pytest.raises(StoreWentBack):
            await open_reader(scene.redis, scene.keyspace, "pad")
        with pytest.raises(StoreWentBack):
            await scene.thawing.has("pad")
    put_back(scene.pads, kept_ones)
    assert (await scene.document("pad")).head == 39, "and once it is there again, all is well"


async def test_a_pad_that_an_etherpad_has_deleted_is_no_loss(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An author could never be erased who had been on such a pad."""

    async def was_removed(_pad: str) -> bool:
        return True

    await scene.make("pad", HISTORY)
    assert await scene.freeze("pad") == "ok"
    put_back(scene.pads, {})
    scene.go()
    with pytest.raises(StoreWentBack):
        await scene.thawing.require_not_behind("pad")
    monkeypatch.setattr(scene.pads, "was_removed_by_others", was_removed)
    await scene.thawing.require_not_behind("pad")
    assert await facts_of(scene.redis, scene.keyspace, scene.pads, "pad") is None
    assert not await scene.thawing.bring("pad")


@pytest.mark.parametrize("call", ["look", "glance", "read"])
async def test_a_pad_that_is_deleted_while_it_is_looked_at_is_no_loss(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    await scene.make("pad", HISTORY)
    assert await scene.freeze("pad") == "ok"
    asked = getattr(scene.pads, call)

    async def just_gone(pad: str) -> Any:
        monkeypatch.setattr(scene.pads, call, asked)
        assert await remove_cold(scene.redis, scene.keyspace, scene.pads, pad)
        return await asked(pad)

    monkeypatch.setattr(scene.pads, call, just_gone)
    if call == "look":
        await scene.thawing.require_not_behind("pad")
    elif call == "glance":
        assert await facts_of(scene.redis, scene.keyspace, scene.pads, "pad") is None
    else:
        assert not await scene.thawing.bring("pad")


async def test_a_pad_from_a_backup_with_an_absurd_epoch_leaves_and_comes_back(
    scene: Scene,
) -> None:
    await scene.lease("pad")
    staging = await Staging.begin(scene.redis, scene.keyspace, "pad", head=9)
    await staging.add(HISTORY[:10])
    await staging.install(above_epoch=1 << 60, creator="", read_only_id=None, replace=False)
    assert await scene.freeze("pad") == "ok"
    assert (await scene.document("pad")).head == 9


async def test_I5_what_an_operator_accepts_comes_back_as_a_loss(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    await gone_back(scene)
    had = await witness(scene, "pad")
    before = await whereabouts(scene.redis, scene.keyspace, scene.keyspace.pad("pad"))
    assert had is not None
    lease = await scene.lease("pad")
    assert await moving.accept(scene.redis, scene.keyspace, "pad")
    renewed = await leases.renew(scene.redis, scene.keyspace, [lease], LEASE_MS)
    assert renewed == {lease.partition: False}, "its writer hears of the new reign"
    assert await witness(scene, "pad") == had._replace(edition=0)
    scene.go()
    meta = await read_meta(scene.redis, scene.keyspace.pad("pad"))
    assert meta.head == 9
    assert meta.reign != before.reign, "nobody goes on who has seen more"
    assert [reign.name[:5] for reign in meta.reigns][-2] == "lost-"
    assert "pad lost in Redis" in caplog.text
    assert await witness(scene, "pad") is None
    assert await scene.freeze("pad") == "ok"
    assert await scene.thawing.bring("pad"), "it is a pad like any other again"
    assert not await moving.accept(scene.redis, scene.keyspace, "pad")


async def test_all_pads_are_accepted_at_once(scene: Scene) -> None:
    for number in range(20):
        await scene.make(f"pad{number}", HISTORY[:10])
    for number in range(19):
        assert await scene.freeze(f"pad{number}") == "ok"
    put_back(scene.pads, {})
    assert await moving.accept_all(scene.redis, scene.keyspace) == 19
    scene.go()
    for number in range(19):
        assert not await scene.thawing.bring(f"pad{number}"), "anybody may make it anew"
    assert (await scene.document("pad19")).head == 9


async def test_I5_what_was_said_beside_the_text_counts_too(scene: Scene) -> None:
    """A copy with the same text, from before the last messages of the chat."""
    await scene.make("pad", HISTORY)
    assert await scene.freeze("pad") == "ok"
    older = kept(scene.pads)
    assert await scene.thawing.bring("pad")
    assert await scene.freeze("pad") == "ok"
    put_back(scene.pads, older)
    scene.go()
    with pytest.raises(StoreWentBack, match="earlier copy"):
        await scene.thawing.bring("pad")


@pytest.mark.parametrize("history", [HISTORY, long()], ids=["short", "long"])
async def test_a_newer_pad_is_served_if_it_goes_on_with_what_there_was(
    scene: Scene, history: Any
) -> None:
    """As after a fail-over that has taken back the newest witness; and not if it is another."""
    await scene.make("pad", history)
    assert await scene.freeze("pad") == "ok"
    had = await witness(scene, "pad")
    assert had is not None
    key, client = witness_key("pad"), scene.redis.client
    witnesses = scene.keyspace.pad("pad").witnesses

    async def swap(now: Witness) -> None:
        records: Any = await client.hget(witnesses, cast("str", key[:1]))
        assert records is not None
        then = await witness(scene, "pad")
        assert then is not None
        await client.hset(
            witnesses, cast("str", key[:1]), records.replace(then.to_bytes(), now.to_bytes())
        )
        scene.go()

    middle = history[len(history) // 3]
    await swap(Witness.of(had.epoch, middle.rev, 1, b"another"))
    with pytest.raises(StoreWentBack):
        await open_reader(scene.redis, scene.keyspace, "pad")
    with pytest.raises(StoreWentBack):
        await scene.thawing.bring("pad")
    await swap(Witness.of(had.epoch - 1, 5000, 1, b"another"))
    assert await open_reader(scene.redis, scene.keyspace, "pad") is not None, "a later pad"
    await swap(Witness.of(had.epoch, middle.rev, 1, middle.chain))
    assert await open_reader(scene.redis, scene.keyspace, "pad") is not None
    assert (await scene.document("pad")).head == history[-1].rev


async def test_without_a_witness_all_is_as_it_was(scene: Scene) -> None:
    """Redis was lost, or a build froze the pad that knew nothing of witnesses."""
    await gone_back(scene)
    await scene.redis.client.delete(scene.keyspace.pad("pad").witnesses)
    assert (await scene.document("pad")).head == 9


async def test_a_writer_that_keeps_no_witnesses_ends_those_of_its_partitions(scene: Scene) -> None:
    """It may thaw a pad, delete it and leave the witness: the next pad of that name is no loss."""
    await scene.make("pad", HISTORY)
    assert await scene.freeze("pad") == "ok"
    state = scene.keyspace.pad("pad").state
    assert await witness(scene, "pad") is not None
    await scene.redis.client.hincrby(state, "term", 1)  # as an earlier build takes a lease
    assert await witness(scene, "pad") is None
    head = await scene.pads.look("pad")
    assert head is not None
    await scene.pads.delete("pad", head)
    assert not await scene.thawing.bring("pad")
    await scene.lease("pad")
    assert await witness(scene, "pad") is None
    assert not await scene.redis.client.exists(scene.keyspace.pad("pad").witnesses)


async def test_witnesses_survive_that_the_lease_changes_hands(scene: Scene) -> None:
    await scene.make("pad", HISTORY)
    assert await scene.freeze("pad") == "ok"
    partition = scene.keyspace.partition_of("pad")
    lease = await scene.lease("pad")
    await leases.release(scene.redis, scene.keyspace, lease, "w")
    assert await leases.acquire(scene.redis, scene.keyspace, partition, "v", LEASE_MS)
    assert await witness(scene, "pad") is not None
    # A restore over another pad of the partition takes the writer's term away.
    other = next(
        name
        for name in map("other{}".format, range(1000))
        if scene.keyspace.partition_of(name) == partition
    )
    for replace in (False, True):
        staging = await Staging.begin(scene.redis, scene.keyspace, other, head=9)
        await staging.add(HISTORY[:10])
        await staging.install(above_epoch=0, creator="", read_only_id=None, replace=replace)
    assert await witness(scene, "pad") is not None


async def test_I5_a_freeze_that_broke_off_marks_no_older_copy(scene: Scene) -> None:
    await scene.make("pad", HISTORY[:10])
    assert await scene.freeze("pad") == "ok"
    older = kept(scene.pads)
    await written_on(scene, "pad")
    found = await scene.write.bring("pad", whole=True)
    assert found is not None
    lease = await scene.lease("pad")
    move = moving.PadMove("freeze", found.cold.epoch, found.cold.edition, lease.reign)
    done = await moving.freeze(
        scene.redis, scene.keyspace, lease, "pad", found.stored, move, found.cold.witness()
    )
    assert done == "ok"
    put_back(scene.pads, older)
    before = kept(scene.pads)
    scene.go()
    await scene.look("pad")
    assert kept(scene.pads) == before
    with pytest.raises(CorruptPad):
        await scene.thawing.bring("pad")
    assert await is_there(scene.redis, scene.keyspace, "pad")

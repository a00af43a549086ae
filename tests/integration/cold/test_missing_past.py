"""What the cold store has lost of an open pad's past is named, and can be given up."""

from __future__ import annotations

import copy

import pytest

from padfleet.shared.deeds.mending import Mended, mend_past
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.damage import CorruptPad
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.history import read_revisions
from padfleet.shared.log.pad.meta import PadMeta, read_meta
from padfleet.shared.log.pad.past import document_at
from padfleet.shared.log.pad.reader import HotReader
from padfleet.shared.log.pad.saved import SavedRevision, read_saved
from padfleet.shared.log.records import Snapshot
from tests.integration.archive.made_pad import CREATOR, written
from tests.integration.cold.scene import Scene

HISTORY = written(40)
PAD = "pad"
BACKED_UP = 9  #: the last revision of the older copy of the store
CAME_BACK = 29  #: the head of the pad when it last came back from the store
HEAD = 39


@pytest.fixture
def scene(redis: Redis, keyspace: Keyspace) -> Scene:
    return Scene(redis, keyspace)


async def meta_of(scene: Scene) -> PadMeta:
    return await read_meta(scene.redis, scene.keyspace.pad(PAD))


async def write_up_to(scene: Scene, head: int, *, snapshot: bool = False) -> None:
    """Goes on with the pad, as a writer does. With `snapshot`, leaves one of its newest text."""
    keys = scene.keyspace.pad(PAD)
    meta = await read_meta(scene.redis, keys)
    last = HISTORY[head]
    pipeline = scene.redis.client.pipeline(transaction=False)
    for revision in HISTORY[meta.head + 1 : head + 1]:
        _ = pipeline.xadd(keys.revs, {"r": revision.to_record()}, id=f"{revision.rev}-1")
    _ = pipeline.hset(keys.meta, mapping={"head": head, "chain": last.chain, "time": last.time})
    await pipeline.execute()
    if snapshot:
        document = await scene.document(PAD)
        pool = [document.pool.get(number) for number in range(len(document.pool))]
        text, attribs = document.atext
        kept = Snapshot(head, meta.epoch, text, attribs, pool, last.time, last.chain, {})
        await scene.redis.client.set(keys.snap, kept.to_bytes())
        await scene.redis.client.hset(keys.meta, "snap", str(head))


async def put_back(scene: Scene, *, to_before_the_pad: bool = False) -> None:
    """Makes a pad whose past is in the store alone, puts the store back to an older state, and goes
    on with the pad."""
    before = copy.deepcopy(scene.pads._held)
    await scene.make(PAD, HISTORY[: BACKED_UP + 1])
    await scene.write.bring(PAD)
    if not to_before_the_pad:
        before = copy.deepcopy(scene.pads._held)
    await write_up_to(scene, CAME_BACK, snapshot=True)
    assert await scene.freeze(PAD) == "ok"
    scene.go()
    await scene.document(PAD)
    scene.pads._held = before
    await write_up_to(scene, HEAD)


async def mend(scene: Scene) -> Mended | None:
    return await mend_past(scene.redis, scene.keyspace, scene.pads, PAD, await meta_of(scene))


async def texts(scene: Scene) -> list[str]:
    """Returns the text of each revision of the pad."""
    reader = HotReader(scene.redis, scene.keyspace.pad(PAD), await meta_of(scene))
    return [
        (await document_at(reader, rev)).atext.text.removesuffix("\n")
        for rev in range(reader.meta.head + 1)
    ]


async def test_a_pad_whose_past_is_gone_says_what_is_missing_and_what_to_do(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    await put_back(scene)
    await scene.look(PAD)
    (said,) = [vars(one) for one in caplog.records if one.msg == "pad not copied to the cold store"]
    assert (said["pad"], said["error"]) == (PAD, "revision 10 is missing")
    assert "padfleet pads mend" in said["fix"]
    assert (await scene.document(PAD)).atext.text.startswith("39\n"), "people can go on"


async def test_what_is_left_of_a_history_becomes_one(scene: Scene) -> None:
    await put_back(scene)
    epoch = (await meta_of(scene)).epoch
    assert await mend(scene) == Mended(10, 29)
    meta = await meta_of(scene)
    assert meta.epoch > epoch, "people are told to reload"
    # 0 to 9 are the store's, 10 is the change from 9 to 29, and then come 30 to 39.
    numbers = [*range(1, 10), *range(29, 40)]
    assert await texts(scene) == ["start\n", *(f"{number}\nstart\n" for number in numbers)]
    bridge, after = await read_revisions(scene.redis, scene.keyspace.pad(PAD), 10, 11)
    assert bridge.time == HISTORY[29].time
    assert (after.author, after.time) == (HISTORY[30].author, HISTORY[30].time)
    # From now on, it is copied and frozen like any other pad.
    assert await scene.freeze(PAD) == "ok"
    scene.go()
    assert len(await texts(scene)) == 21


async def test_a_pad_of_which_the_store_has_nothing_begins_with_what_redis_has(
    scene: Scene,
) -> None:
    await put_back(scene, to_before_the_pad=True)
    assert await mend(scene) == Mended(0, 29)
    assert await texts(scene) == [f"{number}\nstart\n" for number in range(29, 40)]
    assert await scene.freeze(PAD) == "ok"


async def test_saved_revisions_keep_what_they_stand_for(scene: Scene) -> None:
    await put_back(scene)
    keys = scene.keyspace.pad(PAD)
    await scene.redis.client.delete(keys.saved)
    for rev in (2, 15, 29, 35):
        record = SavedRevision(rev, CREATOR, f"of {rev}", 9, f"id{rev}").to_record()
        await scene.redis.client.rpush(keys.saved, record)
    await mend(scene)
    saved = await read_saved(scene.redis, keys)
    assert [(one.label, one.rev) for one in saved] == [("of 2", 2), ("of 29", 10), ("of 35", 16)]
    shown = await texts(scene)
    assert [shown[rev] for rev in (2, 10, 16)] == [f"{n}\nstart\n" for n in (2, 29, 35)]


async def test_a_pad_of_which_nothing_is_missing_is_left_alone(scene: Scene) -> None:
    await scene.make(PAD, HISTORY)
    before = await meta_of(scene)
    assert await mend(scene) is None, "it has never been copied"
    await scene.write.bring(PAD)
    assert await mend(scene) is None
    assert await scene.freeze(PAD) == "ok"
    scene.go()
    await scene.document(PAD)
    assert await mend(scene) is None, "the store has its past"
    assert (await meta_of(scene)).epoch == before.epoch


async def test_without_a_text_nothing_is_mended(scene: Scene) -> None:
    await put_back(scene)
    before = await meta_of(scene)
    await scene.redis.client.delete(scene.keyspace.pad(PAD).snap)
    with pytest.raises(CorruptPad, match="revision 10 is missing, and no later text is stored"):
        await mend(scene)
    assert (await meta_of(scene)).epoch == before.epoch
    assert (await meta_of(scene)).head == HEAD

"""Pads leave Redis whole, and come back whole."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from padfleet.services.tools.verify.walk import verify_pad
from padfleet.services.writer.cold.freezing import PASSED_OVER, Freezing
from padfleet.shared.cold import copying
from padfleet.shared.cold.appends import part_of
from padfleet.shared.cold.errors import StoreAway
from padfleet.shared.cold.pads import ColdHead
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.connection.errors import NotNow
from padfleet.shared.log.damage import CorruptPad
from padfleet.shared.log.fleet.leases import Lease
from padfleet.shared.log.keys import Keyspace, author_pads_key
from padfleet.shared.log.pad import moving
from padfleet.shared.log.pad.chat import read_chat
from padfleet.shared.log.pad.document import Document
from padfleet.shared.log.pad.history import read_revisions
from padfleet.shared.log.pad.meta import read_meta, read_meta_here
from padfleet.shared.log.pad.pads import glance, pad_of_read_only
from padfleet.shared.log.pad.reader import open_reader
from padfleet.shared.log.pad.saved import read_saved
from padfleet.shared.log.people import contributions, presence
from padfleet.shared.log.people.author_records import SYSTEM_AUTHOR
from padfleet.shared.log.records import Snapshot
from tests.cold_memory import MemoryPads, away
from tests.integration.archive.made_pad import long, written
from tests.integration.cold.scene import Scene

HISTORY = written(40)


@pytest.fixture
def scene(redis: Redis, keyspace: Keyspace) -> Scene:
    return Scene(redis, keyspace)


async def everything(scene: Scene, pad: str) -> dict[str, object]:
    """Returns everything that people can see of a pad."""
    keys = scene.keyspace.pad(pad)
    meta = await read_meta(scene.redis, keys)
    stored = await moving.read_stored(scene.redis, keys)
    assert stored is not None
    hidden = (b"cold", b"first", b"snap")
    return {
        "meta": {k: v for k, v in stored.meta.items() if k not in hidden},
        "revisions": await read_revisions(scene.redis, keys, 0, meta.head),
        "text": (await scene.document(pad)).atext,
        "chat": await read_chat(scene.redis, keys, 0, 100),
        "saved": await read_saved(scene.redis, keys),
        "fences": stored.fences,
        "seen": stored.seen,
        "link": await pad_of_read_only(scene.redis, f"r.{pad}"),
    }


async def test_I1_nothing_is_left_of_a_frozen_pad_and_all_of_it_comes_back(scene: Scene) -> None:
    await scene.make("pad", HISTORY)
    await scene.join("pad")
    await scene.leave("pad")
    before = await everything(scene, "pad")
    assert await scene.freeze("pad") == "ok"
    assert await scene.keys_of("pad") == []
    head = await scene.pads.look("pad")
    assert head is not None
    assert head.mark == "frozen"
    scene.go()
    assert await everything(scene, "pad") == before
    live = await scene.pads.look("pad")
    assert live is not None
    assert (live.mark, live.edition) == ("live", head.edition)


async def test_a_pad_leaves_the_list_of_an_author_who_is_not_on_record_and_is_found_by_it(
    scene: Scene,
) -> None:
    # As one may be whose text came with an import.
    await scene.make("pad", written(40, parts_at=20))
    listed = author_pads_key("a.y")
    await contributions.note(scene.redis, ["a.x", "a.y", SYSTEM_AUTHOR], "pad", 1)
    await scene.look("pad")
    await scene.look("pad")
    assert await scene.keys_of("pad") == []
    assert not await scene.redis.client.exists(listed, author_pads_key("a.x"))
    for author in ("a.x", "a.y"):
        assert await contributions.pads_of(scene.redis, scene.keyspace, author) == ["pad"]
    assert [pad async for pad in scene.pads.pads_of_author(SYSTEM_AUTHOR)] == []
    reader = await open_reader(scene.redis, scene.keyspace, "pad")
    assert reader is not None
    assert await reader.author_records(["a.y"]) == {}


async def test_I1_a_long_pad_is_thawed_without_its_past_which_is_read_when_it_is_wanted(
    scene: Scene,
) -> None:
    await scene.make("pad", long())
    before = await everything(scene, "pad")
    assert await scene.freeze("pad") == "ok"
    meta = await read_meta(scene.redis, scene.keyspace.pad("pad"))
    assert meta.first == 2499
    keys = scene.keyspace.pad("pad")
    assert not await scene.redis.client.exists(keys.chunks)
    assert await everything(scene, "pad") == before
    # As a chunk is read that is about to be packed: half of it in the one place, half in the other.
    assert await read_revisions(scene.redis, keys, 2000, 2499) == long()[2000:]
    assert await verify_pad(scene.redis, scene.keyspace, "pad", lambda *_: None) == (2499, [])


async def test_I1_a_pad_is_thawed_from_its_snapshot_on(scene: Scene) -> None:
    """The revisions behind it come with it, and none before."""
    await scene.make("pad", HISTORY)
    keys = scene.keyspace.pad("pad")
    at = Document((await scene.document("pad")).epoch)
    for revision in HISTORY[:31]:
        at.replay(revision)
    pool = [at.pool.get(number) for number in range(len(at.pool))]
    snapshot = Snapshot(30, at.epoch, *at.atext, pool, at.time, at.chain, {})
    await scene.redis.client.set(keys.snap, snapshot.to_bytes())
    await scene.redis.client.hset(keys.meta, "snap", "30")
    whole = await everything(scene, "pad")
    assert await scene.freeze("pad") == "ok"
    assert (await read_meta(scene.redis, keys)).first == 31
    assert await scene.redis.client.xlen(keys.revs) == 9
    assert await everything(scene, "pad") == whole


async def test_who_opens_a_cold_pad_first_is_told_too_that_it_is_damaged(scene: Scene) -> None:
    await scene.make("pad", HISTORY)
    keys = scene.keyspace.pad("pad")
    await scene.redis.client.hset(keys.meta, "damaged", "a revision is missing")
    assert (await glance(scene.redis, keys)).damaged
    assert await scene.freeze("pad") == "ok"
    found = await glance(scene.redis, keys)
    assert (found.exists, found.read_only_id, found.damaged) == (True, "r.pad", True)


async def test_pads_of_which_nothing_is_noted_are_found_by_who_has_their_partition(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("padfleet.services.writer.cold.freezing.PAGE", 2)
    names = [f"pad-{number}" for number in range(9)]
    for name in names:
        await scene.make(name, HISTORY[:2])
    partitions = range(scene.keyspace.partitions)
    await scene.redis.client.delete(*map(scene.keyspace.hot, partitions))
    held = {scene.keyspace.partition_of(name) for name in names[:5]}
    await scene.freezing.find(held)
    found: list[str] = []
    for number in partitions:
        found += await moving.hot_pads(scene.redis, scene.keyspace, number)
    assert sorted(found) == [n for n in names if scene.keyspace.partition_of(n) in held]


async def test_partitions_without_pads_are_not_looked_at(scene: Scene) -> None:
    """An idle writer looked at each of its partitions six times in the time in which the store may
    be behind, which was a third of all commands of an idle fleet."""
    partition = scene.keyspace.partition_of("pad")
    every = [Lease(p, 1, "0", "r") for p in range(scene.keyspace.partitions)]

    async def worth() -> list[int]:
        return [lease.partition for lease in await scene.freezing.worth_a_look(every)]

    assert await worth() == list(range(len(every))), "nothing is known of them yet"
    await scene.look_at_all(every)
    assert await worth() == []
    await scene.make("pad", HISTORY[:2])
    assert await worth() == [partition]
    await scene.look_at_all(every)
    await scene.redis.client.delete(scene.keyspace.hot(partition))
    assert await worth() == [partition], "it has to learn that the last pad has gone"
    await scene.look_at_all(every)
    await scene.redis.client.hset(scene.keyspace.moving(partition), "pad", "freeze 0 w")
    assert await worth() == [partition], "a pad is on its way"
    await scene.redis.client.delete(scene.keyspace.moving(partition))
    assert await worth() == []
    every[partition] = every[partition]._replace(term=2)
    assert await worth() == [partition], "somebody else may have had it in between"


async def test_a_partition_whose_pads_can_all_wait_is_passed_over_a_few_times(
    scene: Scene,
) -> None:
    """The looks between two copies were half as much work as the copies."""
    scene.freezing = Freezing(
        scene.redis, scene.keyspace, scene.thawing, after_ms=600_000, every_ms=30_000
    )
    await scene.make("pad", HISTORY[:2])
    lease = await scene.lease("pad")

    async def passed_over() -> int:
        """Returns how often in a row it is not worth a look."""
        times = 0
        while not await scene.freezing.worth_a_look([lease]):
            times += 1
        return times

    assert await passed_over() == 0, "nothing is known of it yet"
    await scene.look_at_all([lease])
    assert await passed_over() == 0, "it is not known yet how much time passes between two looks"
    await scene.look_at_all([lease])
    for _ in range(2):
        assert await passed_over() == PASSED_OVER, "others may have brought pads meanwhile"
        await scene.look_at_all([lease])
    await scene.redis.client.hset(scene.keyspace.moving(lease.partition), "x", "freeze 0 w")
    assert await passed_over() == PASSED_OVER
    await scene.look_at_all([lease])
    assert await passed_over() == 0, "a pad is on its way"
    await scene.redis.client.delete(scene.keyspace.moving(lease.partition))
    await scene.look_at_all([lease])
    await scene.make("other", HISTORY[:2])
    other = await scene.lease("other")
    scene.pads.away = away()
    with pytest.raises(StoreAway):
        await scene.look_at_all([other])
    lease = other
    assert await passed_over() == 0, "the last look did not come to its end"


class SlowPads(MemoryPads):
    """A store that answers the first question about each pad only once all pads are asked about,
    or, while it is `away`, not at all."""

    def __init__(self, pads: int) -> None:
        super().__init__()
        self.asked: set[str] = set()
        self._everybody = asyncio.Barrier(pads)

    async def look(self, pad: str) -> ColdHead | None:
        if pad not in self.asked:
            self.asked.add(pad)
            if self.away is None:
                async with asyncio.timeout(30):
                    await self._everybody.wait()
        return await super().look(pad)


async def test_a_slow_store_is_waited_for_by_pads_of_several_partitions_at_once(
    redis: Redis,
) -> None:
    """Partitions were looked at one after another: with a store that takes five seconds for each
    answer, and a pad or two in each partition, no pad left Redis within a minute."""
    keyspace, names = Keyspace(8), spread(Keyspace(8), 6)
    scene = Scene(redis, keyspace, SlowPads(len(names)))
    for name in names:
        await scene.make(name, HISTORY[:2])
    held = [await scene.lease(name) for name in names]
    await scene.look_at_all(held)
    for name in names:
        assert await scene.pads.look(name) is not None


async def test_a_store_that_is_away_is_not_asked_for_each_pad(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("padfleet.services.writer.cold.freezing.AT_ONCE", 2)
    keyspace, names = Keyspace(8), spread(Keyspace(8), 8)
    pads = SlowPads(len(names))
    scene = Scene(redis, keyspace, pads)
    for name in names:
        await scene.make(name, HISTORY[:2])
    held = [await scene.lease(name) for name in names]
    pads.away = away()
    with pytest.raises(StoreAway):
        await scene.look_at_all(held)
    assert 1 <= len(pads.asked) <= 2


def spread(keyspace: Keyspace, count: int) -> list[str]:
    """Returns names of pads that are in different partitions."""
    found: dict[int, str] = {}
    for number in range(1000):
        found.setdefault(keyspace.partition_of(f"pad-{number}"), f"pad-{number}")
    return list(found.values())[:count]


async def test_what_changes_is_brought_and_nothing_twice(scene: Scene) -> None:
    await scene.make("pad", HISTORY)
    scene.go(after_ms=10_000_000)
    lease = await scene.lease("pad")
    await scene.look("pad", lease)
    brought = [call for call, _ in scene.pads.calls].count("append")
    await scene.look("pad", lease)
    assert [call for call, _ in scene.pads.calls].count("append") == brought == 1
    keys = scene.keyspace.pad("pad")
    await scene.redis.client.hset(keys.meta, "settings", "{}")
    await scene.look("pad", lease)
    assert [call for call, _ in scene.pads.calls].count("append") == brought + 1
    found = await scene.pads.read("pad")
    assert found is not None
    assert found.state.pad.settings == b"{}"


@pytest.mark.parametrize("anew", [False, True])
async def test_I1_a_pad_that_goes_while_it_is_brought_is_not_damaged(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, anew: bool
) -> None:
    """It was deleted, or Redis was emptied, after its meta was read and before its revisions."""
    await scene.make("pad", HISTORY)
    gone: list[bool] = []

    async def too_late(*args: Any, **options: Any) -> Any:
        if not gone:
            gone.append(True)
            await scene.redis.client.flushall()
            if anew:
                await scene.make("pad", long()[:1])
        return await part_of(*args, **options)

    monkeypatch.setattr("padfleet.shared.cold.copying.part_of", too_late)
    found = await scene.write.bring("pad")
    assert gone
    assert (found is not None) is anew
    if found is not None:
        assert (found.cold.head, found.stored.meta[b"head"]) == (0, b"0")


async def test_I1_a_pad_that_is_damaged_and_still_there_is_told(scene: Scene) -> None:
    await scene.make("pad", HISTORY)
    await scene.redis.client.delete(scene.keyspace.pad("pad").revs)
    with pytest.raises(CorruptPad, match="revision 0 is missing"):
        await scene.write.bring("pad")


@pytest.mark.parametrize(
    ("before", "now", "another"),
    [
        ("epoch=1 head=4 chain=a", "epoch=1 head=4 chain=a", False),
        ("epoch=1 head=4 chain=a", "epoch=1 head=5 chain=b", False),
        ("epoch=1 head=4 chain=a", "epoch=2 head=5 chain=b", True),
        ("epoch=1 head=4 chain=a", "epoch=2 head=-1", True),
        ("epoch=1 head=4 chain=a", "epoch=1 head=3 chain=b", True),
        ("epoch=1 head=4 chain=a", "epoch=1 head=4 chain=b", True),
        ("head=4 chain=a", "head=6 chain=b", False),
    ],
)
def test_whether_a_pad_is_another_than_it_was(before: str, now: str, another: bool) -> None:
    def meta(text: str) -> dict[bytes, bytes]:
        return dict(part.encode().split(b"=") for part in text.split())

    assert copying.is_another(meta(before), meta(now)) is another


async def test_I1_I2_a_pad_leaves_only_if_nobody_is_on_it_at_that_moment(scene: Scene) -> None:
    await scene.make("pad", HISTORY)
    await scene.join("pad")
    assert await scene.freeze("pad") == "people"
    await scene.leave("pad")
    found = await scene.write.bring("pad", whole=True)
    assert found is not None
    await scene.join("pad", "s2")
    await scene.leave("pad", "s2")
    move = moving.PadMove("freeze", found.cold.epoch, found.cold.edition, "r")
    lease = await scene.lease("pad")
    verdict = await moving.freeze(
        scene.redis, scene.keyspace, lease, "pad", found.stored, move, found.cold.witness()
    )
    assert verdict == "changed"
    await scene.redis.client.xadd(scene.keyspace.inbox(lease.partition), {"e": b"..pad.."})
    assert await scene.freeze("pad") == "inbox"
    stale = lease._replace(term=lease.term - 1)
    assert (
        await moving.freeze(
            scene.redis, scene.keyspace, stale, "pad", found.stored, move, found.cold.witness()
        )
        == "lease"
    )


async def test_one_of_many_who_want_a_pad_brings_it(scene: Scene) -> None:
    await scene.make("pad", HISTORY)
    await scene.freeze("pad")
    others = [Scene(scene.redis, scene.keyspace, scene.pads) for _ in range(8)]
    found = await asyncio.gather(*(other.thawing.bring("pad") for other in others))
    assert found == [True] * 8
    assert (await scene.document("pad")).head == HISTORY[-1].rev


async def test_a_name_that_never_existed_costs_one_look_up(scene: Scene) -> None:
    meta = await read_meta(scene.redis, scene.keyspace.pad("nobody"))
    assert not meta.exists
    assert len(scene.pads.calls) == 1


async def test_I5_a_pad_that_got_lost_comes_back_under_another_reign(scene: Scene) -> None:
    await scene.make("pad", HISTORY)
    lease = await scene.lease("pad")
    await scene.look("pad", lease)
    before = await read_meta(scene.redis, scene.keyspace.pad("pad"))
    await scene.redis.client.delete(*await scene.keys_of("pad"))
    after = await read_meta(scene.redis, scene.keyspace.pad("pad"))
    assert (after.head, after.epoch, after.chain) == (before.head, before.epoch, before.chain)
    assert after.reign != before.reign
    floors = {reign.name: reign.floor for reign in after.reigns}
    assert floors[after.reign] == HISTORY[-1].rev


async def test_I5_all_of_redis_is_lost_and_every_pad_comes_back(scene: Scene) -> None:
    for number in range(3):
        await scene.make(f"pad{number}", HISTORY)
        await scene.look(f"pad{number}")
    await scene.freeze("pad0")
    texts = [(await scene.document(f"pad{n}")).atext for n in range(1, 3)]
    await scene.redis.client.flushall()
    scene.go()
    assert [(await scene.document(f"pad{n}")).atext for n in range(1, 3)] == texts
    assert (await scene.document("pad0")).head == HISTORY[-1].rev


async def test_I7_a_freeze_that_broke_off_is_ended_by_the_next_writer(scene: Scene) -> None:
    await scene.make("pad", HISTORY)
    found = await scene.write.bring("pad", whole=True)
    assert found is not None
    lease = await scene.lease("pad")
    move = moving.PadMove("freeze", found.cold.epoch, found.cold.edition, lease.reign)
    assert (
        await moving.freeze(
            scene.redis, scene.keyspace, lease, "pad", found.stored, move, found.cold.witness()
        )
        == "ok"
    )
    scene.go()
    await scene.look("pad")
    head = await scene.pads.look("pad")
    assert head is not None
    assert head.mark == "frozen"
    assert await scene.redis.client.hlen(scene.keyspace.moving(lease.partition)) == 0


async def test_I5_I7_a_pad_on_its_way_is_not_lost(scene: Scene) -> None:
    """This covers a pad that a writer has moved out without reporting it, and a pad that somebody
    has promised to bring back."""
    await scene.make("pad", HISTORY)
    found = await scene.write.bring("pad", whole=True)
    assert found is not None
    lease = await scene.lease("pad")
    move = moving.PadMove("freeze", found.cold.epoch, found.cold.edition, lease.reign)
    await moving.freeze(
        scene.redis, scene.keyspace, lease, "pad", found.stored, move, found.cold.witness()
    )
    after = await read_meta(scene.redis, scene.keyspace.pad("pad"))
    assert after.reign == lease.reign
    assert len(after.reigns) == 1

    await scene.freeze("pad")
    head = await scene.pads.look("pad")
    assert head is not None
    keys = scene.keyspace.pad("pad")
    here = await moving.whereabouts(scene.redis, scene.keyspace, keys)
    thaw = moving.PadMove("thaw", head.epoch, head.edition, here.reign)
    assert await moving.announce_fetching(scene.redis, scene.keyspace, keys, here, thaw)
    await scene.pads.set_mark("pad", head, "live")
    after = await read_meta(scene.redis, keys)
    assert (after.reign, len(after.reigns)) == (lease.reign, 1)


async def test_an_unreachable_store_does_not_affect_hot_pads(scene: Scene) -> None:
    await scene.make("hot", HISTORY)
    await scene.make("cold", HISTORY)
    await scene.freeze("cold")
    scene.pads.away = away()
    assert (await scene.document("hot")).head == HISTORY[-1].rev
    with pytest.raises(StoreAway):
        await scene.document("cold")
    with pytest.raises(StoreAway):
        await scene.look("hot")
    scene.pads.away = None
    assert (await scene.document("cold")).head == HISTORY[-1].rev


async def test_a_server_that_takes_no_writes_says_nothing_of_its_pads(scene: Scene) -> None:
    """They were called damaged, in the log and in the figures."""
    await scene.make("pad", HISTORY)
    await scene.join("pad")
    partition = scene.keyspace.partition_of("pad")
    await scene.redis.client.config_set("min-replicas-to-write", 1)
    try:
        with pytest.raises(NotNow):
            await moving.standings(scene.redis, scene.keyspace, partition, ["pad"])
    finally:
        await scene.redis.client.config_set("min-replicas-to-write", 0)
    (standing,) = await moving.standings(scene.redis, scene.keyspace, partition, ["pad"])
    assert not isinstance(standing, CorruptPad)
    assert standing.people == 1


async def test_what_the_store_has_damaged_is_not_served(scene: Scene) -> None:
    await scene.make("pad", HISTORY)
    await scene.freeze("pad")
    scene.pads.damaged.add("pad")
    with pytest.raises(CorruptPad):
        await read_meta(scene.redis, scene.keyspace.pad("pad"))
    here = await read_meta_here(scene.redis, scene.keyspace.pad("pad"))
    assert not here.exists


async def test_a_deleted_pad_goes_from_the_store_too_and_leaves_nothing(scene: Scene) -> None:
    await scene.make("pad", HISTORY)
    lease = await scene.lease("pad")
    await scene.look("pad", lease)
    keys = scene.keyspace.pad("pad")
    epoch = (await read_meta(scene.redis, keys)).epoch
    await scene.redis.client.delete(keys.meta, *keys.deletable)
    await scene.redis.client.hset(keys.meta, mapping={"head": "-1", "epoch": str(epoch + 1)})
    await scene.look("pad", lease)
    assert await scene.pads.look("pad") is None
    assert [key for key in await scene.keys_of("pad") if "readonly" not in key] == []


async def test_a_freeze_that_a_fail_over_takes_back_is_noticed(scene: Scene) -> None:
    await scene.make("pad", HISTORY)
    await scene.look("pad")
    head = await scene.pads.look("pad")
    assert head is not None
    await scene.pads.set_mark("pad", head, "frozen")  # and Redis has it again
    scene.go(after_ms=10_000_000)
    await scene.look("pad")
    head = await scene.pads.look("pad")
    assert head is not None
    assert head.mark == "live"


async def test_I5_revisions_that_redis_has_lost_go_from_the_store_and_are_told(
    scene: Scene,
) -> None:
    await scene.make("pad", HISTORY)
    await scene.look("pad")
    keys = scene.keyspace.pad("pad")
    last = HISTORY[29]
    await scene.redis.client.xtrim(keys.revs, maxlen=0)
    await scene.redis.client.delete(keys.revs, keys.snap)
    for revision in HISTORY[:30]:
        entry = {"r": revision.to_record()}
        await scene.redis.client.xadd(keys.revs, entry, id=f"{revision.rev}-1")  # type: ignore[arg-type]
    fields = {"head": last.rev, "chain": last.chain, "time": last.time, "snap": -1}
    await scene.redis.client.hset(keys.meta, mapping=fields)  # type: ignore[arg-type]
    await scene.look("pad")
    head = await scene.pads.look("pad")
    assert head is not None
    assert (head.head, head.chain) == (29, last.chain)


@pytest.mark.parametrize("lives", [True, False])
async def test_members_of_a_dead_worker_keep_no_pad_in_redis(scene: Scene, lives: bool) -> None:
    """Nobody else has the pad open, who would take him out of it."""
    await scene.make("pad", HISTORY)
    await scene.join("pad", lives=lives)
    for _ in range(4):
        await scene.look("pad")
    keys = scene.keyspace.pad("pad")
    assert len(await presence.members(scene.redis, keys)) == lives
    assert bool(await scene.keys_of("pad")) == lives

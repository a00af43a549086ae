"""Breaks things while pads that nobody is on lie in a bucket, and come back: processes die, Redis
fails over or loses everything, or the bucket does not do what it should.

People leave their pads, go on typing like a page whose connection is gone, and come back with what
they have typed.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

import psutil
import pytest

from padfleet.shared.cold.opening import open_pads
from padfleet.shared.log.keys import Keyspace
from tests.chaos.bucket import Bucket, HeldCall
from tests.chaos.history import Rollback
from tests.chaos.scene import PARTITIONS, SHORT, Scene
from tests.eventually import eventually_sync
from tests.fleet import Member
from tests.guest import Guest

KEYSPACE: Final = Keyspace(PARTITIONS)

SOON: Final = {"PADFLEET_COLD_AFTER": "1", "PADFLEET_COLD_EVERY": "0.6"}
"""Settings with which pads leave Redis a moment after people have."""

FORGETFUL: Final = {"PADFLEET_PRESENCE_TIMEOUT_MS": "1000"}
"""A worker that has died is forgotten after twenty times this; until then, a pad whose people were
all on it is kept in Redis for them."""

PATIENCE_S: Final = 60.0

SLOW_S: Final = 5.0
"""How many seconds a slow bucket waits before each answer."""


async def beside_a_bucket(scene: Scene) -> None:
    """Starts two writers and two workers, with a bucket for their pads."""
    scene.bucket = scene.resources.enter_context(Bucket())
    environment = scene.resources.enter_context(pytest.MonkeyPatch.context())
    for name, value in scene.bucket.credentials.items():  # for reading the pads at the end
        environment.setenv(name, value)
    scene.fleet.settings.update(scene.bucket.settings)
    await scene.in_thread(scene.fleet.start, writers=2, workers=2)


# --- What happens to pads ------------------------------------------------------------------------


def bucket_of(scene: Scene) -> Bucket:
    assert scene.bucket is not None, "it was started without"
    return scene.bucket


def in_redis(scene: Scene, pad: str) -> bool:
    """Returns whether the pad, or a trace of it, is in Redis."""
    keys = KEYSPACE.pad(pad)
    client = scene.group.primary_for(keys.meta).client()
    moving = KEYSPACE.moving(keys.partition)
    return bool(client.exists(keys.meta)) or bool(client.hexists(moving, pad))


def cold(scene: Scene) -> bool:
    return not any(in_redis(scene, pad) for pad in scene.pads)


async def until(scene: Scene, true: Callable[[], bool], what: str) -> None:
    await scene.in_thread(eventually_sync, true, what, timeout=PATIENCE_S)


def standing(scene: Scene, pad: str) -> str:
    """Returns what keeps the pad in Redis, as text for a person."""
    keys = KEYSPACE.pad(pad)
    client = scene.group.primary_for(keys.meta).client()
    head, edited, noted = client.hmget(keys.meta, ["head", "time", "cold"])
    waiting = client.xlen(KEYSPACE.inbox(keys.partition))
    return (
        f"{pad}: head {head!r}, edited at {edited!r}, members {client.hgetall(keys.members)}, "
        f"held at {client.zscore(KEYSPACE.hot(keys.partition), pad)}, "
        f"trace {client.hget(KEYSPACE.moving(keys.partition), pad)!r}, inbox {waiting} long, "
        f"{'brought' if noted else 'never brought'} to the store; it is {time.time():.0f}"
    )


def all_have_left(scene: Scene) -> bool:
    """Returns True when all pads have left. Until then it raises AssertionError, which says how
    they stand."""
    here = [pad for pad in scene.pads if in_redis(scene, pad)]
    assert not here, [standing(scene, pad) for pad in here]
    return True


async def everybody_leaves(scene: Scene) -> None:
    scene.typists.leave()
    await until(scene, lambda: all_have_left(scene), "all pads have left Redis")


async def everybody_comes_back(scene: Scene) -> None:
    scene.typists.come_back()
    await scene.typed()


@asynccontextmanager
async def stopped_at(scene: Scene, method: str, number: int) -> AsyncIterator[HeldCall]:
    """Lets people leave, and stops one of the calls that follow. There may be no such call, once
    all pads are cold."""
    with bucket_of(scene).holding(method, number) as held:
        scene.typists.leave()
        await until(scene, lambda: held.here.is_set() or cold(scene), "a call, or none is left")
        yield held


def caller(scene: Scene, held: HeldCall) -> Member:
    """Returns the process that made the call."""
    for member in (*scene.fleet.writers, *scene.fleet.workers):
        ends = psutil.Process(member.process.pid).net_connections("tcp")
        if any(end.laddr.port == held.port for end in ends):
            return member
    raise AssertionError(f"nobody calls from port {held.port}")


async def kept_heads(scene: Scene) -> dict[str, int]:
    """Returns up to which revision the store has each pad."""
    pads = open_pads(bucket_of(scene).url)
    try:
        found = {pad: await pads.look(pad) for pad in scene.pads}
    finally:
        await pads.aclose()
    return {pad: head.head if head is not None else -1 for pad, head in found.items()}


def steps(scene: Scene) -> range:
    """Returns the numbers of the calls at which a process is stopped: appending what is due and
    marking it, reading it back, index and parts, for one pad after the other."""
    return range(1, 6, 2) if scene.size is SHORT else range(1, 15)


# --- Processes -----------------------------------------------------------------------------------


async def pads_go_cold_and_come_back(scene: Scene) -> None:
    for _ in range(2):
        await everybody_leaves(scene)
        await everybody_comes_back(scene)
    scene.mended()


async def writer_killed_at_each_step_of_a_freeze(scene: Scene) -> None:
    """Kills a writer at each step. The call that it was making is done or not done, in turns."""
    for number in steps(scene):
        async with stopped_at(scene, "", number) as held:
            victim = caller(scene, held) if held.here.is_set() else None
            if victim is not None:
                victim.kill()
            held.release(done=number % 4 == 1)
        await everybody_comes_back(scene)
        if victim is not None:
            await scene.in_thread(scene.fleet.restart, victim)
    scene.mended()


async def worker_killed_at_each_step_of_a_thaw(scene: Scene) -> None:
    for number in steps(scene):
        await everybody_leaves(scene)
        with bucket_of(scene).holding("", number) as held:
            scene.typists.come_back()
            await _here_or(scene, held, all, "a call, or all are back")
            victim = caller(scene, held) if held.here.is_set() else None
            if victim is not None:
                victim.kill()
            held.release(done=number % 4 == 1)
        await scene.typed()
        if victim is not None:
            await scene.in_thread(scene.fleet.restart, victim)
    scene.mended()


async def _here_or(
    scene: Scene, held: HeldCall | None, enough: Callable[[Iterable[bool]], bool], what: str
) -> None:
    """Waits until the call is here, or enough people are back: `any` of them, or `all`."""

    def true() -> bool:
        if held is not None and held.here.is_set():
            return True
        return enough(typist.connected for typist in scene.typists.typists)

    await until(scene, true, what)


async def _has_all_partitions(scene: Scene, writer: Member) -> None:
    await until(
        scene,
        lambda: writer.metric("padfleet_writer_partitions") == PARTITIONS,
        f"{writer.name} has all partitions",
    )


async def writer_wakes_in_the_middle_of_a_freeze(scene: Scene) -> None:
    """Freezes a writer until its leases belong to another one and people are back on their pads and
    write. Then it continues where it was."""
    for number in steps(scene):
        async with stopped_at(scene, "PUT", number) as held:
            if not held.here.is_set():
                break
            sleeper = caller(scene, held)
            others = [writer for writer in scene.fleet.writers if writer is not sleeper]
            sleeper.freeze()
            held.release(done=True)
        await _has_all_partitions(scene, others[0])
        await everybody_comes_back(scene)
        sleeper.thaw()
        await scene.typed()
    scene.mended()


async def people_join_in_the_middle_of_a_freeze(scene: Scene) -> None:
    for number in steps(scene):
        async with stopped_at(scene, "PUT", number) as held:
            scene.typists.come_back()
            await _here_or(scene, None, any, "somebody is back")
            held.release(done=True)
        await scene.typed()
    scene.mended()


STEPPED: Final = (
    writer_killed_at_each_step_of_a_freeze,
    worker_killed_at_each_step_of_a_thaw,
    writer_wakes_in_the_middle_of_a_freeze,
    people_join_in_the_middle_of_a_freeze,
)
"""Those in which people leave and come back once for each of the `steps`."""


# --- Redis ---------------------------------------------------------------------------------------


async def _cut(scene: Scene) -> None:
    """Cuts off all replicas, which get nothing that Redis is told from now on."""
    primaries = {id(p): p for p in map(scene.group.primary_for, map(scene.key_of, scene.pads))}
    for primary in primaries.values():
        await scene.in_thread(scene.group.cut_replication, primary)


async def _fail_over(scene: Scene) -> None:
    victim = scene.group.primary_for(scene.key_of(scene.pads[0]))
    scene.breaks()
    scene.promotion = await scene.in_thread(scene.group.fail_over, victim)
    scene.mended_at = scene.promotion.at


async def failover_takes_back_a_freeze(scene: Scene) -> None:
    async with stopped_at(scene, "PUT", 1) as held:
        await _cut(scene)
        held.release(done=True)
    await until(scene, lambda: all_have_left(scene), "all pads have left Redis")
    await _fail_over(scene)
    assert await scene.in_thread(in_redis, scene, scene.pads[0]), "the replica had not got it"
    await everybody_comes_back(scene)


async def failover_takes_back_a_thaw(scene: Scene) -> None:
    """Takes back a pad that had been there: whatever the store does not have is lost, and
    reported."""
    await everybody_leaves(scene)
    await _cut(scene)
    await everybody_comes_back(scene)
    scene.rollback = Rollback(min((await kept_heads(scene)).values()))
    await _fail_over(scene)
    await scene.typed()
    scene.checks.append(lambda: _lost_is_told(scene))


async def failover_takes_back_commits_after_a_thaw(scene: Scene) -> None:
    """Takes back commits that the store may have. Redis counts, since people see its content."""
    await everybody_leaves(scene)
    await everybody_comes_back(scene)
    scene.rollback = Rollback(min(scene.typists.furthest(pad) for pad in scene.pads))
    await _cut(scene)
    await scene.typed()
    await _fail_over(scene)
    await scene.typed()


async def all_of_redis_is_lost(scene: Scene) -> None:
    """Empties Redis while people are on their pads, and once more while they are not."""
    await scene.typed()
    scene.rollback = Rollback(min((await kept_heads(scene)).values()))
    scene.breaks()
    began = time.monotonic()
    scene.group.primary_for(scene.key_of(scene.pads[0])).client().flushall()
    await scene.typed()
    scene.notes["seconds until all pads went on"] = time.monotonic() - began
    await everybody_leaves(scene)
    scene.group.primary_for(scene.key_of(scene.pads[0])).client().flushall()
    await everybody_comes_back(scene)
    scene.mended()
    scene.checks.append(lambda: _lost_is_told(scene))


def _lost_is_told(scene: Scene) -> None:
    """Checks that a process that found out has logged how much is missing, and from which pad."""
    members = [*scene.fleet.writers, *scene.fleet.workers]
    assert sum(member.metric("padfleet_cold_lost_pads_total") for member in members) > 0
    told = [line for member in members for line in member.log.read_text().splitlines()]
    assert any("pad lost in Redis" in line and "at_most_s_missing" in line for line in told)


# --- The bucket ----------------------------------------------------------------------------------


async def bucket_away(scene: Scene) -> None:
    """Takes the bucket away: people who want a cold pad have to come again, people on a pad go on,
    and nothing is frozen."""
    bucket = bucket_of(scene)
    await everybody_leaves(scene)
    bucket.away = True
    scene.typists.come_back()
    await until(scene, lambda: _asked_in_vain(scene), "people have asked for their pads")
    assert not any(typist.connected for typist in scene.typists.typists)
    bucket.mend()
    await scene.typed()
    await _nothing_is_frozen_while(scene, lambda: setattr(bucket, "away", True))


async def bucket_slow(scene: Scene) -> None:
    bucket = bucket_of(scene)
    bucket.slow_s = 0.5 if scene.size is SHORT else SLOW_S
    await scene.typed()
    await everybody_leaves(scene)
    await everybody_comes_back(scene)
    bucket.mend()
    scene.mended()


async def bucket_full(scene: Scene) -> None:
    await _nothing_is_frozen_while(scene, lambda: setattr(bucket_of(scene), "full", True))


async def bucket_refuses_conditional_puts(scene: Scene) -> None:
    await _nothing_is_frozen_while(scene, lambda: setattr(bucket_of(scene), "refusing", True))


async def bucket_returns_old_objects(scene: Scene) -> None:
    """Returns what each object was before its last change. Nobody may go on from that (I5): people
    on a pad go on from what Redis has, and people who want a cold pad have to come again."""
    bucket = bucket_of(scene)
    bucket.old = True
    await scene.typed()
    bucket.mend()
    async with _nothing_of_cold_pads_is_changed(scene):
        bucket.old = True
        scene.typists.come_back()
        await until(scene, lambda: _asked_in_vain(scene), "people have asked for their pads")
        assert not any(typist.connected for typist in scene.typists.typists)
    await scene.typed()
    scene.mended()


async def bucket_returns_damaged_objects(scene: Scene) -> None:
    """Returns every object with a wrong byte. People on a pad go on, and whoever wants a cold pad
    is told that it is damaged, until the bucket returns what it was given."""
    bucket = bucket_of(scene)
    bucket.damaged = True
    await scene.typed()
    bucket.mend()
    async with _nothing_of_cold_pads_is_changed(scene):
        bucket.damaged = True
        for pad in scene.pads:
            async with Guest(scene.fleet.urls[0]) as guest:
                await guest.ready(pad)
                said = partial(_is_told, guest, "corruptPad")
                await guest.hears(said, "it is told that the pad is damaged")
    await everybody_comes_back(scene)
    scene.mended()


def _is_told(guest: Guest, why: str) -> bool:
    return any(message.get("disconnect") == why for message in guest.messages)


@asynccontextmanager
async def _nothing_of_cold_pads_is_changed(scene: Scene) -> AsyncIterator[None]:
    """Lets people leave, and checks that what the bucket has of their pads is the same before and
    after the context. Then it mends the bucket."""
    bucket = bucket_of(scene)
    await everybody_leaves(scene)
    await until(scene, lambda: not _moving(scene), "the bucket has noted that they left")
    before = bucket.versions("chaos-")
    assert before
    yield
    assert bucket.versions("chaos-") == before
    bucket.mend()


def _moving(scene: Scene) -> bool:
    """Returns whether any pad is on its way between Redis and the bucket."""
    return any(
        scene.group.primary_for(scene.key_of(pad))
        .client()
        .hlen(KEYSPACE.moving(KEYSPACE.partition_of(pad)))
        for pad in scene.pads
    )


async def _nothing_is_frozen_while(scene: Scene, broken: Callable[[], None]) -> None:
    """Lets people write, leave and come back, and checks that their pads stayed where they were."""
    await scene.typed()
    broken()
    await scene.typed()
    scene.typists.leave()
    behind = "padfleet_cold_behind_seconds"
    await until(
        scene,
        lambda: max(writer.metric(behind) for writer in scene.fleet.writers) > 2,
        "the store is behind, and that is seen",
    )
    assert all(in_redis(scene, pad) for pad in scene.pads)
    await everybody_comes_back(scene)
    bucket_of(scene).mend()
    scene.mended()
    await everybody_leaves(scene)
    await everybody_comes_back(scene)


def _asked_in_vain(scene: Scene) -> bool:
    name = "padfleet_cold_store_errors_total"
    return sum(worker.metric(name) for worker in scene.fleet.workers) > 0

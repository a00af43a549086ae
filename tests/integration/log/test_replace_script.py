"""Tests replace.lua: another history takes the pad's place in one step, or not at all (I5)."""

from __future__ import annotations

import pytest

from padfleet.shared.log.births import new_birth
from padfleet.shared.log.connection import scripts
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.fleet import leases
from padfleet.shared.log.fleet.leases import Lease
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.meta import PadMeta, read_meta
from padfleet.shared.log.pad.staging import (
    InstalledHistory,
    PadExists,
    ServerMoved,
    Staging,
    WrittenOn,
)
from padfleet.shared.log.records import Revision
from tests.integration.archive.made_pad import written
from tests.integration.log.test_commit_script import commit

PAD = "pad"


@pytest.fixture(scope="module")
def history() -> list[Revision]:
    return written(4)


@pytest.fixture
async def lease(redis: Redis, keyspace: Keyspace) -> Lease:
    taken = await leases.acquire(redis, keyspace, keyspace.partition_of(PAD), "me", 10_000)
    assert taken is not None
    return taken


async def staged(redis: Redis, keyspace: Keyspace, history: list[Revision]) -> Staging:
    staging = await Staging.begin(redis, keyspace, PAD, head=len(history) - 1)
    await staging.add(history)
    return staging


async def install(staging: Staging, *, replace: bool = False, above: int = 0) -> InstalledHistory:
    return await staging.install(
        above_epoch=above, creator="a.x", read_only_id=None, replace=replace
    )


async def test_I5_its_epoch_is_above_all_that_were(
    redis: Redis, keyspace: Keyspace, history: list[Revision]
) -> None:
    """This holds even where no pad was, since clients of a lost server may come with what they
    have."""
    before = new_birth() - 1
    first = await install(await staged(redis, keyspace, history))
    assert first.epoch > before
    assert not first.replaced
    far = first.epoch * 2
    later = await staged(redis, keyspace, history)
    assert await install(later, replace=True, above=far) == InstalledHistory(far + 1, replaced=True)
    again = await staged(redis, keyspace, history)
    assert await install(again, replace=True) == InstalledHistory(far + 2, replaced=True)
    assert (await read_meta(redis, keyspace.pad(PAD))).epoch == far + 2


async def test_I5_the_same_history_brought_twice_is_two_pads(
    redis: Redis, keyspace: Keyspace, history: list[Revision]
) -> None:
    """Redis was emptied in between: what was typed on the first has been lost."""
    first = await install(await staged(redis, keyspace, history), above=3)
    await redis.client.flushall()
    assert (await install(await staged(redis, keyspace, history), above=3)).epoch > first.epoch


async def test_I5_a_writer_from_before_can_do_nothing(
    redis: Redis, keyspace: Keyspace, lease: Lease, history: list[Revision]
) -> None:
    """Its pad in memory has the head and the chain that are stored."""
    await install(await staged(redis, keyspace, history))
    await install(await staged(redis, keyspace, history), replace=True)
    keys, chain = keyspace.pad(PAD), history[-1].chain
    head = len(history) - 1
    refused = await commit(redis, keyspace, lease, head=head, count=1, to="5-0", chain=chain)
    assert refused[0] == b"term"
    args: list[scripts.Argument] = [lease.term, lease.position, "5-0", keys.channel, 1, lease.reign]
    refused = await scripts.DELETE(redis.client, [keys.state, keys.meta, *keys.deletable], args)
    assert refused[0] == b"term"
    renewed = await leases.renew(redis, keyspace, [lease], 10_000)
    assert renewed == {lease.partition: False}
    # It has the partition again at once, though nobody has let go of it.
    again = await leases.acquire(redis, keyspace, lease.partition, "me", 10_000)
    assert again is not None
    taken = await commit(redis, keyspace, again, head=head, count=1, to="5-0", chain=chain)
    assert taken == [b"ok"]


@pytest.mark.parametrize("left", [None, "revs", "snap"])
async def test_nobody_waits_for_a_pad_that_comes_where_there_was_none(
    left: str | None, redis: Redis, keyspace: Keyspace, lease: Lease, history: list[Revision]
) -> None:
    """A copy took the lease of the partition with it, and its neighbours stood still for it. Where
    something is left of an older pad, a writer may have that in memory."""
    keys = keyspace.pad(PAD)
    if left == "revs":
        await redis.client.xadd(keys.revs, {"r": "old"})
    elif left == "snap":
        await redis.client.set(keys.snap, "old")
    await install(await staged(redis, keyspace, history))
    verdict = await commit(redis, keyspace, lease, head=-1, count=1, to="5-0")
    assert verdict[0] == (b"head" if left is None else b"term"), "what it knew is out of date"
    renewed = await leases.renew(redis, keyspace, [lease], 10_000)
    assert renewed == {lease.partition: left is None}


async def over(staging: Staging, meta: PadMeta) -> InstalledHistory:
    return await staging.install(
        above_epoch=0, creator="a.x", read_only_id=None, replace=True, only_over=meta
    )


async def test_I1_it_replaces_the_pad_that_was_read_and_no_newer_one(
    redis: Redis, keyspace: Keyspace, lease: Lease, history: list[Revision]
) -> None:
    keys = keyspace.pad(PAD)
    await install(await staged(redis, keyspace, history))
    await redis.client.xadd(keys.chat, {"m": "said"})
    seen = await read_meta(redis, keys)
    shorter = await staged(redis, keyspace, history[:2])
    again = await leases.acquire(redis, keyspace, lease.partition, "me", 10_000)
    head, chain = len(history) - 1, history[-1].chain
    taken = await commit(redis, keyspace, again or lease, head=head, count=1, to="5-0", chain=chain)
    assert taken == [b"ok"]
    with pytest.raises(WrittenOn, match="written on it meanwhile"):
        await over(shorter, seen)
    assert (await read_meta(redis, keys)).head == head + 1
    now = await read_meta(redis, keys)
    await over(await staged(redis, keyspace, history[:2]), now)
    assert (await read_meta(redis, keys)).head == 1
    assert await redis.client.xlen(keys.chat) == 1, "what was said stays"
    with pytest.raises(WrittenOn, match="another pad in its place"):
        await over(await staged(redis, keyspace, history[:2]), now)


async def test_a_pad_that_exists_stays(
    redis: Redis, keyspace: Keyspace, lease: Lease, history: list[Revision]
) -> None:
    staging = await staged(redis, keyspace, history)
    await commit(redis, keyspace, lease, head=-1, count=1, to="5-0")
    with pytest.raises(PadExists):
        await install(staging)
    assert (await read_meta(redis, keyspace.pad(PAD))).head == 0


async def test_a_part_of_what_was_brought_does_not_pass_for_the_whole(
    redis: Redis, keyspace: Keyspace, history: list[Revision]
) -> None:
    staging = await staged(redis, keyspace, history)
    (revs,) = [key async for key in redis.client.scan_iter(match="pf:*:staging:*:revs")]
    assert 0 < await redis.client.ttl(revs) <= 3600
    await redis.client.xdel(revs, "2-1")
    with pytest.raises(ServerMoved):
        await install(staging)
    assert not (await read_meta(redis, keyspace.pad(PAD))).exists


async def test_after_a_fail_over_what_was_brought_is_not_trusted(
    redis: Redis, keyspace: Keyspace, history: list[Revision], monkeypatch: pytest.MonkeyPatch
) -> None:
    staging = await staged(redis, keyspace, history)
    monkeypatch.setattr(staging, "_reign", "0123456789ab0123456789ab")
    with pytest.raises(ServerMoved):
        await install(staging)


async def test_what_is_dropped_is_gone(
    redis: Redis, keyspace: Keyspace, history: list[Revision]
) -> None:
    staging = await staged(redis, keyspace, history)
    await staging.drop()
    assert [key async for key in redis.client.scan_iter(match="pf:*:staging:*")] == []

"""Tests the steps in which a pad leaves Redis and comes back. Each step is carried out if
everything is still as it was seen, and is otherwise refused without any effect."""

from __future__ import annotations

import pytest

from padfleet.shared.cold.pads import ColdPad
from padfleet.shared.cold.thaw_steps import thawed
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace, PadKeys
from padfleet.shared.log.pad import moving
from padfleet.shared.log.pad.bringing import Bringing
from padfleet.shared.log.pad.moving import PadMove
from tests.integration.archive.made_pad import written
from tests.integration.cold.scene import Scene

HISTORY = written(5)
ELSEWHERE = "0123456789ab0123456789ab"  #: the reign of another server


@pytest.fixture
def scene(redis: Redis, keyspace: Keyspace) -> Scene:
    return Scene(redis, keyspace)


async def begins_a_reign(scene: Scene, keys: PadKeys) -> None:
    """Begins another reign, as if the partition had been on another server meanwhile."""
    await scene.redis.client.hset(keys.state, mapping={"reign": ELSEWHERE})


@pytest.mark.parametrize(
    "verdict",
    [
        *("ok", "another reign", "another term", "changed", "joined", "people", "inbox"),
        *("said", "saved", "fenced", "set"),
    ],
)
async def test_I1_I2_a_pad_leaves_only_as_it_was_seen(scene: Scene, verdict: str) -> None:
    await scene.make("pad", HISTORY)
    if verdict == "people":
        await scene.join("pad")
    found = await scene.write.bring("pad", whole=True)
    assert found is not None
    keys, client = scene.keyspace.pad("pad"), scene.redis.client
    lease = await scene.lease("pad")
    refusal = verdict
    match verdict:
        case "another reign":
            await begins_a_reign(scene, keys)
            refusal = "lease"
        case "another term":
            lease = lease._replace(term=lease.term - 1)
            refusal = "lease"
        case "changed":
            await client.hset(keys.meta, "chain", "another")
        case "said":
            await client.xadd(keys.chat, {"m": b"a word"}, id="9-1")
            refusal = "changed"
        case "saved":
            await client.rpush(keys.saved, b"a revision")
            refusal = "changed"
        case "fenced":
            await client.hset(keys.fences, "a.y", "3")
            refusal = "changed"
        case "set":
            await client.hset(keys.meta, "settings", "{}")
            refusal = "changed"
        case "joined":
            # Who comes is counted, and who has gone again as well: the page may know of him.
            await scene.join("pad")
            await scene.leave("pad")
            refusal = "changed"
        case "inbox":
            await client.xadd(scene.keyspace.inbox(lease.partition), {"e": b"..pad.."})
    move = PadMove("freeze", found.cold.epoch, found.cold.edition, lease.reign)
    before = await scene.keys_of("pad")
    done = await moving.freeze(
        scene.redis, scene.keyspace, lease, "pad", found.stored, move, found.cold.witness()
    )
    assert done == refusal
    moves = await moving.moves(scene.redis, scene.keyspace, lease.partition)
    if verdict == "ok":
        assert await scene.keys_of("pad") == ["pf:readonly:r.pad"], "which goes after it"
        assert moves == {"pad": move.to_text()}
    else:
        assert await scene.keys_of("pad") == before
        assert moves == {}


async def frozen(scene: Scene, pad: str) -> ColdPad:
    await scene.make(pad, HISTORY)
    await scene.join(pad)
    await scene.leave(pad)
    assert await scene.freeze(pad) == "ok"
    found = await scene.pads.read(pad)
    assert found is not None
    return found


@pytest.mark.parametrize("verdict", ["ok", "reign", "here", "moved", "staged", "damaged"])
async def test_I1_I5_a_pad_is_installed_only_where_it_is_expected(
    scene: Scene, verdict: str
) -> None:
    found = await frozen(scene, "pad")
    keys, client = scene.keyspace.pad("pad"), scene.redis.client
    here = await moving.whereabouts(scene.redis, scene.keyspace, keys)
    move = PadMove("thaw", found.head.epoch, found.head.edition, here.reign)
    assert await moving.announce_fetching(scene.redis, scene.keyspace, keys, here, move)
    bringing = Bringing(scene.redis, scene.keyspace, keys)
    await bringing.revisions(*found.revisions)
    await bringing.chat(found.chat)
    # Who came just as it was frozen has been counted, and will be told that it is there.
    await client.hset(keys.meta, mapping={"sessions": "2"})
    match verdict:
        case "reign":
            await begins_a_reign(scene, keys)
        case "here":
            await client.hset(keys.meta, mapping={"head": "0", "epoch": "9"})
        case "moved":
            later = move._replace(edition=move.edition + 1).to_text()
            await client.hset(scene.keyspace.moving(keys.partition), "pad", later)
        case "staged":
            await client.delete(bringing._chat)
        case "damaged":
            await client.xadd(keys.revs, {"r": b"newer than the store"}, id="0-1")
    before = await client.hgetall(keys.meta)
    assert await bringing.install(thawed(found), move) == verdict
    if verdict == "ok":
        assert (await scene.document("pad")).head == HISTORY[-1].rev
        sessions = await client.hget(keys.meta, "sessions")
        assert int(sessions or 0) == found.state.sessions + 2 == 3
    else:
        assert await client.hgetall(keys.meta) == before
        assert not await client.exists(keys.chat, keys.saved, keys.snap)


@pytest.mark.parametrize("wrong", ["reign", "here", "moved"])
async def test_I5_nobody_announces_a_pad_that_has_changed_since_it_was_read(
    scene: Scene, wrong: str
) -> None:
    found = await frozen(scene, "pad")
    keys, client = scene.keyspace.pad("pad"), scene.redis.client
    here = await moving.whereabouts(scene.redis, scene.keyspace, keys)
    move = PadMove("thaw", found.head.epoch, found.head.edition, here.reign)
    match wrong:
        case "reign":
            await begins_a_reign(scene, keys)
        case "here":
            await client.hset(keys.meta, mapping={"head": "0", "epoch": "9"})
        case "moved":
            of_another = move._replace(at=1).to_text()
            await client.hset(scene.keyspace.moving(keys.partition), "pad", of_another)
    before = await moving.moves(scene.redis, scene.keyspace, keys.partition)
    assert not await moving.announce_fetching(scene.redis, scene.keyspace, keys, here, move)
    assert await moving.moves(scene.redis, scene.keyspace, keys.partition) == before

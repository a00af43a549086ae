"""Pads in Redis and in the cold store are listed, and those that nobody has used for long go."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from padfleet.services.writer.cleanup.retention import Retention
from padfleet.shared.client import connect
from padfleet.shared.cold.catalogue import all_pads
from padfleet.shared.cold.layout.pads import ObjectPads
from padfleet.shared.cold.stores.files import FileStore
from padfleet.shared.log.connection.connect import open_redis
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.settings.ages import problem_with_prune
from tests.cold_memory import MemoryPads
from tests.cold_parts import Written
from tests.eventually import eventually
from tests.fleet import Fleet, fleet_of_its_own
from tests.tools import Ended, padfleet

DAY = 86400.0


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("retention")
    with fleet_of_its_own(folder, {"PADFLEET_PARTITIONS": "4"}, writers=1, workers=1) as running:
        yield running


@pytest.fixture
async def cold(tmp_path: Path) -> AsyncIterator[ObjectPads]:
    pads = ObjectPads(FileStore.at(tmp_path / "cold"))
    yield pads
    await pads.aclose()


async def froze(cold: ObjectPads, pad: str, days_ago: float, **more: object) -> None:
    """Makes a pad that was put into the cold store this many days ago, and whose last edit was in
    2023."""
    written = Written(pad)
    written.type(30)
    then = time.time() - days_ago * DAY
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(time, "time", lambda: then)
        part = written.part(0, snapshot=29, authors=["a.one", "a.two"], **more)  # type: ignore[arg-type]
        await cold.append(pad, None, part, "frozen")


async def run(fleet: Fleet, tmp_path: Path, *words: object) -> Ended:
    url = f"file://{tmp_path / 'cold'}"
    return await padfleet(fleet.redis_url, *words, PADFLEET_COLD_URL=url)


def rows(ended: Ended) -> list[dict[str, object]]:
    assert ended.code == 0, ended
    return [json.loads(line) for line in ended.out.splitlines()]


async def test_pads_are_listed_wherever_they_are(
    fleet: Fleet, cold: ObjectPads, tmp_path: Path
) -> None:
    for pad in ("listed-cold", "listed-both", "listed-old"):
        await froze(cold, pad, 400 if pad == "listed-old" else 3)
    for pad in ("listed-hot", "listed-both"):
        async with connect(f"{fleet.urls[0]}/p/{pad}") as open_pad:
            await open_pad.append("hello\n")
    here = ("--json", "--match", "listed-*")
    found = {row["pad"]: row for row in rows(await run(fleet, tmp_path, "pads", "list", *here))}
    assert {pad: row["place"] for pad, row in found.items()} == {
        "listed-hot": "hot",
        "listed-both": "hot",
        "listed-cold": "cold",
        "listed-old": "cold",
    }
    assert (found["listed-cold"]["head"], found["listed-cold"]["authors"]) == (29, 2)
    assert str(found["listed-cold"]["edited"]).startswith("2023-")
    for flags, wanted in [
        (["--cold"], {"listed-cold", "listed-old"}),
        (["--hot"], {"listed-hot", "listed-both"}),
        (["--open"], set()),
        (["--unused", "365d"], {"listed-old"}),
        (["--unused", "1d"], {"listed-old", "listed-cold"}),
    ]:
        ended = await run(fleet, tmp_path, "pads", "list", *here, *flags)
        assert {row["pad"] for row in rows(ended)} == wanted
    shown = await run(fleet, tmp_path, "pads", "show", "listed-cold")
    assert "in the cold store" in shown.out
    ended = await run(fleet, tmp_path, "pads", "delete", "listed-cold")
    assert (ended.code, "listed-cold: deleted" in ended.out) == (0, True)
    assert await cold.look("listed-cold") is None


async def test_what_nobody_has_used_goes_and_can_be_brought_back(
    fleet: Fleet, cold: ObjectPads, tmp_path: Path
) -> None:
    await froze(cold, "prune-old", 400, messages=range(3))
    await froze(cold, "prune-new", 30)
    await froze(cold, "prune-live", 400)
    live = await cold.look("prune-live")
    assert live is not None
    await cold.set_mark("prune-live", live, "live")
    prune = ("prune", "--unused", "365d", "--match", "prune-*", "--json")
    ended = await run(fleet, tmp_path, *prune, "--dry-run", "--export", tmp_path / "kept")
    assert {row["pad"] for row in rows(ended)} == {"prune-old", "prune-live"}
    assert not (tmp_path / "kept").exists()
    assert await cold.look("prune-old") is not None
    found = rows(await run(fleet, tmp_path, *prune, "--export", tmp_path / "kept"))
    assert {row["pad"]: row["verdict"] for row in found} == {
        "prune-old": "deleted",
        "prune-live": "used meanwhile",
    }
    assert await cold.look("prune-old") is None
    assert await cold.look("prune-new") is not None
    assert [pad async for pad in cold.pads_of_author("a.one")] == ["prune-live", "prune-new"]
    assert (await padfleet(fleet.redis_url, "verify", tmp_path / "kept")).code in (0, 1)
    kept = next((tmp_path / "kept").glob("prune-old*"))
    # Its text was made up, so only what is read of the file is looked at here.
    ended = await padfleet(fleet.redis_url, "restore", kept)
    assert "damaged" not in ended.err


async def test_without_a_cold_store_it_is_the_last_edit_that_counts(
    fleet: Fleet, tmp_path: Path
) -> None:
    async with connect(f"{fleet.urls[0]}/p/young") as open_pad:
        await open_pad.append("hello\n")
    kept = ("prune", "--unused", "1h", "--match", "young")
    ended = await padfleet(fleet.redis_url, *kept)
    assert (ended.code, ended.out) == (0, "")
    assert "nothing has been unused for so long" in ended.err
    redis = open_redis(fleet.redis_url)
    try:
        await redis.client.hset(Keyspace(4).pad("young").meta, "time", "1600000000000")
    finally:
        await redis.close()
    ended = await padfleet(fleet.redis_url, *kept, "--export", tmp_path / "kept")
    assert (ended.code, ended.out.split()[:2]) == (0, ["deleted", "2020-09-13T12:26:40Z"]), ended
    ended = await padfleet(fleet.redis_url, "pads", "show", "young")
    assert ended.code == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--unused", "0d"], "every pad"),
        (["--unused", "a year"], "not an age such as 365d"),
        ([], "--unused"),
    ],
)
async def test_what_could_delete_too_much_is_refused(
    fleet: Fleet, words: list[str], said: str
) -> None:
    ended = await padfleet(fleet.redis_url, "prune", *words)
    assert (ended.code, said in ended.err) == (2, True)


async def test_each_pad_is_listed_once_also_if_it_moves_meanwhile(
    fleet: Fleet, cold: ObjectPads
) -> None:
    keyspace = Keyspace(4)
    pads = MemoryPads()
    for number in range(3):
        written = Written(f"moves-{number}")
        written.type(1)
        await pads.append(written.pad, None, written.part(0), "frozen")
    redis = open_redis(fleet.redis_url)
    try:
        listing = all_pads(redis, keyspace, pads, "moves-*")
        # One of them comes into Redis while those that are there already have been gone through.
        await redis.client.hset(keyspace.pad("moves-1").meta, mapping={"head": "0", "epoch": "1"})
        found = {where.pad: where.hot async for where in listing}
        assert found == {"moves-0": False, "moves-1": True, "moves-2": False}
    finally:
        await redis.client.delete(keyspace.pad("moves-1").meta)
        await redis.close()


async def test_no_process_starts_with_a_store_that_is_none(fleet: Fleet, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("important")
    for kind in ("writer", "fanout"):
        ended = await padfleet(
            fleet.redis_url, kind, PADFLEET_COLD_URL=f"file://{tmp_path}", PADFLEET_PARTITIONS="4"
        )
        assert ended.code != 0
        assert "PADFLEET_COLD_URL" in ended.err


async def test_a_writer_does_it_by_itself_if_it_is_told_to(
    fleet: Fleet, cold: ObjectPads, caplog: pytest.LogCaptureFixture
) -> None:
    await froze(cold, "by-itself-old", 400)
    await froze(cold, "by-itself-new", 1)
    redis = open_redis(fleet.redis_url)
    mine = False
    retention = Retention(
        redis, Keyspace(4), cold, unused_s=365 * DAY, every_s=0, is_mine=lambda: mine
    )
    try:
        task = asyncio.create_task(retention.run())
        await asyncio.sleep(0)
        assert await cold.look("by-itself-old") is not None, "another writer's turn"
        mine = True
        with caplog.at_level("INFO"):

            def pruned() -> list[str]:
                records = [one for one in caplog.records if one.message == "pad pruned"]
                return [record.__dict__["pad"] for record in records]

            assert await eventually(pruned, "it has gone") == ["by-itself-old"]
        task.cancel()
        assert await cold.look("by-itself-old") is None
        assert await cold.look("by-itself-new") is not None
    finally:
        await redis.close()


@pytest.mark.parametrize(
    ("text", "said"), [("0d", "every pad"), ("soon", "not an age"), ("365d", None), ("", None)]
)
def test_its_age_is_looked_at_before_it_deletes_anything(text: str, said: str | None) -> None:
    found = problem_with_prune(text)
    assert (found is None) if said is None else (found is not None and said in found)

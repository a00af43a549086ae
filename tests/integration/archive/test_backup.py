"""Tests backups of a running fleet, and what can be restored from them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from padfleet.services.tools.up.server import EmbeddedServer
from padfleet.shared.archive.reading import check_archive
from padfleet.shared.client import Disconnected, Pad, connect, new_token
from padfleet.shared.log.connection.connect import open_redis
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.meta import read_meta
from tests.eventually import eventually
from tests.fleet import Fleet
from tests.tools import padfleet

SETTINGS = {"PADFLEET_PARTITIONS": "4", "PADFLEET_SNAPSHOT_EVERY": "20"}


@pytest.fixture
def fleet(redis_url: str, tmp_path: Path) -> Iterator[Fleet]:
    with Fleet(redis_url, tmp_path, SETTINGS) as running:
        yield running.start(writers=1, workers=2)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[EmbeddedServer]:
    """Starts another, empty Redis."""
    with EmbeddedServer(tmp_path / "elsewhere", extra_args=("--appendfsync", "no")) as server:
        yield server


async def type_until(stop: asyncio.Event, pad: Pad, word: str) -> None:
    number = 0
    while not stop.is_set():
        number += 1
        await pad.append(f"<{word}{number}>\n")


async def epoch_of(redis_url: str, pad: str) -> int:
    redis = open_redis(redis_url)
    try:
        return (await read_meta(redis, Keyspace(4).pad(pad))).epoch
    finally:
        await redis.close()


async def told_to_reload(pad: Pad) -> None:
    with pytest.raises(Disconnected) as told:
        await asyncio.wait_for(pad.until(lambda: False), 20)
    assert told.value.reason == "rejected"


async def test_a_pad_that_is_written_on_comes_back_elsewhere(
    fleet: Fleet, redis_url: str, elsewhere: EmbeddedServer, tmp_path: Path
) -> None:
    one, two = fleet.urls
    file, token = tmp_path / "pads", new_token()
    stop = asyncio.Event()
    async with (
        connect(f"{one}/p/busy", name="Ada", color="#112233", token=token) as ada,
        connect(f"{two}/p/busy", name="Bob") as bob,
        connect(f"{two}/p/quiet") as quiet,
    ):
        await quiet.append("quiet\n")
        typing = [
            asyncio.create_task(type_until(stop, ada, "a")),
            asyncio.create_task(type_until(stop, bob, "b")),
        ]
        await asyncio.wait_for(ada.until(lambda: ada.rev > 60), 20)
        ended = await padfleet(redis_url, "backup", "--to", file, "--tokens")
        assert ended.code == 0, ended.err
        assert "2 pads backed up, 0 unchanged, 0 failed" in ended.err
        (busy,) = (head for head in check_archive(file) if head.pad == "busy")
        await asyncio.wait_for(ada.until(lambda: ada.rev > busy.head), 20)
        stop.set()
        await asyncio.gather(*typing)
        await asyncio.wait_for(bob.until(lambda: bob.rev == ada.rev), 20)
        written, reading, author = bob.text, ada.read_only_id, ada.author_id
    assert busy.head >= 60

    ended = await padfleet(redis_url, "verify", "--all", "--backup", file)
    assert ended.code == 0, ended.out
    assert f"busy: the backup is its revisions 0 to {busy.head} of {ada.rev}" in ended.out
    assert f"busy: right up to revision {ada.rev}" in ended.out

    ended = await padfleet(elsewhere.url, "restore", file, PADFLEET_PARTITIONS="4")
    assert ended.code == 0, ended.err
    (tmp_path / "second").mkdir()
    with Fleet(elsewhere.url, tmp_path / "second", SETTINGS) as second:
        second.start(writers=1, workers=1)
        async with connect(f"{second.urls[0]}/p/{reading}") as reader:
            assert (reader.rev, reader.read_only) == (busy.head, True)
            # The text ends with what was typed last before the backup.
            assert all(line in written for line in reader.text.splitlines())
            assert {"Ada", "Bob"} <= set(reader.names.values())
        async with connect(f"{second.urls[0]}/p/busy", token=token) as again:
            assert again.author_id == author, "the token was in the backup"
            assert again.read_only_id == reading
            await again.append("on\n")
        async with connect(f"{second.urls[0]}/p/quiet") as quiet:
            assert "quiet\n" in quiet.text
        ended = await padfleet(elsewhere.url, "verify", "--backup", file)
        assert ended.code == 0, ended.out
        assert f"its revisions 0 to {busy.head} of {busy.head + 1}" in ended.out


async def test_I5_whoever_is_on_a_pad_that_is_replaced_is_told_to_reload(
    fleet: Fleet, redis_url: str, tmp_path: Path
) -> None:
    one, two = fleet.urls
    file = tmp_path / "pads"
    async with connect(f"{one}/p/pad") as first, connect(f"{two}/p/pad", resume=False) as second:
        for number in range(5):
            await first.append(f"{number}\n")
        ended = await padfleet(redis_url, "backup", "--pad", "pad", "--to", file)
        assert ended.code == 0, ended.err
        text, rev = first.text, first.rev
        await first.append("lost\n")
        await asyncio.wait_for(second.until(lambda: second.rev == rev + 1), 20)

        ended = await padfleet(redis_url, "restore", file)
        assert ended.code == 2
        assert "there is already 'pad'; --replace" in ended.err
        await first.append("still here\n")

        ended = await padfleet(redis_url, "restore", file, "--replace")
        assert ended.code == 0, ended.err
        assert f"pad: replaced, at revision {rev}, epoch 1" in ended.err
        await asyncio.gather(told_to_reload(first), told_to_reload(second))
    async with connect(f"{one}/p/pad") as again, connect(f"{two}/p/pad") as other:
        assert (again.text, again.rev) == (text, rev)
        await again.append("after\n")
        await asyncio.wait_for(other.until(lambda: "after" in other.text), 20)
    ended = await padfleet(redis_url, "verify")
    assert ended.code == 0, ended.out
    ended = await padfleet(redis_url, "verify", "--backup", file)
    assert f"pad: the backup is its revisions 0 to {rev} of {rev + 1}" in ended.out


async def test_I5_a_writer_that_has_the_same_head_in_memory_does_not_fork_it(
    fleet: Fleet, redis_url: str, tmp_path: Path
) -> None:
    """Head and chain are the same before and after, only the epoch is not: what the writer
    remembers would be taken, and reach nobody."""
    file, token = tmp_path / "pads", new_token()
    url = f"{fleet.urls[0]}/p/pad"
    async with connect(url, token=token) as pad:
        for number in range(5):
            await pad.append(f"{number}\n")
        epochs = [await epoch_of(redis_url, "pad")]
        for number in range(1, 4):
            ended = await padfleet(redis_url, "backup", "--to", file)
            assert ended.code == 0, ended.err
            ended = await padfleet(redis_url, "restore", file, "--replace")
            epochs.append(await epoch_of(redis_url, "pad"))
            assert f"epoch {epochs[-1]}" in ended.err
            async with connect(url, token=token) as again, connect(url) as other:
                await asyncio.wait_for(again.append(f"epoch {number}\n"), 20)
                await asyncio.wait_for(other.until(lambda: other.rev == again.rev), 20)
                assert again.rev == 5 + number
    assert epochs == sorted(set(epochs))
    ended = await padfleet(redis_url, "verify")
    assert ended.code == 0, ended.out


async def test_I5_who_comes_back_to_a_pad_that_was_replaced_meanwhile_reloads(
    fleet: Fleet, redis_url: str, tmp_path: Path
) -> None:
    """The client has a revision number that the pad has too, but of another history."""
    file = tmp_path / "pads"
    worker, other = fleet.workers
    async with connect(f"{worker.url}/p/pad") as pad:
        await pad.append("common\n")
        await padfleet(redis_url, "backup", "--to", file)
        await pad.append("only here\n")
        worker.freeze()
        ended = await padfleet(redis_url, "restore", file, "--replace")
        assert ended.code == 0, ended.err
        async with connect(f"{other.url}/p/pad") as somebody:
            for number in range(5):
                await somebody.append(f"other {number}\n")
        worker.kill()
        fleet.restart(worker)
        await told_to_reload(pad)


async def test_a_folder_gets_what_has_changed(
    fleet: Fleet, redis_url: str, elsewhere: EmbeddedServer, tmp_path: Path
) -> None:
    folder = tmp_path / "pads"
    folder.mkdir()
    names = ["one", "two", "Ünï/çode", "x" * 50]
    for name in names:
        async with connect(f"{fleet.urls[0]}/p/{name.replace('/', '%2F')}") as pad:
            await pad.append("hi\n")
    ended = await padfleet(redis_url, "backup", "--to", folder)
    assert "4 pads backed up, 0 unchanged, 0 failed" in ended.err
    async with connect(f"{fleet.urls[0]}/p/two") as pad:
        await pad.append("more\n")
    ended = await padfleet(redis_url, "backup", "--to", folder)
    assert "1 pads backed up, 3 unchanged, 0 failed" in ended.err
    files = sorted(folder.iterdir())
    assert sorted(head.pad for file in files for head in check_archive(file)) == sorted(names)
    for file in files:
        ended = await padfleet(elsewhere.url, "restore", file, PADFLEET_PARTITIONS="4")
        assert ended.code == 0, ended.err
    ended = await padfleet(elsewhere.url, "verify")
    assert ended.out.endswith("4 right, 0 wrong\n"), ended.out


async def test_a_folder_comes_back_as_far_as_it_is_whole(
    fleet: Fleet, redis_url: str, elsewhere: EmbeddedServer, tmp_path: Path
) -> None:
    """The nightly backup, the look at it, and the way back, with one file damaged on the way."""
    folder = tmp_path / "new" / "pads"
    for name in ("broken", "one", "two"):
        async with connect(f"{fleet.urls[0]}/p/{name}") as pad:
            await pad.append("hi\n")
    ended = await padfleet(redis_url, "backup", "--to", f"{folder}/")
    assert (ended.code, len(list(folder.iterdir()))) == (0, 3), ended.err
    ended = await padfleet(redis_url, "verify", folder)
    assert ended.out.endswith("6 right, 0 wrong\n"), ended.out

    broken = next(path for path in folder.iterdir() if path.name.startswith("broken"))
    whole = broken.read_bytes()
    broken.write_bytes(whole[:-1])
    ended = await padfleet(redis_url, "verify", "--backup", folder)
    assert (ended.code, ended.out.count("whole")) == (1, 2), ended.out
    ended = await padfleet(elsewhere.url, "restore", folder, PADFLEET_PARTITIONS="4")
    assert ended.code == 1
    assert str(broken) in ended.err
    assert "2 pads restored, 0 here already, 1 files failed" in ended.err

    broken.write_bytes(whole)
    ended = await padfleet(elsewhere.url, "restore", folder)
    assert (ended.code, ended.err.count("restored, at")) == (0, 1), ended.err
    assert "1 pads restored, 2 here already, 0 files failed" in ended.err


async def test_a_folder_replaces_no_other_history_unasked(
    fleet: Fleet, redis_url: str, tmp_path: Path
) -> None:
    async with connect(f"{fleet.urls[0]}/p/one") as pad, connect(f"{fleet.urls[0]}/p/two"):
        await padfleet(redis_url, "backup", "--to", tmp_path)
        await pad.append("since\n")
    ended = await padfleet(redis_url, "restore", tmp_path)
    assert ended.code == 1
    assert "already 'one' with another history" in ended.err
    assert "0 pads restored, 1 here already, 1 files failed" in ended.err
    ended = await padfleet(redis_url, "restore", tmp_path, "--replace")
    assert (ended.code, ended.err.count("replaced, at")) == (0, 1), ended.err


async def test_a_folder_without_backups(fleet: Fleet, redis_url: str, tmp_path: Path) -> None:
    assert fleet.urls
    for command in ("verify", "restore"):
        ended = await padfleet(redis_url, command, tmp_path / "none")
        assert ended.code != 0
        (tmp_path / "empty").mkdir(exist_ok=True)
        ended = await padfleet(redis_url, command, tmp_path / "empty")
        assert ended.code != 0
        assert "there is no backup in" in ended.out + ended.err


async def test_a_copy_under_another_name(fleet: Fleet, redis_url: str, tmp_path: Path) -> None:
    file = tmp_path / "pads"
    async with connect(f"{fleet.urls[0]}/p/pad", name="Ada") as pad:
        await pad.append("hi\n")
        await padfleet(redis_url, "backup", "--to", file)
        ended = await padfleet(redis_url, "restore", file, "--as", "r.copy")
        assert ended.code == 2
        ended = await padfleet(redis_url, "restore", file, "--pad", "pad", "--as", "copy")
        assert ended.code == 0, ended.err
        async with connect(f"{fleet.urls[1]}/p/copy") as copy:
            assert copy.text == pad.text
            assert copy.read_only_id != pad.read_only_id
            await copy.append("of its own\n")
        await pad.append("of its own too\n")
        assert "of its own\n" not in pad.text


async def test_a_damaged_file_changes_nothing(fleet: Fleet, redis_url: str, tmp_path: Path) -> None:
    file = tmp_path / "pads"
    async with connect(f"{fleet.urls[0]}/p/pad") as pad:
        await pad.append("hi\n")
        await padfleet(redis_url, "backup", "--to", file)
        data = file.read_bytes()
        file.write_bytes(data[:-1])
        ended = await padfleet(redis_url, "restore", file, "--replace")
        assert ended.code == 2
        assert "damaged or cut off" in ended.err
        ended = await padfleet(redis_url, "verify", "--backup", file)
        assert (ended.code, "damaged or cut off" in ended.out) == (1, True)
        await pad.append("still here\n")


async def test_what_cannot_be_done_is_reported(
    redis_url: str, fleet: Fleet, elsewhere: EmbeddedServer, tmp_path: Path
) -> None:
    file = tmp_path / "pads"
    ended = await padfleet(elsewhere.url, "backup", "--to", file)
    assert (ended.code, "holds no fleet" in ended.err) == (2, True)
    ended = await padfleet(redis_url, "backup", "--pad", "nobody", "--to", file)
    assert (ended.code, "nobody: there is no such pad" in ended.err) == (1, True)
    ended = await padfleet(redis_url, "backup", "--to", tmp_path / "nowhere" / "pads")
    assert (ended.code, "nowhere" in ended.err) == (1, True)
    ended = await padfleet("redis://user:secret@127.0.0.1:1", "backup", "--to", file)
    assert (ended.code, "secret" in ended.err) == (1, False)
    ended = await padfleet(redis_url, "backup", "--to", "-")
    assert (ended.code, "cannot go to standard output" in ended.err) == (2, True)


async def test_a_restored_pad_does_not_expire_as_what_was_staged_does(
    redis_url: str, fleet: Fleet, tmp_path: Path
) -> None:
    file = tmp_path / "pads"
    async with connect(f"{fleet.urls[0]}/p/pad") as pad:
        await pad.append("hi\n")
    await padfleet(redis_url, "backup", "--to", file)
    ended = await padfleet(redis_url, "restore", file, "--as", "copy")
    assert ended.code == 0
    redis = open_redis(redis_url)

    async def nothing_staged() -> bool:
        return not [key async for key in redis.client.scan_iter(match="pf:*:staging:*")]

    try:
        await eventually(nothing_staged, "no staged keys")
        keys = Keyspace(4).pad("copy")
        for key in (keys.revs, keys.snap, keys.meta):
            assert await redis.client.ttl(key) == -1, "the pad itself would expire"
    finally:
        await redis.close()

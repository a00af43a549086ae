"""Tests what `padfleet verify` finds in a stored pad that has chunks, a snapshot and a stream."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, cast

import pytest

from padfleet.services.tools.restore.put import Restorer
from padfleet.services.tools.verify.walk import verify_pad
from padfleet.shared.archive.entries import Entry
from padfleet.shared.archive.reading import read_archive
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import CONFIG, Keyspace, PadKeys
from padfleet.shared.log.pad.chunks import decode_chunk, encode_chunk
from padfleet.shared.log.pad.document import Document, load
from padfleet.shared.log.pad.history import read_snapshot
from padfleet.shared.log.pad.meta import read_meta
from padfleet.shared.log.people import authors
from padfleet.shared.log.people.author_records import Author
from padfleet.shared.log.records import Revision
from tests.integration.archive import made_pad
from tests.stored import Stored
from tests.tools import padfleet

COUNT = 4500
HEAD = COUNT - 1
FIRST = 2000  # what is before is in chunks

STORED = Stored()
"""The restored pad."""


@cache
def revisions() -> list[Revision]:
    return made_pad.written(COUNT)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The backup that the pad is restored from."""
    path = tmp_path_factory.mktemp("archive") / "file"
    made_pad.write_file(path, "pad", revisions(), epoch=6)
    return path


async def restore(redis: Redis, keyspace: Keyspace, path: Path, *, replace: bool = False) -> None:
    await redis.client.hset(CONFIG, "partitions", str(keyspace.partitions))
    restorer = Restorer(
        redis,
        keyspace,
        only=None,
        new_id=None,
        replace=replace,
        restored=lambda *_: None,
        progress=lambda *_: None,
    )
    with path.open("rb") as file:
        await restorer.take(read_archive(file))


@pytest.fixture
async def keys(redis: Redis, keyspace: Keyspace, file: Path) -> PadKeys:
    await STORED.put(redis, lambda: restore(redis, keyspace, file))
    return keyspace.pad("pad")


async def faults(redis: Redis, keyspace: Keyspace) -> list[tuple[int, int, str]]:
    found = await verify_pad(redis, keyspace, "pad", lambda *_: None)
    assert found is not None
    return [(fault.first, fault.last, fault.what) for fault in found[1]]


async def test_a_long_pad_is_restored_as_a_writer_would_keep_it(
    redis: Redis, keyspace: Keyspace, keys: PadKeys, redis_url: str, tmp_path: Path, file: Path
) -> None:
    assert await faults(redis, keyspace) == []
    meta = await read_meta(redis, keys)
    assert (meta.head, meta.first, meta.snap) == (HEAD, FIRST, HEAD)
    assert meta.epoch > 7, "what is restored begins a history that none has had"
    assert meta.creator == made_pad.CREATOR
    assert await redis.client.hlen(keys.chunks) == FIRST // 1000
    assert await redis.client.xlen(keys.revs) == COUNT - FIRST
    document = Document()
    await load(redis, keys, meta, document)
    assert document.atext.text == f"{HEAD}\nstart\n\n"
    known = await authors.read(redis, ["a.x", made_pad.CREATOR])
    assert known["a.x"] == Author("a.x", "Ada", "#112233")

    # And its backup is what it was restored from, down to the order of everything.
    ended = await padfleet(redis_url, "backup", "--to", tmp_path / "again")
    assert ended.code == 0, ended.err

    def read(path: Path) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {}
        with path.open("rb") as file:
            entry: Entry
            for entry in read_archive(file):
                found.setdefault(type(entry).__name__, []).extend(entry[-1:])
        return found

    once, again = read(file), read(tmp_path / "again")
    for kind in ("ArchivedChat", "ArchivedSaved", "Authors"):
        assert again[kind] == once[kind], kind
    assert [*chain(*again["Revisions"])] == [*chain(*once["Revisions"])]


async def drop_chunk(redis: Redis, keys: PadKeys) -> None:
    await redis.client.hdel(keys.chunks, "1")


async def cut_stream(redis: Redis, keys: PadKeys) -> None:
    await redis.client.xdel(keys.revs, "3000-1", "3001-1")


async def spoil_chunk(redis: Redis, keys: PadKeys) -> None:
    blob = bytearray(cast("bytes", await redis.client.hget(keys.chunks, "0")))
    blob[len(blob) // 2] ^= 1
    await redis.client.hset(keys.chunks, "0", bytes(blob))


async def change_chunk(redis: Redis, keys: PadKeys) -> None:
    packed = decode_chunk(1, await redis.client.hget(keys.chunks, "1") or b"")  # type: ignore[arg-type]
    packed[5] = packed[5]._replace(wire=packed[5].wire.replace(b"1005", b"1OO5"))
    await redis.client.hset(keys.chunks, "1", encode_chunk(packed))


async def differ_in_both(redis: Redis, keys: PadKeys) -> None:
    """Makes a chunk differ from the stream, as if it had been made from another history."""
    packed = [r._replace(author="a.else") for r in revisions()[2000:3000]]
    await redis.client.hset(keys.chunks, "2", encode_chunk(packed))


async def other_head(redis: Redis, keys: PadKeys) -> None:
    await redis.client.hset(keys.meta, "head", str(HEAD - 1))


async def other_chain(redis: Redis, keys: PadKeys) -> None:
    await redis.client.hset(keys.meta, "chain", b"x" * 16)


async def no_snapshot(redis: Redis, keys: PadKeys) -> None:
    await redis.client.delete(keys.snap)


async def other_snapshot(redis: Redis, keys: PadKeys) -> None:
    snapshot = await read_snapshot(redis, keys)
    assert snapshot is not None
    spoilt = snapshot.to_bytes().replace(b"start", b"stars")
    await redis.client.set(keys.snap, spoilt)


async def half_a_snapshot(redis: Redis, keys: PadKeys) -> None:
    whole = await redis.client.get(keys.snap) or b""
    await redis.client.set(keys.snap, whole[: len(whole) // 2])


async def read_only_id_of_nobody(redis: Redis, keys: PadKeys) -> None:
    await redis.client.delete("pf:readonly:r.made")


@pytest.mark.parametrize(
    ("harm", "expected"),
    [
        (drop_chunk, [(1000, 1999, "missing")]),
        (cut_stream, [(3000, 3001, "missing")]),
        (spoil_chunk, [(0, 999, "their chunk cannot be read"), (0, 999, "missing")]),
        (change_chunk, [(1005, 1005, "its chain does not follow")]),
        (differ_in_both, [(2000, 2999, "the stream and its chunk hold different ones")]),
        (
            other_head,
            [
                (-1, -1, "the snapshot"),
                (HEAD, HEAD, "behind the head that the meta names"),
                (HEAD - 1, HEAD - 1, "the meta names another chain"),
                (HEAD - 1, HEAD - 1, "the meta names another time"),
            ],
        ),
        (other_chain, [(HEAD, HEAD, "the meta names another chain")]),
        (no_snapshot, [(-1, -1, "the snapshot cannot be read: there is none")]),
        (other_snapshot, [(HEAD, HEAD, "the snapshot's text is not what")]),
        (half_a_snapshot, [(-1, -1, "the snapshot cannot be read")]),
        (read_only_id_of_nobody, [(-1, -1, "its read-only id leads nowhere")]),
    ],
)
async def test_harm_is_found(
    harm: Callable[[Redis, PadKeys], Awaitable[None]],
    expected: list[tuple[int, int, str]],
    redis: Redis,
    keyspace: Keyspace,
    keys: PadKeys,
    redis_url: str,
) -> None:
    await harm(redis, keys)
    found = await faults(redis, keyspace)
    assert [(first, last) for first, last, _ in found] == [e[:2] for e in expected], found
    for (_, _, what), (_, _, begins) in zip(found, expected, strict=True):
        assert what.startswith(begins)


async def test_the_command_tells_pad_and_revisions(
    redis: Redis, keys: PadKeys, redis_url: str
) -> None:
    assert (await padfleet(redis_url, "verify", "--pad", "pad")).code == 0
    await cut_stream(redis, keys)
    ended = await padfleet(redis_url, "verify", "--all")
    assert (ended.code, ended.out) == (1, "pad: revision 3000 to 3001: missing\n0 right, 1 wrong\n")


async def test_a_pad_with_a_hole_is_not_backed_up(
    redis: Redis, keys: PadKeys, redis_url: str, tmp_path: Path
) -> None:
    await cut_stream(redis, keys)
    ended = await padfleet(redis_url, "backup", "--to", tmp_path / "holed")
    assert ended.code == 1
    assert "pad 'pad': revision 3000 is missing" in ended.err
    ended = await padfleet(redis_url, "restore", tmp_path / "holed")
    assert ended.code == 0, "the file is whole, and holds no pads"


async def test_a_backup_of_another_history_is_told_apart(
    redis: Redis, keyspace: Keyspace, keys: PadKeys, redis_url: str, tmp_path: Path, file: Path
) -> None:
    other = tmp_path / "other"
    made_pad.write_file(tmp_path / "short", "pad", revisions()[:3000])
    # It has the same length, and is the same up to where it parts.
    made_pad.write_file(other, "pad", made_pad.written(COUNT, parts_at=2500))
    ended = await padfleet(redis_url, "verify", "--backup", other)
    assert ended.code == 1
    assert f"pad: revision 2500 to {HEAD}: the backup is of another history" in ended.out
    ended = await padfleet(redis_url, "verify", "--backup", tmp_path / "short")
    assert "the backup is its revisions 0 to 2999 of 4499" in ended.out
    await restore(redis, keyspace, tmp_path / "short", replace=True)
    ended = await padfleet(redis_url, "verify", "--backup", file)
    assert ended.code == 1
    assert "pad: revision 3000 to 4499: in the backup, and not in this Redis" in ended.out
    await redis.client.hset(keys.meta, "head", "-1")
    ended = await padfleet(redis_url, "verify", "--backup", file)
    assert "pad: in the backup, and not in this Redis" in ended.out

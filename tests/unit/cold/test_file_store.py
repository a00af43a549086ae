"""Tests a directory as a cold store against faults of the disk, crashes and other processes."""

from __future__ import annotations

import asyncio
import errno
import multiprocessing
import os
import shutil
import time
from pathlib import Path

import pytest

from padfleet.shared.cold.errors import (
    Overwritten,
    StoreAway,
    StoreFull,
    StoreMissing,
    StoreReadOnly,
    StoreRefuses,
)
from padfleet.shared.cold.stores import disk
from padfleet.shared.cold.stores.files import FileStore
from padfleet.shared.cold.stores.folders import LEFT_OVER_S, OURS, sync_folder

PROCESSES = 3
TURNS = 15


async def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "made" / "cold"
    store = FileStore.at(folder)
    await store.put("pads/abc/one", b"x", over=None)
    for path in [folder, *folder.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path
    assert [path.name for path in (folder / OURS / "new").iterdir()] == []
    await store.aclose()


async def test_a_directory_with_something_else_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("important")
    with pytest.raises(ValueError, match="not a cold store, and not empty"):
        FileStore.at(tmp_path)


async def test_what_cannot_be_a_directory_is_refused_with_what_is_in_its_way(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "cold"):
        with pytest.raises(StoreMissing, match=f"{tmp_path / 'file'} is a file"):
            FileStore.at(path)
    with pytest.raises(StoreMissing, match="none can be made in /proc"):
        FileStore.at(Path("/proc/cold"))


async def test_a_disk_that_is_not_mounted_is_no_store_without_pads(tmp_path: Path) -> None:
    store = FileStore.at(tmp_path / "cold")
    await store.put("a/b", b"x", over=None)
    shutil.rmtree(tmp_path / "cold")
    (tmp_path / "cold").mkdir()  # where it would be mounted
    with pytest.raises(StoreAway, match="mounted"):
        await store.get("a/b")
    with pytest.raises(StoreAway):
        await store.put("a/c", b"x", over=None)
    with pytest.raises(StoreAway, match="mounted"):
        _ = [name async for name in store.names("")]
    assert list((tmp_path / "cold").iterdir()) == []
    await store.aclose()


@pytest.mark.parametrize(
    ("number", "raised"),
    [
        (errno.ENOSPC, StoreFull),
        (errno.EDQUOT, StoreFull),
        (errno.EIO, StoreAway),
        (errno.EROFS, StoreReadOnly),
        (errno.EACCES, StoreRefuses),
        (errno.ESTALE, StoreAway),
    ],
)
@pytest.mark.parametrize("call", ["fsync", "write"])
async def test_a_disk_that_takes_nothing_leaves_what_was_there(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    number: int,
    raised: type[Exception],
) -> None:
    store = FileStore.at(tmp_path)
    version = await store.put("a/b", b"one", over=None)

    def fails(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as broken:
        if call == "fsync":
            broken.setattr(os, "fsync", fails)
        else:
            broken.setattr(os, "write", fails)
        with pytest.raises(StoreAway) as error:
            await store.put("a/b", b"two", over=version)
    assert type(error.value) is raised
    there = await store.get("a/b")
    assert there is not None
    assert (there.data, there.version) == (b"one", version)
    assert list((tmp_path / OURS / "new").iterdir()) == []
    await store.put("a/b", b"two", over=version)
    await store.aclose()


async def test_what_many_put_at_once_succeeds_or_fails_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FileStore.at(tmp_path)
    versions = {n: await store.put(f"a/{n}", b"%d" % n, over=None) for n in range(40)}
    synced, sync = list[str](), os.fsync

    def syncs(fd: int) -> None:
        path = str(Path(f"/proc/self/fd/{fd}").readlink())
        synced.append(path)
        if path.endswith("/a"):
            return
        if Path(path).read_bytes() == b"the disk does not take this":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        sync(fd)

    monkeypatch.setattr(os, "fsync", syncs)
    data = {n: b"another %d" % n for n in range(40)}
    data[7] = b"the disk does not take this"
    outcomes = await asyncio.gather(
        *(
            store.put(f"a/{n}", data[n], over="another" if n == 11 else versions[n])
            for n in range(40)
        ),
        return_exceptions=True,
    )
    failed = {n: type(outcome) for n, outcome in enumerate(outcomes) if type(outcome) is not str}
    assert failed == {7: StoreAway, 11: Overwritten}
    for n in range(40):
        there = await store.get(f"a/{n}")
        assert there is not None
        assert there.data == (b"%d" % n if n in failed else data[n])
        assert n in failed or there.version == outcomes[n]
    # The folder, which they have in common, was synced for many of them at once.
    assert 0 < sum(path.endswith("/a") for path in synced) < 10
    assert list((tmp_path / OURS / "new").iterdir()) == []
    await store.aclose()


async def test_a_caller_that_no_longer_waits_for_a_put_does_not_block_others(
    tmp_path: Path,
) -> None:
    store = FileStore.at(tmp_path)
    puts = [asyncio.create_task(store.put(f"a/{n}", b"x", over=None)) for n in range(20)]
    await asyncio.sleep(0)
    puts[3].cancel()
    outcomes = await asyncio.gather(*puts, return_exceptions=True)
    assert isinstance(outcomes[3], asyncio.CancelledError)
    assert all(isinstance(outcome, str) for n, outcome in enumerate(outcomes) if n != 3)
    await store.aclose()
    with pytest.raises(StoreAway, match="closed"):
        await store.put("a/b", b"x", over=None)


async def test_what_a_killed_process_has_begun_goes_when_it_is_old(tmp_path: Path) -> None:
    await FileStore.at(tmp_path).aclose()
    old, young = (tmp_path / OURS / "new" / name for name in ("old", "young"))
    for path in (old, young):
        path.write_bytes(b"half")
    past = time.time() - LEFT_OVER_S - 1
    os.utime(old, (past, past))
    store = FileStore.at(tmp_path)
    assert not old.exists()
    assert young.exists()
    assert [name async for name in store.names("")] == []
    await store.aclose()


async def test_a_folder_goes_with_the_last_file_that_was_in_it(tmp_path: Path) -> None:
    store = FileStore.at(tmp_path)
    await store.put("parts/abc/pad/1", b"x", over=None)
    await store.put("parts/abc/pad/2", b"x", over=None)
    await store.delete("parts/abc/pad/1", over=None)
    assert (tmp_path / "parts/abc/pad").is_dir()
    await store.delete("parts/abc/pad/2", over=None)
    assert not (tmp_path / "parts/abc/pad").exists()
    await store.put("parts/abc/pad/3", b"x", over=None)
    await store.aclose()


async def test_two_may_delete_the_last_files_of_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two workers that start try out the store at the same moment. One was told that the folder is
    not there any more, and said that the store does not answer."""
    one, other = FileStore.at(tmp_path / "cold"), FileStore.at(tmp_path / "cold")
    for name in ("probe/one", "probe/other"):
        await one.put(name, b"x", over=None)

    def late(folder: str | Path) -> None:
        monkeypatch.setattr(disk, "sync_folder", sync_folder)
        asyncio.run(other.delete("probe/other", over=None))
        assert not Path(folder).exists()
        sync_folder(folder)

    monkeypatch.setattr(disk, "sync_folder", late)
    await one.delete("probe/one", over=None)
    assert [name async for name in one.names("")] == []
    await one.aclose()
    await other.aclose()


async def _count(folder: Path) -> None:
    store = FileStore.at(folder)
    done = 0
    while done < TURNS:
        there = await store.get("a/counter")
        number = int(there.data.split()[0]) if there is not None else 0
        # The second word makes each put unlike any other.
        data = b"%d %d-%d" % (number + 1, os.getpid(), done)
        try:
            await store.put("a/counter", data, over=there.version if there is not None else None)
        except Overwritten:
            continue
        done += 1
    await store.aclose()


def _counting_process(folder: Path) -> None:
    import asyncio

    asyncio.run(_count(folder))


async def test_no_process_overwrites_what_it_has_not_seen(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [
        context.Process(target=_counting_process, args=(tmp_path / "cold",))
        for _ in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    store = FileStore.at(tmp_path / "cold")
    there = await store.get("a/counter")
    assert there is not None
    assert int(there.data.split()[0]) == PROCESSES * TURNS
    await store.aclose()


async def test_a_directory_that_is_known_to_have_pads_is_not_made_anew(tmp_path: Path) -> None:
    """Its disk is not mounted, or this is another machine. A process starts all the same, since
    pads in Redis do not need it, and uses it as soon as it is there."""
    folder = tmp_path / "cold"
    store = FileStore.at(folder, known=True)
    for there in (False, True):
        if there:
            folder.mkdir()  # where it would be mounted
        with pytest.raises(StoreMissing, match="mounted"):
            await store.get("a/b")
        with pytest.raises(StoreMissing, match="mounted"):
            await store.put("a/b", b"x", over=None)
        with pytest.raises(StoreMissing, match="mounted"):
            await store.delete("a/b", over=None)
        with pytest.raises(StoreMissing, match="mounted"):
            _ = [name async for name in store.names("")]
        assert folder.exists() == there
        assert not there or list(folder.iterdir()) == []
    await FileStore.at(folder).aclose()
    await store.put("a/b", b"x", over=None)
    await store.aclose()

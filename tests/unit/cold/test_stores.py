"""Tests the promises of the store protocol on each store: `FileStore` on a real disk, `BucketStore`
against a server that speaks S3, and the tests' store in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from obstore.store import MemoryStore as ObstoreMemory

from padfleet.shared.cold.errors import Overwritten
from padfleet.shared.cold.store import ColdStore, check_name
from padfleet.shared.cold.stores.buckets import BucketStore
from padfleet.shared.cold.stores.files import FileStore
from padfleet.shared.cold.stores.opening import open_store, parse_cold_url
from tests.azurite import AzuriteServer, azurite
from tests.cold_memory import MemoryStore
from tests.s3 import S3Server, s3_server

KINDS = (
    "memory",
    "file",
    "obstore",
    "s3",
    pytest.param("azurite", marks=pytest.mark.thorough),
)


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzuriteServer]:
    with azurite(tmp_path_factory.mktemp("azurite")) as server:
        yield server


@pytest.fixture
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ColdStore]:
    made: dict[str, Callable[[], ColdStore]] = {
        "memory": MemoryStore,
        "file": lambda: FileStore.at(tmp_path / "cold"),
        "obstore": lambda: BucketStore(ObstoreMemory(), "memory"),
        "s3": lambda: _s3(request, monkeypatch),
        "azurite": lambda: _azurite(request, monkeypatch),
    }
    store = made[request.param]()
    yield store
    await store.aclose()


def _s3(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ColdStore:
    server = cast("S3Server", request.getfixturevalue("s3"))
    server.enter(monkeypatch)
    return open_store(parse_cold_url(server.url(server.new_bucket(), "some/prefix")))


def _azurite(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ColdStore:
    server = cast("AzuriteServer", request.getfixturevalue("azure"))
    server.enter(monkeypatch)
    return open_store(parse_cold_url(server.url(server.new_container(), "some/prefix")))


each = pytest.mark.parametrize("store", KINDS, indirect=True)


async def found(store: ColdStore, prefix: str, after: str = "") -> list[str]:
    return [name async for name in store.names(prefix, after)]


@each
async def test_what_was_put_is_there(store: ColdStore) -> None:
    assert await store.get("a/b") is None
    version = await store.put("a/b", b"\0one\n", over=None)
    there = await store.get("a/b")
    assert there is not None
    assert (there.data, there.version) == (b"\0one\n", version)


@each
async def test_a_put_is_refused_to_who_has_not_seen_what_is_there(store: ColdStore) -> None:
    first = await store.put("a/b", b"one", over=None)
    with pytest.raises(Overwritten):
        await store.put("a/b", b"two", over=None)
    second = await store.put("a/b", b"two", over=first)
    with pytest.raises(Overwritten):
        await store.put("a/b", b"three", over=first)
    with pytest.raises(Overwritten):
        await store.put("a/none", b"four", over=first)
    there = await store.get("a/b")
    assert there is not None
    assert (there.data, there.version) == (b"two", second)
    assert await store.get("a/none") is None


@each
async def test_a_deletion_is_refused_to_who_has_not_seen_what_is_there(store: ColdStore) -> None:
    first = await store.put("a/b", b"one", over=None)
    second = await store.put("a/b", b"two", over=first)
    with pytest.raises(Overwritten):
        await store.delete("a/b", over=first)
    await store.delete("a/b", over=second)
    assert await store.get("a/b") is None
    with pytest.raises(Overwritten):
        await store.delete("a/b", over=second)
    with pytest.raises(Overwritten):
        await store.put("a/b", b"three", over=second)
    again = await store.put("a/b", b"three", over=None)
    await store.delete("a/b", over=again)
    assert await found(store, "") == []


@each
async def test_what_is_deleted_whatever_it_is_may_be_gone_already(store: ColdStore) -> None:
    await store.put("a/b", b"one", over=None)
    await store.delete("a/b", over=None)
    await store.delete("a/b", over=None)
    await store.delete("no/such", over=None)
    assert await store.get("a/b") is None


@each
async def test_one_of_many_simultaneous_puts_wins(store: ColdStore) -> None:
    async def take(data: bytes, over: str | None) -> str | None:
        try:
            return await store.put("a/b", data, over=over)
        except Overwritten:
            return None

    over: str | None = None
    for turn in range(3):
        datas = [b"%d in turn %d" % (number, turn) for number in range(8)]
        versions = await asyncio.gather(*(take(data, over) for data in datas))
        won = [number for number, version in enumerate(versions) if version is not None]
        assert len(won) == 1
        there = await store.get("a/b")
        assert there is not None
        assert there.data == datas[won[0]]
        over = there.version


@each
async def test_names_come_in_order_and_continue_after_any_of_them(store: ColdStore) -> None:
    names = ["a", "b-c/x", "b/a", "b/c/1", "b/c/2", "b/d", "b0", "c/~x%20/1", "c/~x/1"]
    for name in names:
        await store.put(name, b"x", over=None)
    assert await found(store, "") == sorted(names)
    assert await found(store, "b/") == ["b/a", "b/c/1", "b/c/2", "b/d"]
    assert await found(store, "b/c/") == ["b/c/1", "b/c/2"]
    assert await found(store, "b") == ["b-c/x", "b/a", "b/c/1", "b/c/2", "b/d", "b0"]
    assert await found(store, "none/") == []
    for after in names:
        assert await found(store, "", after) == [name for name in sorted(names) if name > after]
    assert await found(store, "b/", "b/c/1") == ["b/c/2", "b/d"]
    assert await found(store, "b/", "a") == await found(store, "b/")


@each
@pytest.mark.parametrize(
    "name",
    ["", "/", "/a", "a/", "a//b", ".", "..", "a/../b", ".a", "a/.b", "a b", "é", "a\n", "x" * 300],
)
async def test_what_is_no_name_is_refused(store: ColdStore, name: str) -> None:
    with pytest.raises(ValueError, match="not a valid name"):
        check_name(name)
    if not isinstance(store, MemoryStore):
        with pytest.raises(ValueError, match="not a valid name"):
            await store.get(name)
        with pytest.raises(ValueError, match="not a valid name"):
            await store.put(name, b"x", over=None)
        with pytest.raises(ValueError, match="not a valid name"):
            await store.delete(name, over=None)


PARTS = st.text("ab.~%-", min_size=1, max_size=3).filter(lambda part: not part.startswith("."))
NAMES = st.lists(PARTS, min_size=1, max_size=3).map("/".join)


def _none_within_another(names: set[str]) -> set[str]:
    return {one for one in names if not any(other.startswith(f"{one}/") for other in names)}


@given(st.sets(NAMES, max_size=12).map(_none_within_another), NAMES, st.booleans())
@settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
def test_files_are_listed_as_names_are_sorted(
    tmp_path_factory: pytest.TempPathFactory, names: set[str], some: str, folder: bool
) -> None:
    async def listed() -> None:
        store = FileStore.at(tmp_path_factory.mktemp("cold"))
        for name in names:
            await store.put(name, b"x", over=None)
        prefix = some + "/" * folder
        assert await found(store, prefix) == sorted(n for n in names if n.startswith(prefix))
        assert await found(store, "", some) == sorted(n for n in names if n > some)
        await store.aclose()

    asyncio.run(listed())

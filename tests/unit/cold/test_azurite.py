"""Tests the store in a bucket of Azure against Microsoft's own emulator, with faults between the
two. (What every store promises is tested in `test_stores`.)"""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from padfleet.shared.cold.errors import StoreAway, StoreMissing, StoreRefuses
from padfleet.shared.cold.layout.pads import ObjectPads
from padfleet.shared.cold.store import ColdStore
from padfleet.shared.cold.stores.opening import open_store, parse_cold_url
from tests.azurite import AzuriteServer, azurite
from tests.chaos.proxy import TcpProxy

pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzuriteServer]:
    with azurite(tmp_path_factory.mktemp("azurite")) as running:
        yield running


@pytest.fixture
def proxy(server: AzuriteServer) -> Iterator[TcpProxy]:
    with TcpProxy(server.port) as between:
        yield between


@pytest.fixture
def store(server: AzuriteServer, proxy: TcpProxy, monkeypatch: pytest.MonkeyPatch) -> ColdStore:
    server.enter(monkeypatch)
    return open_store(parse_cold_url(server.url(server.new_container(), "pads", proxy.port)))


async def test_it_keeps_what_a_cold_store_has_to(store: ColdStore) -> None:
    await ObjectPads(store).check()


async def test_one_that_is_away_is_named_and_comes_back(store: ColdStore, proxy: TcpProxy) -> None:
    version = await store.put("a", b"one", over=None)
    proxy.cut()
    for call in (store.get("a"), store.put("a", b"two", over=version)):
        with pytest.raises(StoreAway):
            await call
    proxy.heal()
    there = await store.get("a")
    assert there is not None
    assert (there.data, there.version) == (b"one", version)


async def test_one_that_is_slow_is_waited_for(store: ColdStore, proxy: TcpProxy) -> None:
    proxy.delay(0.3)
    version = await store.put("a", b"one", over=None)
    assert await store.put("a", b"two", over=version) != version


async def test_a_put_whose_answer_was_lost_is_done_and_may_be_repeated(
    store: ColdStore, proxy: TcpProxy
) -> None:
    first = await store.put("a", b"one", over=None)
    proxy.reset_after(0, direction="to_client")
    with pytest.raises(StoreAway):
        await store.put("a", b"two", over=first)
    again = await store.put("a", b"two", over=first)
    there = await store.get("a")
    assert there is not None
    assert (there.data, there.version) == (b"two", again)


async def test_wrong_credentials_are_named(
    server: AzuriteServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.enter(monkeypatch, key=base64.b64encode(b"of somebody else").decode())
    store = open_store(parse_cold_url(server.url(server.new_container(), "pads")))
    with pytest.raises(StoreRefuses):
        await store.get("a")
    with pytest.raises(StoreRefuses):
        await store.put("a", b"one", over=None)


async def test_a_missing_container_is_not_an_empty_one(
    server: AzuriteServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.enter(monkeypatch)
    store = open_store(parse_cold_url(server.url("no-such-container", "pads")))
    with pytest.raises(StoreMissing):
        await store.get("a")

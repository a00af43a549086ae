"""Tests the balancer of these tests: it sends people where it should, and nowhere else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.chaos.balancer import Balancer
from tests.eventually import eventually
from tests.service import Answer, Request, Service


class Backend:
    """A backend that says its name, and whether it is ready."""

    def __init__(self, name: str, enter: Callable[[Service], Service]) -> None:
        self.name = name
        self.ready = True
        self.service = enter(Service(self._answer))

    def _answer(self, request: Request) -> Answer:
        if request.path == "/health/ready":
            return (200 if self.ready else 503, b"")
        return (200, self.name.encode())


@pytest.fixture
def backends() -> Iterator[list[Backend]]:
    with ExitStack() as stack:
        yield [Backend(name, stack.enter_context) for name in ("one", "two")]


async def ask(balancer: Balancer, path: str = "/") -> str:
    """Asks the balancer, and returns who answers."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(balancer.url.split(":")[2]))
    writer.write(f"GET {path} HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    return answer.rpartition(b"\r\n\r\n")[2].decode()


def balancer_for(backends: list[Backend]) -> Balancer:
    return Balancer([backend.service.url for backend in backends])


async def test_simultaneous_clients_are_spread_over_backends(backends: list[Backend]) -> None:
    async with balancer_for(backends) as balancer:
        found = await asyncio.gather(*(ask(balancer) for _ in range(20)))
    assert set(found) == {"one", "two"}


async def test_a_polling_client_stays_on_one_backend(backends: list[Backend]) -> None:
    async with balancer_for(backends) as balancer:
        for client in ("a", "b", "c"):
            paths = [f"/socket.io/?client={client}&EIO=4&t={number}" for number in range(6)]
            assert len({await ask(balancer, path) for path in paths}) == 1


async def test_a_backend_that_is_not_ready_gets_no_clients(backends: list[Backend]) -> None:
    async with balancer_for(backends) as balancer:
        at_first = await ask(balancer, "/?client=a")
        here, there = sorted(backends, key=lambda backend: backend.name != at_first)
        here.ready = False

        async def has_moved() -> bool:
            return await ask(balancer, "/?client=a") == there.name

        await eventually(has_moved, "it has noticed")
        assert {await ask(balancer) for _ in range(10)} == {there.name}
        there.ready = False

        async def nobody_answers() -> bool:
            return await ask(balancer) == ""

        await eventually(nobody_answers, "it has noticed that too")


async def test_a_backend_that_has_gone_is_skipped_before_that_is_noticed(
    backends: list[Backend],
) -> None:
    async with balancer_for(backends) as balancer:
        backends[0].service.close()
        assert {await ask(balancer) for _ in range(10)} == {"two"}

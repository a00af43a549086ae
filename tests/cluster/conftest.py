"""Runs a Redis Cluster of three real servers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack

import pytest
from redis import Redis as Client

from padfleet.services.tools.up.server import HOST, EmbeddedServer
from padfleet.shared.log.connection.connect import Redis, open_redis
from padfleet.shared.log.keys import SLOTS
from tests.eventually import eventually_sync
from tests.processes import free_ports

NODES = 3


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[EmbeddedServer]]:
    with ExitStack() as stack:
        servers = []
        for number in range(NODES):
            (bus,) = free_ports(1)
            options = [
                "--cluster-enabled",
                "yes",
                "--cluster-port",
                str(bus),
                "--appendfsync",
                "no",
            ]
            folder = tmp_path_factory.mktemp(f"node{number}")
            servers.append(stack.enter_context(EmbeddedServer(folder, extra_args=options)))
        clients = [stack.enter_context(Client(port=server.port)) for server in servers]
        for number, client in enumerate(clients):
            first, last = number * SLOTS // NODES, (number + 1) * SLOTS // NODES - 1
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", first, last)
        for server in servers[1:]:
            bus_port = Client(port=server.port).config_get("cluster-port")["cluster-port"]
            clients[0].execute_command("CLUSTER", "MEET", HOST, server.port, bus_port)

        def whole() -> bool:
            return all(
                b"cluster_state:ok" in client.execute_command("CLUSTER", "INFO", NEVER_DECODE=True)
                and len(client.execute_command("CLUSTER", "SLOTS")) == NODES
                for client in clients
            )

        eventually_sync(whole, "the cluster is whole", timeout=30)
        yield servers


@pytest.fixture
def cluster_url(cluster: list[EmbeddedServer]) -> str:
    """The URL of a cluster that is empty."""
    for server in cluster:
        with Client(port=server.port) as client:
            client.flushall()
            client.script_flush()
    return f"redis+cluster://{HOST}:{cluster[0].port}"


@pytest.fixture
async def redis(cluster_url: str) -> AsyncIterator[Redis]:
    opened = open_redis(cluster_url)
    await opened.start()
    yield opened
    await opened.close()

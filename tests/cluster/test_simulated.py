"""Tests that a simulated cluster says the same as a true one about slots that are elsewhere, or on
their way. The commands themselves are compared in tests/integration/world."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, Final

import pytest
import redis
from redis.connection import Connection
from redis.crc import key_slot

from padfleet.services.tools.up.server import HOST, EmbeddedServer
from tests.world.redis.beside import Beside
from tests.world.redis.cluster import Cluster

TAG: Final = "{moved}"
SLOT: Final = key_slot(b"moved")
A, B, NEW, OTHER = f"{TAG}a", f"{TAG}b", f"{TAG}new", "elsewhere"
ASK_BOTH: Final = "return redis.call('GET', KEYS[1]) .. (redis.call('GET', KEYS[2]) or '')"


class Pair:
    """The two servers between which the slot moves."""

    def __init__(self, source: redis.Redis, target: redis.Redis) -> None:
        self._pools = {"source": source.connection_pool, "target": target.connection_pool}
        self.source, self.target = (pool.get_connection() for pool in self._pools.values())

    @staticmethod
    def say(line: Connection, *command: Any) -> Any:
        line.send_command(*command)
        try:
            return line.read_response()
        except redis.RedisError as error:
            # Where it is, a true one says by address, ours by name; redis-py leaves out the word.
            return type(error).__name__, str(error).split(":")[0].rsplit(" ", 1)[0]

    def ask(self, name: str, *commands: tuple[str, ...]) -> list[Any]:
        """Returns what one of the two answers to these commands on a connection of their own."""
        line = self._pools[name].get_connection()
        try:
            return [self.say(line, *command) for command in commands]
        finally:
            line.disconnect()

    def look_at_subscriptions(self) -> dict[str, Any]:
        """Returns what both answer to those who subscribe and unsubscribe."""
        said: dict[str, Any] = {}
        for name in self._pools:
            for commands in (
                [("SSUBSCRIBE", A), ("SSUBSCRIBE", A), ("SUNSUBSCRIBE", A)],
                [("SSUBSCRIBE", A, OTHER)],
                [("SUNSUBSCRIBE", A)],
                [("SUNSUBSCRIBE", A, OTHER)],
                [("ASKING",), ("SSUBSCRIBE", A)],
                [("ASKING",), ("SUNSUBSCRIBE", A)],
            ):
                said[f"{name} {commands}"] = self.ask(name, *commands)
        return said

    def look(self) -> dict[str, Any]:
        """Returns what both answer to all questions."""
        said: dict[str, Any] = {}
        for name, line in (("source", self.source), ("target", self.target)):
            for asking in (False, True):
                for command in (
                    ("GET", A),
                    ("GET", NEW),
                    ("MGET", A, B),
                    ("MGET", A, NEW),
                    ("MGET", NEW, f"{TAG}newer"),
                    ("MGET", A, OTHER),
                    ("EVAL", ASK_BOTH, "2", A, B),
                    ("EXISTS", A),
                    ("XREAD", "COUNT", "1", "STREAMS", f"{TAG}s", "0-0"),
                    ("SPUBLISH", A, "x"),
                ):
                    if asking:
                        self.say(line, "ASKING")
                    said[f"{name} {'asking ' if asking else ''}{command}"] = self.say(
                        line, *command
                    )
        return said


class Real(Pair):
    def __init__(self, cluster: list[EmbeddedServer], stack: ExitStack) -> None:
        clients = [stack.enter_context(redis.Redis(port=s.port, protocol=2)) for s in cluster]
        at = SLOT * len(cluster) // 16384
        self._ours, self._theirs = clients[at], clients[(at + 1) % len(cluster)]
        self._port = cluster[(at + 1) % len(cluster)].port
        super().__init__(self._ours, self._theirs)
        self._names = [
            client.execute_command("CLUSTER", "MYID").decode()
            for client in (self._ours, self._theirs)
        ]

    def begin(self) -> None:
        ours, theirs = self._names
        self._theirs.execute_command("CLUSTER", "SETSLOT", SLOT, "IMPORTING", ours)
        self._ours.execute_command("CLUSTER", "SETSLOT", SLOT, "MIGRATING", theirs)

    def carry(self, key: str) -> None:
        self._ours.execute_command("MIGRATE", HOST, self._port, "", 0, 5000, "KEYS", key)

    def end(self, *, back: bool = False) -> None:
        owner = self._names[0] if back else self._names[1]
        for client in (self._theirs, self._ours):
            client.execute_command("CLUSTER", "SETSLOT", SLOT, "NODE", owner)


class Simulated(Pair):
    def __init__(self, stack: ExitStack) -> None:
        besides = [Beside(), Beside()]
        urls = [stack.enter_context(beside) for beside in besides]
        servers = [beside.server for beside in besides]
        clients = [stack.enter_context(redis.Redis.from_url(url, protocol=2)) for url in urls]
        for number, server in enumerate(servers):
            server.name = f"node{number}"
        self._cluster = Cluster(servers)
        source = self._cluster.owner(SLOT)
        self._target = next(server for server in servers if server is not source)
        of_server = dict(zip(servers, clients, strict=True))
        super().__init__(of_server[source], of_server[self._target])

    def begin(self) -> None:
        assert self._cluster.begin_to_move(SLOT, self._target)

    def carry(self, key: str) -> None:
        self._cluster.owner(SLOT).hand_over(key.encode(), self._target)

    def end(self) -> None:
        self._cluster.end_move(SLOT)


@pytest.fixture
def pairs(cluster: list[EmbeddedServer]) -> Iterator[tuple[Real, Simulated]]:
    with ExitStack() as stack:
        true, simulated = Real(cluster, stack), Simulated(stack)
        yield true, simulated
        for key in (A, B):
            true.say(true.target, "DEL", key)
        true.end(back=True)


def test_a_migrating_slot_is_simulated_like_a_real_one(pairs: tuple[Real, Simulated]) -> None:
    true, simulated = pairs

    def do(*steps: tuple[str, ...]) -> None:
        for pair in pairs:
            for name, *args in steps:
                if name == "SET":
                    pair.say(pair.source, "SET", *args)
                else:
                    getattr(pair, name)(*args)
        assert simulated.look() == true.look(), steps

    do(("SET", A, "1"), ("SET", B, "2"))
    do(("begin",))
    do(("carry", A))
    do(("carry", B))
    do(("end",))


def test_subscriptions_to_a_slot_that_moves_are_simulated_like_real_ones(
    pairs: tuple[Real, Simulated],
) -> None:
    """The simulated server unsubscribed whatever it was asked to; a real one refuses if another
    one has the slot."""
    true, simulated = pairs
    assert simulated.look_at_subscriptions() == true.look_at_subscriptions()
    for pair in pairs:
        assert pair.say(pair.source, "SSUBSCRIBE", A) == [b"ssubscribe", A.encode(), 1]
        pair.begin()
    assert simulated.look_at_subscriptions() == true.look_at_subscriptions()
    for pair in pairs:
        pair.end()
        assert pair.source.read_response() == [b"sunsubscribe", A.encode(), 0]
    assert simulated.look_at_subscriptions() == true.look_at_subscriptions()


def test_a_server_that_has_taken_a_place_has_its_slots() -> None:
    loop = asyncio.new_event_loop()
    try:
        from tests.world.redis.server import Server

        servers = [Server(loop, random.Random(n), f"node{n}") for n in range(3)]
        cluster = Cluster(servers)
        new = Server(loop, random.Random(9), "node0")
        cluster.replace(servers[0], new)
        assert cluster.owner(0) is new
        assert [(first, last) for first, last, _ in cluster.ranges()] == [
            (0, 5461),
            (5462, 10922),
            (10923, 16383),
        ]
    finally:
        loop.close()

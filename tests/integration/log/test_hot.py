"""Tests that hot commands reach the server that has the slot now, are repeated, and keep their
order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import uvloop
from redis import exceptions

from padfleet.services.tools.up.server import EmbeddedServer
from padfleet.shared.log.connection import command_links
from padfleet.shared.log.connection import hot as hot_module
from padfleet.shared.log.connection.connect import UNREACHABLE, Redis, open_redis
from padfleet.shared.log.connection.hot import ATTEMPTS, HotCommands
from padfleet.shared.log.connection.scripts import JOIN
from padfleet.shared.settings.redis_url import parse
from tests.eventually import eventually
from tests.integration.log.scripted import Served, ServedTopology, numbered, replies
from tests.integration.tls import Front, papers

Serve = Callable[..., Awaitable[Served]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    started: list[Served] = []

    async def serve(answer: Any = numbered) -> Served:
        started.append(await Served(answer).start())
        return started[-1]

    yield serve
    for served in started:
        await served.stop()


@pytest.fixture
async def hot_of() -> AsyncIterator[Callable[..., HotCommands]]:
    made: list[HotCommands] = []

    def hot_of(topology: ServedTopology, patience: float = 60.0) -> HotCommands:
        made.append(HotCommands(topology, patience=patience))
        return made[-1]

    yield hot_of
    for hot in made:
        hot.close()


HotOf = Callable[..., HotCommands]


def moved_to(served: Served) -> bytes:
    return b"-MOVED 7 127.0.0.1:%d\r\n" % served.port


def ask_at(served: Served) -> bytes:
    return b"-ASK 7 127.0.0.1:%d\r\n" % served.port


def adds(*numbers: int) -> list[tuple[Any, ...]]:
    return [("XADD", "k", "*", "e", number) for number in numbers]


async def test_a_slot_that_has_moved_is_followed_in_order_and_its_owner_is_told(
    serve: Serve, hot_of: HotOf
) -> None:
    new = await serve()
    old = await serve(replies(b":1\r\n", moved_to(new)))
    topology = ServedTopology(True, {"": old.port})
    hot = hot_of(topology)
    assert list(await hot.exchange(adds(1, 2, 3, 4))) == [1, 2, 3, 4]
    assert topology.told == ["moved 7"]
    assert [command[-1] for command in new.asked] == [b"2", b"3", b"4"]
    assert await hot.call("XADD", "k", "*", "e", 5) == 5
    assert len(old.asked) == 4


async def test_a_command_that_is_asked_is_sent_before_its_reply_is_awaited(
    serve: Serve, hot_of: HotOf
) -> None:
    node = await serve()
    hot = hot_of(ServedTopology(False, {"": node.port}))
    early = hot.ask("GET", 1)
    assert await hot.call("GET", 2) == 2  # there was no connection yet, which nobody waits for
    asked = [hot.ask("GET", number) for number in (3, 4, 5)]
    await eventually(lambda: len(node.asked) == 4, "they are sent")
    assert [await asked[2], await asked[0]] == [5, 3]
    assert await early == 1
    assert node.connections == 1


async def test_a_command_that_is_asked_is_followed_and_repeated_like_any_other(
    serve: Serve, hot_of: HotOf
) -> None:
    new = await serve()
    old = await serve(replies(b":1\r\n", moved_to(new), b"-WRONGTYPE of another kind\r\n"))
    topology = ServedTopology(True, {"": old.port})
    hot = hot_of(topology)
    assert await hot.call("GET", 1) == 1
    moved, wrong = hot.ask("GET", 2), hot.ask("GET", 3)
    assert await moved == 2
    assert topology.told == ["moved 7"]
    with pytest.raises(exceptions.ResponseError, match="WRONGTYPE"):
        await wrong
    assert len(old.asked) == 3


async def test_a_migrating_slot_is_asked_for_at_its_destination_without_a_report(
    serve: Serve, hot_of: HotOf
) -> None:
    goal = await serve(lambda c: b"+OK\r\n" if c[0] == b"ASKING" else numbered(c))
    source = await serve(replies(ask_at(goal), b":2\r\n", ask_at(goal)))
    topology = ServedTopology(True, {"": source.port})
    hot = hot_of(topology)
    assert list(await hot.exchange(adds(1, 2, 3))) == [1, 2, 3]
    words = [command[0] for command in goal.asked]
    assert words == [b"ASKING", b"XADD", b"ASKING", b"XADD"]
    assert topology.told == []
    assert await hot.call_blocking("XREAD", "BLOCK", 5, "STREAMS", "k", 9) == 9


async def test_a_slot_that_stands_half_moved_is_tried_for_a_while(
    serve: Serve, hot_of: HotOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hot_module, "TRY_AGAIN", 0.001)
    again = b"-TRYAGAIN Multiple keys request during rehashing of slot\r\n"
    node = await serve(replies(again, again, b":3\r\n", again))
    hot = hot_of(ServedTopology(True, {"": node.port}))
    assert await hot.call("GET", "k") == 3
    with pytest.raises(exceptions.TryAgainError, match="half-moved") as raised:
        await hot.call("GET", "k")
    assert isinstance(raised.value, UNREACHABLE)


async def test_endless_redirections_end_with_a_retryable_error(serve: Serve, hot_of: HotOf) -> None:
    one, two = await serve(), await serve()
    one.answer, two.answer = replies(moved_to(two)), replies(moved_to(one))
    hot = hot_of(ServedTopology(True, {"": one.port}))
    with pytest.raises(UNREACHABLE, match="half-moved"):
        await hot.call("GET", "k")


@pytest.mark.parametrize(
    "refusal",
    [
        b"-CLUSTERDOWN Hash slot not served\r\n",
        b"-LOADING Redis is loading the dataset in memory\r\n",
        b"-MASTERDOWN Link with MASTER is down\r\n",
        b"-READONLY You can't write against a read only replica.\r\n",
    ],
)
async def test_a_server_that_cannot_just_now_is_asked_again_once_the_topology_is_known(
    refusal: bytes, serve: Serve, hot_of: HotOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hot_module, "PAUSE", 0.001)
    new = await serve()
    old = await serve(replies(refusal))
    topology = ServedTopology(True, {"": old.port}, after_refresh={"": new.port})
    hot = hot_of(topology)
    assert await hot.call("XADD", "k", "*", "e", 1) == 1
    assert topology.told == ["refresh"]
    assert len(old.asked) == 1


async def test_few_of_many_who_meet_an_outage_ask_for_the_topology(
    serve: Serve, hot_of: HotOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hot_module, "PAUSE", 0.001)
    gone, new = await serve(), await serve()
    await gone.stop()
    topology = ServedTopology(True, {"": gone.port}, after_refresh={"": new.port})
    hot = hot_of(topology)
    found = await asyncio.gather(*(hot.call("GET", number) for number in range(100)))
    assert found == list(range(100))
    assert 1 <= topology.told.count("refresh") <= 2
    assert new.connections == 1


async def test_an_unreachable_address_is_tried_a_limited_number_of_times(
    serve: Serve, hot_of: HotOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hot_module, "PAUSE", 0.001)
    node = await serve()
    node.answer = lambda _: node.hang_up()
    hot = hot_of(ServedTopology(False, {"": node.port}))
    with pytest.raises(exceptions.ConnectionError):
        await hot.call("GET", "k")
    assert node.connections == len(node.asked) == ATTEMPTS
    (reply,) = await hot.exchange([("GET", "k")], attempts=1)
    assert isinstance(reply, exceptions.ConnectionError)
    assert len(node.asked) == ATTEMPTS + 1
    node.answer = numbered
    assert await hot.call("GET", 1) == 1


async def test_a_read_that_is_given_up_leaves_no_reply_to_the_next(
    serve: Serve, hot_of: HotOf
) -> None:
    node = await serve(replies(None, b":2\r\n"))
    hot = hot_of(ServedTopology(False, {"": node.port}))
    reading = asyncio.create_task(hot.call_blocking("XREAD", "BLOCK", 250, "STREAMS", "k", 1))
    await eventually(lambda: len(node.asked) == 1, "it waits")
    reading.cancel()
    await asyncio.wait((reading,))
    assert await hot.call_blocking("XREAD", "BLOCK", 250, "STREAMS", "k", 2) == 2
    assert node.connections == 2
    await eventually(lambda: len(node._writers) == 1, "the first connection is closed")
    assert await hot.call_blocking("XREAD", "BLOCK", 250, "STREAMS", "k", 2) == 2
    assert node.connections == 2


async def test_reads_that_wait_take_a_connection_each_up_to_a_limit(
    serve: Serve, hot_of: HotOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command_links, "READERS", 3)
    node = await serve(replies(None))
    hot = hot_of(ServedTopology(False, {"": node.port}))
    reads = [
        asyncio.create_task(hot.call_blocking("XREAD", "BLOCK", 5, "STREAMS", "k", number))
        for number in range(5)
    ]
    await eventually(lambda: len(node.asked) == 3, "three wait at the server")
    assert node.connections == 3
    other = asyncio.create_task(hot.call("GET", 7))
    await eventually(lambda: len(node.asked) == 4, "nothing else waits behind them")
    node.answer = numbered
    node.say(b":0\r\n")
    assert await asyncio.gather(*reads, other) == [0, 0, 0, 3, 4, 0]
    assert node.connections == 4


async def test_one_shard_that_is_away_holds_up_nothing_of_another(
    serve: Serve, hot_of: HotOf
) -> None:
    frozen, well = await serve(replies(None)), await serve()
    hot = hot_of(ServedTopology(True, {"": frozen.port, "well": well.port}))
    waits = asyncio.create_task(hot.call("GET", "k"))
    await eventually(lambda: len(frozen.asked) == 1, "one waits")
    for number in range(10):
        assert await hot.call("HSET", "well", number) == number
    assert not waits.done()
    waits.cancel()


# --- On a real server ----------------------------------------------------------------------------


async def test_errors_are_those_that_redis_py_raises(redis: Redis) -> None:
    async def error_of(call: Awaitable[Any]) -> Exception:
        with pytest.raises(exceptions.RedisError) as raised:
            await call
        return raised.value

    await redis.client.set("text", "x")
    for command in (
        ("HGET", "text", "field"),
        ("EVALSHA", "0" * 40, 0),
        ("NOSUCH",),
        ("EVAL", "return redis.error_reply('BUSY it runs')", 0),
        ("EVAL", "return redis.error_reply('MISCONF disk')", 0),
        ("XADD", "s", "0-0", "f", "v"),
    ):
        theirs = await error_of(redis.client.execute_command(*command))
        ours = await error_of(redis.hot.call(*command))
        assert (type(ours), str(ours)) == (type(theirs), str(theirs))


async def test_a_script_that_the_server_has_forgotten_is_sent_whole(redis: Redis) -> None:
    await redis.client.script_flush()
    keys = [f"{{1}}{name}" for name in ("members", "meta", "seen", "seen:before", "state")]
    reply = await JOIN(redis.hot, keys, ["channel", "session", "record", "a.x", ""])
    assert int(reply[0]) == 1


async def test_a_server_that_is_started_again_is_found_again(redis: Redis) -> None:
    assert await redis.hot.call("SET", "k", "v") == b"OK"
    await redis.client.client_kill_filter(_type="normal", skipme=True)
    assert await redis.hot.call("GET", "k") == b"v"


async def test_user_password_and_database_of_the_url_hold_for_hot_commands(
    redis: Redis, redis_url: str
) -> None:
    await redis.client.execute_command(
        "ACL", "SETUSER", "hot", "on", ">se:cret", "~*", "&*", "+@all"
    )
    ((host, port),) = parse(redis_url).hosts
    other = open_redis(f"redis://hot:se%3Acret@{host}:{port}/3")
    refused = open_redis(f"redis://hot:wrong@{host}:{port}/3")
    try:
        assert await other.hot.call("ACL", "WHOAMI") == b"hot"
        await other.hot.call("SET", "of three", "x")
        assert await other.client.get("of three") == b"x"
        assert await redis.hot.call("GET", "of three") is None
        with pytest.raises(exceptions.AuthenticationError):
            await refused.hot.call("GET", "of three")
    finally:
        await other.close()
        await refused.close()
        await redis.client.execute_command("ACL", "DELUSER", "hot")


def test_hot_commands_go_by_tls(redis_url: str, tmp_path: Path) -> None:
    """The test runs on the event loop that the processes use, because its transports differ."""
    ((_, port),) = parse(redis_url).hosts
    files = papers(tmp_path)
    front = Front(files, port)
    query = f"ca={files.authority}&cert={files.client}&key={files.client_key}"

    async def use(query: str) -> None:
        redis = open_redis(f"rediss://127.0.0.1:{front.port}/0?{query}")
        try:
            large = b"x" * 3_000_000
            asked = [redis.hot.call("ECHO", b"%d" % number) for number in range(100)]
            found = await asyncio.gather(redis.hot.call("ECHO", large), *asked)
            assert found == [large, *(b"%d" % number for number in range(100))]
            assert await redis.hot.call_blocking("BLPOP", "nothing", 0.01) is None
        finally:
            await redis.close()

    try:
        uvloop.run(use(query))
        asyncio.run(use(query))
        with pytest.raises(UNREACHABLE):
            uvloop.run(use(f"ca={files.client}"))
    finally:
        front.close()


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_hot_commands_go_by_a_socket_in_the_file_system(
    tmp_path: Path, run: Callable[[Awaitable[None]], None]
) -> None:
    path = tmp_path / "redis.sock"

    async def use() -> None:
        redis = open_redis(f"unix://{path}?db=2")
        try:
            assert await redis.hot.call("SET", "k", "v") == b"OK"
            assert await redis.client.get("k") == b"v"
        finally:
            await redis.close()

    with EmbeddedServer(tmp_path / "redis", extra_args=("--unixsocket", str(path))):
        run(use())

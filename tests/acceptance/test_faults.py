"""Processes die while people type, and nothing that they typed is lost, doubled or out of order.

The client library is strict: a gap, a repetition or an ACCEPT_COMMIT out of place ends it with an
error, so a test that finishes has seen none (I3).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
import redis

from padfleet.services.tools.up.server import EmbeddedServer
from padfleet.shared.client import Pad, PadError, connect, new_token
from tests.eventually import eventually, eventually_sync
from tests.fleet import Fleet

TYPISTS = 8
EDITS = 16
READERS = 3
LEASE_MS = 600
PRESENCE_MS = 1000


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedServer]:
    with EmbeddedServer(tmp_path / "redis", extra_args=("--appendfsync", "no")) as running:
        yield running


@pytest.fixture
def fleet(server: EmbeddedServer, tmp_path: Path) -> Iterator[Fleet]:
    """A fleet of its own for each test, since it does not stay whole."""
    settings = {
        "PADFLEET_LEASE_MS": str(LEASE_MS),
        "PADFLEET_PARTITIONS": "4",
        "PADFLEET_PRESENCE_TIMEOUT_MS": str(PRESENCE_MS),
    }
    with Fleet(server.url, tmp_path, settings) as running:
        yield running.start(writers=2, workers=2)


def addresses(fleet: Fleet, pad: str, first: int) -> list[str]:
    """Returns the pad's addresses on all workers, starting with another one for each client."""
    urls = [f"{url}/p/{pad}" for url in fleet.urls]
    return urls[first % len(urls) :] + urls[: first % len(urls)]


def inbox_length(server: EmbeddedServer) -> int:
    """Entries ever put into all inboxes together."""
    with redis.Redis.from_url(server.url) as client:
        inboxes = list(client.scan_iter("pf:*:inbox"))
        return sum(client.xinfo_stream(inbox)["entries-added"] for inbox in inboxes)


@asynccontextmanager
async def crowd(fleet: Fleet, pad: str) -> AsyncIterator[tuple[list[Pad], list[Pad]]]:
    """Typists and readers over all workers, who come back when their connection breaks."""
    async with AsyncExitStack() as stack:

        async def join(number: int, *, text_only: bool) -> Pad:
            where = addresses(fleet, pad, number)
            return await stack.enter_async_context(connect(where, text_only=text_only))

        typists = [await join(number, text_only=False) for number in range(TYPISTS)]
        readers = [await join(number, text_only=True) for number in range(READERS)]
        yield typists, readers


async def type_along(number: int, pad: Pad) -> list[str]:
    """Types words into the middle of everything, some while the last one is still under way."""
    dice, words = random.Random(number), []
    for count in range(EDITS):
        word = f"<{number}.{count}>"
        words.append(word)
        # Between words, so that each of them stays in one piece.
        places = [at for at, unit in enumerate(pad.text) if unit in "<\n"]
        await pad.edit(dice.choice(places), 0, word)
        if dice.random() < 0.7:
            await pad.flush()
    await pad.flush()
    return words


async def all_agree(typists: list[Pad], readers: list[Pad], words: list[str]) -> None:
    head = max(pad.rev for pad in typists)
    for pad in (*typists, *readers):
        await asyncio.wait_for(pad.until(lambda pad=pad: pad.rev >= head), 20)  # type: ignore[misc]
    texts = {pad.text for pad in (*typists, *readers)}
    assert len(texts) == 1, "texts have diverged"
    (text,) = texts
    counts = {word: text.count(word) for word in words}
    wrong = {word: count for word, count in counts.items() if count != 1}
    assert not wrong, f"words were lost or doubled: {wrong}"


async def type_through(fleet: Fleet, pad: str, fault: Callable[[int], None]) -> None:
    """Lets the crowd type, and calls `fault(n)` three times meanwhile, for n = 0, 1, 2."""
    async with crowd(fleet, pad) as (typists, readers):
        typing = [asyncio.create_task(type_along(i, p)) for i, p in enumerate(typists)]
        start = typists[0].rev
        for number in range(3):
            goal = start + (number + 1) * TYPISTS * EDITS // 8
            await asyncio.wait_for(typists[0].until(lambda goal=goal: typists[0].rev >= goal), 30)  # type: ignore[misc]
            await asyncio.to_thread(fault, number)
        words = [word for words in await asyncio.gather(*typing) for word in words]
        await all_agree(typists, readers, words)


async def test_I7_workers_are_killed_while_people_type(fleet: Fleet) -> None:
    def kill_one(number: int) -> None:
        worker = fleet.workers[number % 2]
        worker.kill()
        fleet.restart(worker)

    await type_through(fleet, "workers-die", kill_one)


async def test_I7_writers_are_killed_while_people_type(fleet: Fleet) -> None:
    def kill_one(number: int) -> None:
        fleet.writers[number].kill()
        fleet.start(writers=1, workers=0)

    await type_through(fleet, "writers-die", kill_one)


async def test_I3_subscriptions_are_killed_while_people_type(
    fleet: Fleet, server: EmbeddedServer
) -> None:
    def kill_all(_number: int) -> None:
        with redis.Redis.from_url(server.url) as client:
            kill = ("CLIENT", "KILL", "TYPE", "pubsub")
            eventually_sync(lambda: client.execute_command(*kill) >= 1)

    await type_through(fleet, "subscriptions-die", kill_all)
    assert sum(worker.metric("padfleet_fanout_repairs_total") for worker in fleet.workers) > 0


async def test_a_dead_workers_people_are_gone_within_seconds(fleet: Fleet) -> None:
    url_1, url_2 = addresses(fleet, "ghosts", 0)
    async with connect(url_2) as stays, AsyncExitStack() as stack:
        ghosts = [
            await stack.enter_async_context(connect(url_1, name=f"ghost {i}", resume=False))
            for i in range(3)
        ]
        await stays.until(lambda: len(stays.users) == 3)
        fleet.workers[0].kill()
        await asyncio.wait_for(stays.until(lambda: not stays.users), 10 * PRESENCE_MS / 1000)
        for ghost in ghosts:
            with pytest.raises(PadError, match="connection"):
                await ghost.until(lambda: False)
        async with connect(url_2) as late:
            await late.until(lambda: stays.author_id in late.users)
            assert list(late.users) == [stays.author_id], "a newcomer sees ghosts"


async def test_a_frozen_workers_people_come_back_with_it(fleet: Fleet) -> None:
    """A worker that was taken for dead, and was not, announces its people again."""
    url_1, url_2 = addresses(fleet, "sleepers", 0)
    async with connect(url_1, name="sleeper") as sleeper, connect(url_2) as stays:
        await stays.until(lambda: sleeper.author_id in stays.users)
        fleet.workers[0].freeze()
        await asyncio.wait_for(stays.until(lambda: not stays.users), 10)
        fleet.workers[0].thaw()
        await asyncio.wait_for(stays.until(lambda: sleeper.author_id in stays.users), 10)
        await sleeper.append("awake again\n")
        await stays.until(lambda: "awake again" in stays.text)


async def test_I5_what_was_under_way_when_the_connection_broke_is_there_once(
    fleet: Fleet, server: EmbeddedServer
) -> None:
    """The client cannot know whether its edit arrived, and sends it again with what it typed
    since. Here its first copy still is in the inbox when it comes back: were it told just then
    that it missed nothing, both copies would be committed."""
    where = addresses(fleet, "under-way", 0)

    def joins() -> float:
        return sum(
            w.metric('padfleet_fanout_messages_total{type="CLIENT_READY"}') for w in fleet.workers
        )

    async with connect(where[0]) as watcher, connect(where) as pad:
        for round_ in range(3):
            waiting, joined = inbox_length(server), joins()
            for writer in fleet.writers:
                writer.freeze()
            await pad.edit(0, 0, f"<{round_}.a>")
            await eventually(lambda n=waiting: inbox_length(server) > n, "it is in the inbox")  # type: ignore[misc]
            pad.cut()
            await pad.edit(0, 0, f"<{round_}.b>")
            await eventually(lambda n=joined: joins() > n, "the client is back")  # type: ignore[misc]
            for writer in fleet.writers:
                writer.thaw()
            await asyncio.wait_for(pad.flush(), 20)
            assert pad.resumes == round_ + 1
            await watcher.until(lambda n=round_: f"<{n}.b>" in watcher.text)  # type: ignore[misc]
            for word in (f"<{round_}.a>", f"<{round_}.b>"):
                assert watcher.text.count(word) == 1


async def test_I7_what_is_sent_again_and_cut_off_again_is_there_once(fleet: Fleet) -> None:
    """A client that came back and had missed nothing sent again what was under way before it was
    told what its new session is called. Cut off once more, it took its own edit for that of
    another tab, and sent it a third time."""
    where = addresses(fleet, "again", 0)
    async with connect(where[0]) as watcher, connect(where) as pad:
        for round_ in range(5):
            word = f"<{round_}>"
            resumes = pad.resumes
            pad.cut()
            await pad.edit(0, 0, word)  # which nobody hears
            await pad.until(lambda n=resumes: pad.resumes > n and pad.state.up_to_date)  # type: ignore[misc]
            assert pad.state.submitting, "it is sent again as soon as the client is back"
            pad.cut()
            await asyncio.wait_for(pad.flush(), 20)
            await asyncio.wait_for(watcher.until(lambda: watcher.rev >= pad.rev), 20)
            assert watcher.text.count(word) == 1


async def test_I5_connections_break_at_any_moment(fleet: Fleet) -> None:
    where = addresses(fleet, "breaks", 0)
    token = new_token()
    async with connect(where[0]) as watcher:
        for round_ in range(10):
            async with connect(where, token=token) as pad:
                await pad.edit(0, 0, f"<{round_}.a>")
                pad.cut()
                await pad.edit(0, 0, f"<{round_}.b>")
                await asyncio.wait_for(pad.flush(), 20)
                assert pad.resumes == 1
        await watcher.until(lambda: "<9.b>" in watcher.text)
        for round_ in range(10):
            for which in "ab":
                assert watcher.text.count(f"<{round_}.{which}>") == 1


async def test_a_worker_that_stops_lets_its_clients_go_elsewhere(fleet: Fleet) -> None:
    where = addresses(fleet, "stops", 0)
    async with connect(where) as pad:
        fleet.workers[0].process.terminate()
        assert await asyncio.to_thread(fleet.workers[0].process.wait, 15) == 0
        await eventually(lambda: pad.resumes == 1, "it has resumed on the other worker")
        await pad.append("still here\n")


async def test_a_worker_that_drains_loses_nobody(fleet: Fleet) -> None:
    """All of its people come back elsewhere, by themselves and once, with what they have typed."""
    worker = fleet.workers[0]
    async with AsyncExitStack() as stack:
        where = addresses(fleet, "drains", 0)
        pads = [await stack.enter_async_context(connect(where)) for _ in range(30)]
        typing = [asyncio.create_task(pad.append(f"<{i}>")) for i, pad in enumerate(pads)]
        worker.process.terminate()
        await asyncio.gather(*typing)
        assert await asyncio.to_thread(worker.process.wait, 15) == 0
        await eventually(lambda: all(pad.resumes == 1 for pad in pads), "all are elsewhere")
        await eventually(lambda: len({pad.text for pad in pads}) == 1, "all have the same")
        assert all(pads[0].text.count(f"<{i}>") == 1 for i in range(len(pads)))

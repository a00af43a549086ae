"""The balancers' configurations, with the real programs before a real fleet."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from services.up.server import EmbeddedServer
from shared.client import connect
from tests.eventually import eventually, eventually_sync
from tests.fleet import Fleet
from tests.guest import Guest
from tests.nginx import nginx as nginx_command
from tests.processes import free_ports

BALANCER = Path(__file__).parents[2] / "deploy" / "balancer"

SETTINGS = {
    "PADFLEET_TRUSTED_PROXIES": "127.0.0.1",
    "PADFLEET_DRAIN_MS": "3000",
    # A poll ends after so long at most: what is not seen by then is not seen.
    "PADFLEET_PING_INTERVAL_MS": "5000",
}


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    """A fleet of its own for each test, for it does not stay whole."""
    with (
        EmbeddedServer(tmp_path / "redis", extra_args=("--appendfsync", "no")) as server,
        Fleet(server.url, tmp_path, SETTINGS) as running,
    ):
        yield running.start(workers=3)


def haproxy(fleet: Fleet, folder: Path, port: int) -> list[str]:
    """With the workers by their addresses; everything else as it is."""
    (stats,) = free_ports(1)
    workers = "\n".join(
        f"    server worker{number} 127.0.0.1:{worker.port}"
        for number, worker in enumerate(fleet.workers)
    )
    text = (BALANCER / "haproxy.cfg").read_text()
    text, count = re.subn(r"^ *server-template .*$", workers, text, flags=re.M)
    assert count == 1
    # That is how a worker is found by name.
    text = text.replace(" resolvers dns init-addr none", "").replace("slowstart 10s", "")
    path = folder / "haproxy.cfg"
    path.write_text(text)
    os.environ |= {"LISTEN": f"127.0.0.1:{port}", "STATS": f"127.0.0.1:{stats}"}
    return ["haproxy", "-db", "-f", str(path)]


def nginx(fleet: Fleet, folder: Path, port: int) -> list[str]:
    return nginx_command(folder, port, [worker.port for worker in fleet.workers])


PROGRAMS = {"haproxy": haproxy, "nginx": nginx}


@pytest.fixture(params=PROGRAMS)
def balancer(
    request: pytest.FixtureRequest,
    fleet: Fleet,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[str]:
    program = request.param
    if shutil.which(program) is None:
        pytest.skip(f"there is no {program} (Debian: apt-get install {program})")
    monkeypatch.setenv("LISTEN", "")
    monkeypatch.setenv("STATS", "")
    (port,) = free_ports(1)
    command = PROGRAMS[program](fleet, tmp_path, port)
    with (tmp_path / f"{program}.out").open("wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        assert process.poll() is None, (tmp_path / f"{program}.out").read_text()
        with contextlib.suppress(OSError):
            probe = f"{url}/socket.io/?EIO=4&transport=polling"
            with urllib.request.urlopen(probe, timeout=5) as response:
                return bool(response.status == 200)
        return False

    try:
        eventually_sync(answers, f"{program} lets clients through", timeout=30)
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


@pytest.mark.parametrize("transports", [("websocket",), ("polling",), ("polling", "websocket")])
async def test_people_type_through_it(balancer: str, transports: tuple[str, ...]) -> None:
    """Without cookies, as Node.js clients come, and without saying which pad at first."""
    async with contextlib.AsyncExitStack() as stack:
        guests = [
            await stack.enter_async_context(Guest(balancer, transports=transports))
            for _ in range(6)
        ]
        for guest in guests:
            await guest.join("through")
        assert await guests[0].write("hello ") is None
        for guest in guests[1:]:
            await guest.hears(lambda guest=guest: guest.heard("NEW_CHANGES"), "it")  # type: ignore[misc]


async def test_a_pads_people_are_on_few_workers(balancer: str, fleet: Fleet) -> None:
    """Spread by chance, each of these pads would be on all three workers."""
    pads, people = 9, 6

    def places() -> float:
        return sum(worker.metric("padfleet_fanout_pads") for worker in fleet.workers)

    before = places()
    async with contextlib.AsyncExitStack() as stack:
        for number in range(pads * people):
            where = f"{balancer}/p/gathered-{number % pads}"
            await stack.enter_async_context(connect(where))
        on_workers = [worker.metric("padfleet_fanout_sessions") for worker in fleet.workers]
        assert sum(on_workers) == pads * people
        assert places() - before <= pads * 2


async def test_who_comes_while_a_worker_drains_finds_another(balancer: str, fleet: Fleet) -> None:
    leaving = fleet.workers[0]
    async with connect(f"{balancer}/p/stays") as stays:
        leaving.signal(signal.SIGTERM)
        for number in range(12):
            async with connect(f"{balancer}/p/drained-{number}") as pad:
                await pad.append("came through\n")
        await asyncio.to_thread(leaving.process.wait, 30)
        await stays.append("still here\n")
        await eventually(lambda: "still here" in stays.text, "it goes on")


async def test_what_workers_say_about_themselves_stays_inside(balancer: str) -> None:
    async with aiohttp.ClientSession() as http:
        for path in ("/metrics", "/health/ready", "/stats/prometheus"):
            async with http.get(balancer + path) as answer:
                assert answer.status in (404, 502)  # 502: nginx sends it to Etherpad
        url = f"{balancer}/socket.io/?EIO=4&transport=polling&padId=x"
        async with http.get(url, headers={"Origin": "https://evil.example"}) as answer:
            assert answer.status == 403
        async with http.get(url, headers={"Origin": balancer}) as answer:
            assert answer.status == 200

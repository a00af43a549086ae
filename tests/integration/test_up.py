"""Tests `padfleet up` as its users run it, from the first line to the last process."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
import redis

from padfleet.shared.settings.ops import ops_port
from tests.eventually import eventually, eventually_sync
from tests.processes import alive, free_ports
from tests.tools import padfleet, ran

READY_S = 60.0
STOP_S = 30.0


class Fleet:
    """A running `padfleet up` and what it has printed."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self._log = log
        self.data = log.parent / "data"

    @property
    def printed(self) -> str:
        return self._log.read_text()

    def wait_until_up(self) -> None:
        def up() -> bool:
            assert self.process.poll() is None, f"it ended: {self.printed}"
            return "padfleet is up" in self.printed

        eventually_sync(up, "the fleet is up", timeout=READY_S)

    def descendants(self) -> list[int]:
        return [child.pid for child in psutil.Process(self.process.pid).children(recursive=True)]

    def pid_of(self, command: str) -> int:
        for child in psutil.Process(self.process.pid).children():
            with suppress(psutil.Error):  # it has just ended
                if command in child.cmdline():
                    return int(child.pid)
        raise AssertionError(f"no {command} runs: {self.printed}")


@contextmanager
def fleet(tmp_path: Path, *flags: str, **environment: str) -> Iterator[Fleet]:
    log = tmp_path / "printed.txt"
    argv = [sys.executable, "-m", "padfleet", "up", "--log-format", "text", *flags]
    env = {**os.environ, **environment}
    with log.open("wb") as out:
        process = subprocess.Popen(argv, stdout=out, stderr=out, stdin=subprocess.DEVNULL, env=env)
    try:
        yield Fleet(process, log)
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def ports() -> tuple[int, int]:
    """Returns the first of two workers' ports, and the port of the second writer. The first one is
    in the first worker's process."""
    worker, _, writer = free_ports(3)
    return worker, writer


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, ports: tuple[int, int]) -> Iterator[Fleet]:
    """A fleet that outlives what is done to it. Each start takes seven seconds of CPU."""
    worker, writer = ports
    folder = tmp_path_factory.mktemp("up")
    flags = ("--port", str(worker), "--writer-port", str(writer), "--data", str(folder / "data"))
    with fleet(folder, *flags, "--workers", "2", "--writers", "2") as started:
        started.wait_until_up()
        yield started


def get(url: str) -> tuple[int, str]:
    with urllib.request.urlopen(url, timeout=5) as response:
        return response.status, response.read().decode()


def test_it_runs_a_ready_fleet(running: Fleet, ports: tuple[int, int]) -> None:
    worker, writer = ports
    for port in (worker, worker + 1, writer):
        assert get(f"http://127.0.0.1:{port}/health/ready")[0] == 200
    for port in (ops_port(worker), ops_port(worker + 1), writer):
        status, metrics = get(f"http://127.0.0.1:{port}/metrics")
        assert status == 200
        assert "python_info" in metrics
        assert str(port) in running.printed
    assert f"http://127.0.0.1:{worker}/p/hello" in running.printed
    assert re.search(r"(redis|valkey) \d+\.\d+\.\d+ \(/", running.printed)

    listening = re.search(r"redis://127\.0\.0\.1:(\d+)", running.printed)
    assert listening is not None
    with redis.Redis(port=int(listening[1])) as client:
        others = [each for each in client.client_list() if each["id"] != str(client.client_id())]
    assert others
    assert all("redis.sock" in each["addr"] for each in others), "the fleet comes by the socket"
    assert len(running.descendants()) == 4  # a node, a worker, a writer, the embedded server


@pytest.mark.parametrize("command", ["node", "fanout", "writer"])
def test_a_process_that_is_killed_comes_back(
    running: Fleet, ports: tuple[int, int], command: str
) -> None:
    pid, deaths = running.pid_of(command), running.printed.count("SIGKILL")
    psutil.Process(pid).kill()
    eventually_sync(lambda: running.printed.count("SIGKILL") > deaths, "its death is told")

    def back() -> bool:
        worker, writer = ports
        return running.pid_of(command) != pid and all(
            get(f"http://127.0.0.1:{port}/health/ready")[0] == 200
            for port in (worker, worker + 1, writer)
        )

    def back_or_not_yet() -> bool:
        try:
            return back()
        except OSError as error:
            raise AssertionError(str(error)) from None

    eventually_sync(back_or_not_yet, "it is back and ready", timeout=READY_S)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process of such a death")
def test_nothing_outlives_an_up_that_was_killed(tmp_path: Path) -> None:
    worker, writer = free_ports(2)
    flags = ("--port", str(worker), "--writer-port", str(writer), "--data", str(tmp_path / "data"))
    apart = ("--workers", "1", "--writers", "1", "--node", "off")
    with fleet(tmp_path, *flags, *apart) as running:
        running.wait_until_up()
        pids = running.descendants()
        running.process.kill()
        running.process.wait()
        eventually_sync(lambda: not any(map(alive, pids)), "nothing is left running")


def test_a_taken_port_is_told_before_anything_is_made(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = ran("up", "--port", port, "--workers", "1", "--data", data)
    assert refused.code == 1
    assert f"port {port} on 127.0.0.1: address already in use" in refused.out + refused.err
    assert not data.exists()


def test_a_second_up_on_the_same_data_is_refused(running: Fleet) -> None:
    flags = ("--port", free_ports(1)[0], "--workers", "1")
    second = ran("up", *flags, "--data", running.data)
    assert second.code == 1
    assert f"in use by process {running.process.pid}" in second.out + second.err


def test_it_ends_clean_and_leaves_nothing_running(running: Fleet) -> None:
    """This comes after all others that use it."""
    pids = running.descendants()
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(STOP_S) == 0, running.printed
    assert "Traceback" not in running.printed
    eventually_sync(lambda: not any(map(alive, pids)), "nothing is left running")


async def test_a_pad_that_nobody_is_on_leaves_redis_and_outlives_up(
    tmp_path: Path, ports: tuple[int, int]
) -> None:
    port, redis_port = str(ports[0]), str(free_ports(1)[0])
    redis_url = f"redis://127.0.0.1:{redis_port}/0"
    flags = ["--port", port, "--redis-port", redis_port, "--data", str(tmp_path / "da ta")]
    flags += ["--workers", "1", "--writers", "1"]
    quickly = {"PADFLEET_COLD_AFTER": "1", "PADFLEET_COLD_EVERY": "0.6"}
    pad = f"http://127.0.0.1:{port}/p/first"

    def left_redis() -> bool:
        with redis.Redis.from_url(redis_url) as client:
            return not list(client.scan_iter(match="*:pad:first:*", count=10_000))

    with fleet(tmp_path, *flags, **quickly) as running:
        running.wait_until_up()
        assert f"cold    file://{tmp_path}/da%20ta/cold" in re.sub(" +", "    ", running.printed)
        assert (await padfleet(redis_url, "pad", "append", pad, "it stays")).code == 0
        await eventually(left_redis, "the pad has left Redis", timeout=READY_S)
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(STOP_S) == 0, running.printed
    with fleet(tmp_path, *flags, **quickly) as running:
        running.wait_until_up()
        # Nobody tells the tools where that is: the fleet knows.
        assert "first" in (await padfleet(redis_url, "pads", "list", "--cold")).out
        assert "cold store" in (await padfleet(redis_url, "doctor")).out
        assert "it stays" in (await padfleet(redis_url, "pad", "cat", pad)).out

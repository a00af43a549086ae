"""Tests that the clocks and the randomness of a simulation come from its seed, whatever uses
them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import takewhile
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[3]

ASK: Final = """
import warnings
from tests.world import disguise
disguise.put_on()
import asyncio, datetime, json, os, random, secrets, socket, sys, threading, time, uuid
from time import monotonic, perf_counter
from tests.world.disguise import NotSimulated
from tests.world.world import World

async def ask():
    host = world.network.add("somewhere")
    return await world.loop.create_task(tell(host), context=host.context.copy())

async def tell(host):
    began = time.time(), monotonic(), perf_counter(), time.time_ns(), time.monotonic_ns()
    today = datetime.datetime.now(datetime.UTC).isoformat()
    await asyncio.sleep(100)
    passed = time.time() - began[0], monotonic() - began[1]
    host.ahead = 3600.0
    try:
        threading.Thread(target=print).start()
        refused = ""
    except NotSimulated as error:
        refused = str(error)
    return {
        "began": began, "passed": passed, "today": today, "refused": refused,
        "ahead": time.time() - began[0] - passed[0], "cpu": time.process_time(),
        "chance": [
            random.random(), random.Random().random(), random.SystemRandom().random(),
            random.SystemRandom().randrange(1000), secrets.token_hex(8), secrets.randbelow(1000),
            secrets.choice(range(1000)), os.urandom(8).hex(), str(uuid.uuid4()), str(uuid.uuid1()),
        ],
        "host": [socket.gethostname(), os.getpid()],
        "socket": type(socket.socket()).__name__,
        "is": isinstance(datetime.datetime(2020, 1, 1), datetime.datetime),
    }

true = time.time()
world = World(sys.argv[1])
with world:
    answer = world.loop.run_until_complete(ask())
answer["true"] = abs(time.time() - true) < 1000
print(json.dumps(answer))
"""


def _run(*args: str, hash_seed: str) -> str:
    done = subprocess.run(
        [sys.executable, *args],
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def _asked(seed: str, hash_seed: str) -> Any:
    return json.loads(_run("-c", ASK, seed, hash_seed=hash_seed))


def test_clocks_and_chance_follow_the_seed() -> None:
    first, second = _asked("7", "1"), _asked("7", "2")
    assert first == second
    other = _asked("8", "1")
    assert all(mine != its for mine, its in zip(first["chance"], other["chance"], strict=True))
    assert first["today"].startswith("2027-01-15T08:00:00")
    assert [round(seconds) for seconds in first["passed"]] == [100, 100]
    assert round(first["ahead"]) == 3600
    assert first["cpu"] == 0
    assert "asyncio.to_thread" in first["refused"]
    assert first["host"][0] == "somewhere"
    assert first["socket"] == "SimulatedSocket"
    assert first["is"]
    assert first["true"], "the clock is the machine's before and after"


def test_the_same_seed_is_the_same_run_in_every_process() -> None:
    """It is, whatever the hashes of texts are, and wherever objects lie in memory."""
    command = ("-m", "tests.world", "--seed", "5", "--seconds", "1", "--clients", "2", "--brief")
    first = _run(*command, hash_seed="1").splitlines()
    second = _run(*command, hash_seed="77").splitlines()
    assert _course(first) == _course(second)
    assert _digest(first) == _digest(second)
    third = _run(*command[:3], "6", *command[4:], hash_seed="1").splitlines()
    assert _digest(first) != _digest(third)


def _course(lines: list[str]) -> list[str]:
    """Returns what happened, without the summary, which says how long the run took."""
    return list(takewhile(lambda line: not line.startswith("seed "), lines))


def _digest(lines: list[str]) -> str:
    (summary,) = [line for line in lines if line.startswith("seed ")]
    return summary.split("trace ")[1]

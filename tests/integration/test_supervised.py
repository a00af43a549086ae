"""Tests I10 on real processes. Each task of a worker and of a writer is killed in each of the ways
in which a task can die. Either the task comes back, or the process says that it ends, and ends."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from padfleet.services.tools.up.server import EmbeddedServer
from tests.eventually import eventually_sync
from tests.fleet import Fleet, Member
from tests.sabotage import Sabotaged

LAUNCHER = (sys.executable, "-m", "tests.sabotage")

WORKER = [
    *("heartbeat", "liveness", "audit", "canaries", "canary", "stalled", "expiry", "idle"),
    *("connections", "inbox", "subscriptions", "beacon", "loop delay", "garbage"),
]
WRITER = ["leases", "inboxes", "unwritten pads", "beacon", "loop delay", "garbage"]
AT_ONCE = "membership"
"""The task of both that is never begun again: whether the process may stay is not known then."""
TASKS = [("worker", task) for task in WORKER] + [("writer", task) for task in WRITER]
WAYS = ["raises", "returns", "is cancelled", "hangs"]


class Victims:
    """A worker and a writer, whose tasks can be made to die."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet

    def __getitem__(self, kind: str) -> Member:
        (member,) = self.fleet.workers if kind == "worker" else self.fleet.writers
        return member

    def kill(self, kind: str, task: str, how: str, *, times: int = 1) -> None:
        stdin = self[kind].process.stdin
        assert stdin is not None
        order = {"task": task, "how": how, "times": times}
        stdin.write(json.dumps(order).encode() + b"\n")
        stdin.flush()


def start(redis_url: str, folder: Path) -> Victims:
    # The tracebacks in the logs are wanted: nobody has to look for others at the end.
    fleet = Fleet(
        redis_url, folder, settings={"PADFLEET_LOG_FORMAT": "json"}, stdin=subprocess.PIPE
    )
    fleet.start(writers=1, workers=1, launcher=LAUNCHER)
    return Victims(fleet)


def end(victims: Victims) -> None:
    for member in (*victims.fleet.workers, *victims.fleet.writers):
        member.process.terminate()
        member.process.wait(timeout=20)


@pytest.fixture(scope="module")
def victims(
    redis_server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Victims]:
    started = start(f"{redis_server.url.rsplit('/', 1)[0]}/1", tmp_path_factory.mktemp("victims"))
    yield started
    end(started)


def health(member: Member, which: str) -> tuple[int, dict[str, Any]]:
    try:
        with urllib.request.urlopen(f"{member.url}/health/{which}", timeout=5) as response:
            return response.status, json.load(response)["checks"]
    except HTTPError as error:
        return error.code, json.load(error)["checks"]


def records(member: Member) -> list[dict[str, Any]]:
    return [json.loads(line) for line in member.log.read_text().splitlines() if line[:1] == "{"]


@pytest.mark.parametrize("kind", ["worker", "writer"])
def test_each_task_has_a_line_everywhere(victims: Victims, kind: str) -> None:
    wanted = {task for its_kind, task in TASKS if its_kind == kind} | {AT_ONCE}
    for which in ("ready", "live"):
        lines = {name for name in health(victims[kind], which)[1] if name.startswith("task ")}
        assert lines == {f"task {task}" for task in wanted}, "each is killed in a test below"
    page = victims[kind].page("/metrics")
    for metric in (
        "padfleet_task_running",
        "padfleet_task_late_seconds",
        "padfleet_task_restarts_total",
    ):
        assert set(re.findall(rf'^{metric}{{task="(.*?)"}}', page, re.MULTILINE)) == wanted


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize(("kind", "task"), TASKS)
def test_I10_a_task_that_dies_is_logged_and_restarted(
    victims: Victims, kind: str, task: str, how: str
) -> None:
    member = victims[kind]
    metric = f'padfleet_task_restarts_total{{task="{task}"}}'
    before = member.metric(metric)
    victims.kill(kind, task, how)
    eventually_sync(lambda: member.metric(metric) > before, f"{task} is begun again", timeout=30)
    eventually_sync(member.ready, "it is well again", timeout=30)
    last = [r for r in records(member) if r["message"] == "task failed, and is restarted"][-1]
    assert last["task"] == task
    assert last["why"]


@pytest.mark.parametrize(
    ("kind", "task"),
    [("worker", "heartbeat"), ("worker", AT_ONCE), ("writer", "leases"), ("writer", AT_ONCE)],
)
def test_I10_a_task_that_keeps_failing_ends_the_process(
    redis_url: str, tmp_path: Path, kind: str, task: str
) -> None:
    victims = start(redis_url, tmp_path)
    try:
        member = victims[kind]
        victims.kill(kind, task, "raises", times=99)
        if task != AT_ONCE:  # which may be gone before anybody has looked
            eventually_sync(lambda: health(member, "ready")[0] == 503, "it is not ready")
        assert member.process.wait(timeout=60) == 3
        assert f"a part of it has died: {task}" in member.log.read_text()
    finally:
        end(victims)


def test_a_dispensable_task_leaves_the_process_ready(redis_url: str, tmp_path: Path) -> None:
    victims = start(redis_url, tmp_path)
    try:
        member = victims["worker"]
        victims.kill("worker", "garbage", "raises", times=10_000)
        eventually_sync(
            lambda: "sabotage" in health(member, "ready")[1]["task garbage"]["why"], "it says so"
        )
        assert health(member, "ready")[1]["task garbage"]["ok"]
    finally:
        end(victims)


def test_the_sabotage_is_no_part_of_padfleet() -> None:
    assert Sabotaged.__module__.startswith("tests.")

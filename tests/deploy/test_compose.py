"""Tests `docker compose up` with a real engine: people type, the fleet is scaled, a worker is
killed, one is drained.

Without an engine, or the images that these are made from, the tests are skipped.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from padfleet.shared.client import connect
from tests.eventually import eventually, eventually_sync
from tests.processes import free_ports

ROOT = Path(__file__).parents[2]

PROJECT = "padfleet-test"

UP_SECONDS = 420
"""How many seconds it may take, including the build of the image."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


class Compose:
    """The fleet of `compose.yaml`, on ports and volumes of its own."""

    def __init__(self, services: list[str]) -> None:
        self.services = services
        pads, prometheus, grafana = free_ports(3)
        self.url = f"http://127.0.0.1:{pads}"
        self._environment = {
            **os.environ,
            "PADFLEET_LISTEN": f"127.0.0.1:{pads}",
            "PROMETHEUS_LISTEN": f"127.0.0.1:{prometheus}",
            "GRAFANA_LISTEN": f"127.0.0.1:{grafana}",
            "LOAD": "--pads 2 --authors 6 --readers 6 --rate 1 --warmup 1s --duration 3s",
        }

    def __call__(self, *words: str, timeout: float = 120) -> str:
        """Runs a command to its end, which has to be a good one; returns what it printed."""
        ended = subprocess.run(
            ["docker", "compose", "--project-name", PROJECT, *words],
            cwd=ROOT,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        assert ended.returncode == 0, f"{' '.join(words)}:\n{ended.stdout}\n{ended.stderr}"
        return ended.stdout

    def up(self, *words: str) -> None:
        """Returns when everything is healthy."""
        self("up", "--detach", "--wait", *words, *self.services, timeout=UP_SECONDS)

    def containers(self, service: str) -> list[str]:
        return self("ps", "--quiet", service).split()


def docker(*words: str, timeout: float = 120) -> str:
    ended = subprocess.run(["docker", *words], capture_output=True, text=True, timeout=timeout)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def facts(container: str) -> dict[str, Any]:
    (found,) = json.loads(docker("inspect", container))
    assert isinstance(found, dict)
    return found


def can_be_had(image: str) -> bool:
    """Returns whether the image is here, or can be pulled from a registry."""
    here = subprocess.run(["docker", "image", "inspect", image], capture_output=True)
    if here.returncode == 0:
        return True
    try:
        pulled = subprocess.run(["docker", "pull", image], capture_output=True, timeout=120)
    except subprocess.TimeoutExpired:
        return False
    return pulled.returncode == 0


@pytest.fixture(scope="module")
def compose() -> Iterator[Compose]:
    if shutil.which("docker") is None:
        pytest.skip("there is no Docker on this machine")
    for words in (["info"], ["compose", "version"], ["buildx", "version"]):
        if subprocess.run(["docker", *words], capture_output=True).returncode != 0:
            pytest.skip(f"`docker {' '.join(words)}` fails: no engine runs, or a plugin is missing")
    images = {
        "redis": "valkey/valkey:8-alpine",
        "writer": "debian:trixie-slim",
        "fanout": "debian:trixie-slim",
        "balancer": "haproxy:3.0",
        "prometheus": "prom/prometheus:v2.53.2",
    }
    for image in dict.fromkeys(images.values()):
        if not can_be_had(image):
            pytest.skip(f"the image {image} cannot be had here")
    found = Compose(list(images))
    if can_be_had("grafana/grafana:11.2.0"):
        found.services.append("grafana")
    try:
        found.up("--build")
        yield found
    finally:
        found("--profile", "loadtest", "down", "--volumes", "--timeout", "20")


async def test_people_type_while_workers_come_die_and_drain(compose: Compose) -> None:
    """In the end, everything that was typed is there, although the connections changed hosts."""
    pad = f"{compose.url}/p/in-containers"
    async with connect(pad) as one, connect(pad) as other:

        async def typed(text: str) -> None:
            await one.append(f"{text} by one\n")
            await other.append(f"{text} by another\n")
            await one.flush()
            await other.flush()

            def told() -> bool:
                return one.text == other.text and one.text.count(f"{text} by") == 2

            await eventually(told, f"both have what was typed {text}", timeout=60)

        await typed("at first")
        compose.up("--scale", "fanout=3")
        assert len(compose.containers("fanout")) == 3
        await typed("with three")
        killed, drained, _ = compose.containers("fanout")
        docker("kill", killed)
        await typed("after a death")
        docker("stop", drained)
        assert facts(drained)["State"]["ExitCode"] == 0
        await typed("after a drain")
        docker("kill", compose.containers("writer")[0])
        await typed("after a writer's death")
        for text in ("at first", "with three", "after a death", "after a drain"):
            assert one.text.count(f"{text} by") == 2


@pytest.mark.parametrize("service", ["fanout", "writer"])
def test_nothing_in_the_container_can_be_changed(compose: Compose, service: str) -> None:
    container = compose.containers(service)[-1]
    found = facts(container)
    assert found["Config"]["User"] == "10001:10001"
    assert found["HostConfig"]["ReadonlyRootfs"]
    assert docker("exec", container, "id", "-u").strip() == "10001"
    tried = subprocess.run(["docker", "exec", container, "touch", "/opt/x"], capture_output=True)
    assert tried.returncode != 0


def test_prometheus_finds_every_process(compose: Compose) -> None:
    compose.up("--scale", "fanout=2")

    def found() -> bool:
        answer = json.loads(
            compose(
                *("exec", "prometheus", "promtool", "query", "instant", "--format", "json"),
                *("http://127.0.0.1:9090", "sum by (job) (up)"),
            )
        )
        counts = {series["metric"]["job"]: series["value"][1] for series in answer}
        return counts.items() >= {"padfleet-fanout": "2", "padfleet-writer": "2"}.items()

    eventually_sync(found, "two workers and two writers are looked at", timeout=60)


def test_two_rigs_make_one_report(compose: Compose) -> None:
    rigs = ("--profile", "loadtest", "up", "--scale", "loadtest=2", "--no-recreate")
    compose(*rigs, "--scale", "fanout=2", "loadtest", timeout=180)
    report = compose(
        "run", "--rm", "--no-deps", "loadtest", "padfleet loadtest --report /report/*/report.json"
    )
    assert "2 rigs: " in report, report

"""Alerts go off when they should; the dashboard is what its code makes, and has data."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import shutil
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from padfleet.shared.client import connect
from tests.eventually import eventually, eventually_sync
from tests.fleet import Fleet, fleet_of_its_own
from tests.processes import free_ports

DEPLOY = Path(__file__).parents[2] / "deploy"
DASHBOARD = DEPLOY / "grafana" / "dashboards" / "padfleet.json"
OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"

# Only there once it has happened: labels of limits, refusals and faults.
RARE = re.compile(
    r"limited_total|denied_total|disconnects_total|dropped_total|gc_pause|delivery_seconds"
    r"|task_faults|cold_store_errors|cold_behind|deflate_bytes"
)


def promtool(*words: str) -> subprocess.CompletedProcess[str]:
    if shutil.which("promtool") is None:
        pytest.skip("there is no promtool (Debian: apt-get install prometheus)")
    return subprocess.run(
        ["promtool", *words], cwd=DEPLOY / "prometheus", capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("kinds", [("fanout", "writer"), ("node", "node")], ids=["apart", "nodes"])
def test_alerts_go_off_when_they_should(kinds: tuple[str, str], tmp_path: Path) -> None:
    """They also do for nodes, which are found under another job."""
    told = (DEPLOY / "prometheus" / "alerts_test.yml").read_text()
    for name, kind in zip(("fanout", "writer"), kinds, strict=True):
        told = told.replace(f"padfleet-{name}", f"padfleet-{kind}")
    rules = DEPLOY / "prometheus" / "alerts.yml"
    tests = tmp_path / "alerts_test.yml"
    tests.write_text(told.replace("rule_files: [alerts.yml]", f"rule_files: [{rules}]"))
    done = promtool("test", "rules", str(tests))
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_is_tested_and_has_its_page_in_the_book() -> None:
    rules = (DEPLOY / "prometheus" / "alerts.yml").read_text()
    tests = (DEPLOY / "prometheus" / "alerts_test.yml").read_text()
    headings = re.findall(r"^### (.+)$", OPERATIONS.read_text(), re.M)
    names = re.findall(r"alert: (\w+)", rules)
    assert names
    for name in names:
        assert f"alertname: {name}" in tests
        assert name in headings
        assert f"docs/operations.md#{name.lower()}" in rules


def test_every_metric_that_alerts_look_at_is_one_that_the_fleet_has(fleet: Fleet) -> None:
    """Otherwise an alert would be silent forever."""
    rules = (DEPLOY / "prometheus" / "alerts.yml").read_text()
    wanted = set(re.findall(r"\bpadfleet_[a-z_]+", rules))
    told = ""
    for member in (*fleet.workers, *fleet.writers):
        with urllib.request.urlopen(f"{member.ops_url}/metrics", timeout=10) as response:
            told += response.read().decode()
    there = set(re.findall(r"^# TYPE (\w+) ", told, re.M))
    assert len(wanted) > 12
    assert {name.removesuffix("_bucket") for name in wanted} <= there


def test_the_dashboard_is_what_its_code_makes() -> None:
    pytest.importorskip("grafana_foundation_sdk")
    from deploy.grafana import dashboard

    assert DASHBOARD.read_text() == dashboard.build(), "run python deploy/grafana/dashboard.py"


def test_each_query_of_the_dashboard_is_of_the_fleet_that_is_chosen() -> None:
    """This holds even for queries that name other labels, and for each of the metrics in a
    query."""
    for expression in expressions():
        metrics = re.findall(r"\b(?:padfleet|etherpad|process)_\w+", expression)
        assert metrics
        assert expression.count('{fleet=~"$fleet"') == len(metrics), expression


@pytest.fixture(scope="module", params=[{"writers": 2, "workers": 2}, {"nodes": 2}], ids=str)
def fleet(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Fleet]:
    """A fleet of workers and writers, or one of nodes."""
    counts = {"writers": 0, "workers": 0, **request.param}
    with fleet_of_its_own(tmp_path_factory.mktemp("seen"), {}, **counts) as running:
        yield running


@pytest.fixture(scope="module")
def prometheus(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("there is no prometheus (Debian: apt-get install prometheus)")
    folder = tmp_path_factory.mktemp("prometheus")
    clients = "padfleet-fanout" if fleet.writers else "padfleet-node"
    targets = {
        clients: [f"127.0.0.1:{worker.ops_port}" for worker in fleet.workers],
        "padfleet-writer": [f"127.0.0.1:{writer.port}" for writer in fleet.writers],
    }
    jobs = [{"job_name": j, "static_configs": [{"targets": t}]} for j, t in targets.items()]
    (folder / "prometheus.yml").write_text(
        json.dumps({"global": {"scrape_interval": "1s"}, "scrape_configs": jobs})
    )
    (port,) = free_ports(1)
    process = subprocess.Popen(
        [
            program,
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        with contextlib.suppress(OSError):
            return bool(ask(url, "up"))
        return False

    try:
        eventually_sync(answers, "it has scraped the fleet", timeout=30)
        yield url
    finally:
        process.kill()
        process.wait()


def ask(prometheus: str, expression: str) -> list[Any]:
    query = urllib.parse.urlencode({"query": expression})
    with urllib.request.urlopen(f"{prometheus}/api/v1/query?{query}", timeout=10) as response:
        found: list[Any] = json.load(response)["data"]["result"]
    return found


def expressions() -> list[str]:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [target["expr"] for panel in panels for target in panel.get("targets", [])]


async def test_every_query_of_the_dashboard_has_data(fleet: Fleet, prometheus: str) -> None:
    """It is checked with a real Prometheus, and a fleet on which people type."""
    wanted = [
        found.replace("$__rate_interval", "20s").replace("$fleet", ".*") for found in expressions()
    ]
    assert len(wanted) > 25
    missing = list(wanted)

    async def all_answered() -> bool:
        for expression in list(missing):
            if await asyncio.to_thread(ask, prometheus, expression):
                missing.remove(expression)
        return all(RARE.search(expression) for expression in missing)

    async with (
        connect(f"{fleet.urls[0]}/p/seen") as pad,
        connect(f"{fleet.urls[1]}/p/seen") as other,
    ):

        async def type_on() -> None:
            while True:
                await pad.append("seen\n")
                await other.append("seen too\n")
                await asyncio.sleep(0.05)

        typing = asyncio.create_task(type_on())
        try:
            await eventually(all_answered, f"all queries have data, not {missing}", timeout=60)
        finally:
            typing.cancel()

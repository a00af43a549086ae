"""Tests `padfleet loadtest` on a real fleet, and without one."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.acceptance.npm import new_pad
from tests.fleet import ROOT, Fleet
from tests.processes import free_ports
from tests.tools import Ended, ran


def loadtest(*arguments: str) -> Ended:
    return ran("loadtest", *arguments)


def on(fleet: Fleet) -> list[str]:
    return [word for url in fleet.urls for word in ("--url", url)]


def test_a_short_run_measures_and_verifies(fleet: Fleet, tmp_path: Path) -> None:
    worker = fleet.workers[0].process.pid
    done = loadtest(
        *on(fleet),
        *("--processes", "2", "--pads", "2", "--authors", "20", "--readers", "10", "--rate", "4"),
        *("--verify", "4", "--duration", "3s", "--warmup", "500ms", "--edit-at", "spread"),
        *("--pid", f"worker={worker}", "--out", str(tmp_path)),
    )
    assert done.code == 0, done.err
    assert "texts of 4 full clients" in done.out
    assert "measuring: 30 of 30" in done.err

    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["violations"], report["differences"]) == ({}, [])
    (step,) = report["steps"]
    counts: dict[str, int] = step["tally"]["counts"]
    # 20 authors with 4 edits a second, for 3 seconds, as far as the machine let them.
    assert 100 < counts["typed"] < 400
    # What was under way at the beginning is accepted too, and may have let one more go.
    assert 0 < counts["accepted"] <= counts["typed"] + 2 * 20
    # Each revision goes to the 14 cheap clients of its pad that did not make it.
    assert counts["delivered"] > 10 * counts["accepted"]
    assert counts["frames"] >= counts["change_frames"] + counts["accepted"]
    assert step["connected"] == 30
    for latency in ("ack", "ack_sent", "delivery"):
        found = step["summary_ms"][latency]
        assert 0 < found["p50"] <= found["p95"] <= found["p99"] <= found["max"]
    assert step["servers"]["worker"]["cpu_s"] > 0
    assert step["servers"]["worker"]["resident"] > 10 << 20
    assert [process["name"] for process in step["rig"]] == ["process 1", "process 2"]

    (row,) = csv.DictReader((tmp_path / "steps.csv").read_text().splitlines())
    assert (row["authors"], row["readers"]) == ("20", "10")
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")
    assert (tmp_path / "report.md").read_text() in done.out


def test_a_sweep_and_its_merged_report(fleet: Fleet, tmp_path: Path) -> None:
    done = loadtest(
        *on(fleet),
        *("--no-batch", "--sweep", "authors=2..6:step=2:dwell=1s", "--warmup", "0s"),
        *("--rate", "5", "--arrivals", "poisson", "--out", str(tmp_path)),
    )
    assert done.code == 0, done.err
    steps = json.loads((tmp_path / "report.json").read_text())["steps"]
    assert [(step["authors"], step["connected"]) for step in steps] == [(2, 2), (4, 4), (6, 6)]
    # Without batches each revision has a message of its own.
    for step in steps:
        counts = step["tally"]["counts"]
        assert counts["delivered"] == counts["change_frames"]
    report, both = str(tmp_path / "report.json"), tmp_path / "both"
    merged = loadtest("--report", report, report, "--out", str(both))
    assert merged.code == 0, merged.err
    twice: list[dict[str, Any]] = json.loads((both / "report.json").read_text())["steps"]
    for once, doubled in zip(steps, twice, strict=True):
        counts = once["tally"]["counts"]
        assert doubled["tally"]["counts"] == {name: 2 * count for name, count in counts.items()}
    assert "By step" in (both / "report.html").read_text()


def test_a_sweep_ends_at_its_limit(fleet: Fleet) -> None:
    done = loadtest(
        *on(fleet),
        *("--sweep", "authors=2..50:step=2:dwell=1s", "--warmup", "0s"),
        *("--rate", "5", "--stop-at", "p50=1ms"),
    )
    assert done.code == 0, done.err
    assert "ended early: ack p50 is over 1 ms" in done.out


def test_the_death_of_a_server_is_reported(fleet: Fleet, tmp_path: Path) -> None:
    """Its clients are gone; that is a finding, and no reason to lose the report."""
    own = Fleet(fleet.redis_url, tmp_path, {}).start(writers=0, workers=1)
    try:
        worker = own.workers[0]
        with subprocess.Popen(
            [
                *(sys.executable, "-m", "padfleet", "loadtest", "--url", worker.url),
                *("--authors", "3", "--duration", "60s", "--pad", new_pad()),
                *("--pid", f"worker={worker.process.pid}"),
            ],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as rig:
            assert rig.stderr is not None
            for line in rig.stderr:
                if "measuring: 3 of 3" in line:
                    worker.kill()
                if "measuring: 0 of 3" in line:
                    rig.terminate()  # as Ctrl-C: it ends in order, at once
                    break
            output, errors = rig.communicate(timeout=60)
    finally:
        own.stop()
    assert rig.returncode == 1
    assert "3 × connection lost" in output
    assert "stopped before the plan was done" in output
    assert "Traceback" not in errors


def test_a_load_test_says_that_there_is_no_server() -> None:
    (port,) = free_ports(1)
    done = loadtest("--url", f"http://127.0.0.1:{port}", "--authors", "2")
    assert done.code == 1
    assert done.err.strip() == (
        f"padfleet loadtest: cannot join a pad at http://127.0.0.1:{port}: Connection refused"
    )


def test_not_a_server_of_pads(fleet: Fleet) -> None:
    done = loadtest("--url", fleet.writers[0].url, "--authors", "2")
    assert done.code == 1
    assert "no WebSocket here: 404 Not Found" in done.err

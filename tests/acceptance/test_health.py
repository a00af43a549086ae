"""Tests I10: ready means that revisions flow, not that a connection is open."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from tests.eventually import eventually_sync
from tests.fleet import Fleet, Member, fleet_of_its_own


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with fleet_of_its_own(tmp_path, {"PADFLEET_PARTITIONS": "4"}, writers=1, workers=1) as running:
        yield running


def health(member: Member, kind: str) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(f"{member.url}/health/{kind}", timeout=10) as response:
            answer: dict[str, Any] = json.load(response)
    except HTTPError as error:
        answer = json.load(error)
    return answer


def failing(member: Member) -> dict[str, str]:
    checks = health(member, "ready")["checks"]
    return {name: check["why"] for name, check in checks.items() if not check["ok"]}


def test_I10_a_worker_is_not_ready_while_no_revisions_flow(fleet: Fleet) -> None:
    """Redis answers, the subscription stands, the writer's connections are open: it only does not
    write."""
    worker, writer = fleet.workers[0], fleet.writers[0]
    assert failing(worker) == {}
    writer.freeze()
    found = eventually_sync(lambda: failing(worker), "it is not ready", timeout=30)
    assert found is not None
    assert list(found) == ["canary"]
    assert "is there a writer?" in found["canary"]
    assert health(worker, "live")["status"] == "ok", "to restart it would help nobody"
    writer.thaw()
    eventually_sync(lambda: not failing(worker), "it is ready again", timeout=30)


def test_I10_canaries_do_not_grow_and_nobody_can_open_their_pad(fleet: Fleet) -> None:
    worker = fleet.workers[0]
    before = worker.metric("padfleet_fanout_canary_seconds_count")
    eventually_sync(
        lambda: worker.metric("padfleet_fanout_canary_seconds_count") > before + 2,
        "more of them came back",
        timeout=30,
    )
    assert worker.metric("padfleet_fanout_canaries_lost_total") == 0

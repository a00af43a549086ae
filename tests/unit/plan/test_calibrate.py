"""Constants from benchmarks: files made up of known costs give these costs back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from padfleet.services.tools.plan.calibrate import LIGHT, PER_REVISION, WEIGHED, calibrate
from padfleet.services.tools.plan.constants import BadConstants, Constants, load
from padfleet.services.tools.plan.rhythm import announcements
from padfleet.shared.rounds import FREE_COMMITS, FREE_ROUNDS
from tests.benchmarks.costs import LIGHT_LOADS

KNOWN, _ = load()
MACHINE = {"processor": "made up", "time": "2026-01-02T03:04:05Z"}


def written(folder: Path, name: str, figures: dict[tuple[str, str], float], samples: Any) -> None:
    rows = [{"case": case, "unit": unit, "values": [v]} for (case, unit), v in figures.items()]
    data = {"machine": MACHINE, "figures": rows, "samples": samples, "notes": []}
    (folder / f"{name}.json").write_text(json.dumps(data))


def load_sample(c: Constants, authors: int, rate: float, pads: int, flushes: float) -> Any:
    """Returns what one second of the latency benchmark would measure with these costs."""
    commits = authors * rate
    announced, partitions = pads * announcements(commits / pads), min(pads, 32)
    calls = partitions * announcements(commits / partitions)
    # Pads share rounds from a higher rate on than one pad's revisions share a commit.
    rounds = announcements(commits, FREE_ROUNDS if pads > 1 else FREE_COMMITS)
    stale = max(0.0, commits - announced)
    alone = pads > 1
    writes = commits if alone else flushes * authors
    payload = 100.0 * commits if alone else commits * authors * c.wire_revision_bytes
    turn = c.worker_turn_s + c.worker_write_s
    worker = c.worker_idle_cores + commits * c.worker_submission_s + announced * turn
    worker += writes * c.worker_write_s + payload * c.worker_byte_s
    worker += 0 if alone else commits * c.worker_own_s
    writer = c.writer_idle_cores + (commits - stale) * c.writer_commit_s
    writer += stale * c.writer_stale_s + announced * c.writer_pad_s
    writer += calls * c.writer_call_s + rounds * c.writer_round_s
    redis = c.redis_idle_cores + commits * c.redis_commit_s + calls * c.redis_call_s
    redis += rounds * c.redis_round_s + announced * c.redis_publish_s
    counts = {
        "accepted": commits,
        "change_frames": 0 if alone else writes,
        "bytes": payload,
        "delivered": 0 if alone else commits * authors,
    }
    return {
        "case": f"{authors} authors at {rate:g}/s, {'a pad each' if alone else 'one pad'}",
        "authors": authors,
        "connected": authors,
        "seconds": 1.0,
        "saturated": [],
        "tally": {"counts": counts},
        "servers": {
            "worker": {"cpu_s": worker},
            "writer": {"cpu_s": writer},
            "redis": {"cpu_s": redis},
        },
    }


def light_sample(c: Constants, pads: int, editors: int, rate: float) -> Any:
    """Returns what one second of a light load would measure with these costs. Like
    `load_sample`, but with several authors on each pad."""
    commits, here = editors * rate, editors / pads
    announced, partitions = pads * announcements(commits / pads), min(pads, 32)
    rounds = min(announced, announcements(commits, FREE_ROUNDS))
    calls = min(announced, partitions * min(rounds, announcements(commits / partitions)))
    stale = max(0.0, commits - announced)
    writes, delivered = announced * here, commits * here
    turn = c.worker_turn_s + c.worker_write_s
    worker = c.worker_idle_cores + commits * (c.worker_submission_s + c.worker_own_s)
    worker += announced * turn + writes * c.worker_write_s
    worker += delivered * c.wire_revision_bytes * c.worker_byte_s
    writer = c.writer_idle_cores + (commits - stale) * c.writer_commit_s
    writer += stale * c.writer_stale_s + announced * c.writer_pad_s
    writer += calls * c.writer_call_s + rounds * c.writer_round_s
    redis = c.redis_idle_cores + commits * c.redis_commit_s + calls * c.redis_call_s
    redis += rounds * c.redis_round_s + announced * c.redis_publish_s
    counts = {"accepted": commits, "change_frames": writes, "delivered": delivered}
    return {
        "case": LIGHT,
        "pads": pads,
        "sockets": editors,
        "connected": editors,
        "seconds": 1.0,
        "counts": counts | {"bytes": delivered * c.wire_revision_bytes},
        "cpu": {"worker": worker, "writer": writer, "redis": redis},
    }


@pytest.fixture
def bench(tmp_path: Path) -> Path:
    c, us, kib = KNOWN, 1e6, 1024
    turn = c.worker_turn_s + c.worker_write_s
    deliveries = []
    for size, messages in ((270, 600_000), (4465, 300_000)):
        rounds = messages // 1000
        spent = rounds * turn + messages * (c.worker_write_s + size * c.worker_byte_s)
        sample = {"case": "padfleet, 1,000 sockets", "rounds": rounds, "messages": messages}
        deliveries.append(sample | {"bytes": messages * size, "cpu": spent})
    written(tmp_path, "deliveries", {}, deliveries)
    unit = "writer CPU-µs per commit"
    fresh, stale = c.writer_commit_s * us, c.writer_stale_s * us
    commits = {("writer, fresh, 300 units", unit): fresh}
    written(tmp_path, "commits", commits | {("writer, 200 stale, 300 units", unit): stale}, [])
    memory = {
        (f"padfleet, joined, pads of {size}, 10,000 sockets", "KiB/socket"): (
            (c.worker_socket_bytes + c.worker_room_bytes / size) / kib
        )
        for size in (10, 100)
    }
    before = {"case": "padfleet, joined, pads of 10", "before": c.worker_process_bytes}
    written(tmp_path, "memory", memory, [before])
    joins = {
        (f"join, {layout}", "ms CPU of the worker each"): (
            (c.worker_join_s + people * c.worker_join_person_s) * 1000
        )
        for layout, people in (
            ("10,000 sockets on 100 pads", 50),
            ("1,000 sockets on 1 pads", 500),
        )
    }
    written(tmp_path, "connects", joins, [])
    weighed = {(f"{WEIGHED} off", PER_REVISION): 270.0}
    weighed[f"{WEIGHED} on", PER_REVISION] = 270.0 * c.wire_deflated_share
    written(tmp_path, "wire", weighed, [])
    loads = [(3000, 0.2, 1, 12), (32, 5, 1, 33), (300, 5, 1, 33), (500, 5, 500, 0), (90, 0.1, 1, 9)]
    loads.append((150, 2, 150, 0))  # nearly every revision has a round of its own
    latency = [load_sample(c, *load) for load in loads]
    broken = load_sample(c, 4000, 0.2, 1, 10) | {"saturated": ["the rig used 99 %"]}
    broken["servers"] = {name: {"cpu_s": 9.0} for name in broken["servers"]}
    written(tmp_path, "latency", {}, [*latency, broken])
    case = "one revision on each of 300 pads"
    each = c.writer_commit_s + c.writer_pad_s
    each += (32 * c.writer_call_s + c.writer_round_s) / 300
    redis = c.redis_commit_s + (32 * c.redis_call_s + c.redis_round_s) / 300
    costs = {
        (case, "CPU-µs of worker"): turn * us,
        (case, "CPU-µs of writer"): each * us,
        (case, "CPU-µs of Redis"): (redis + c.redis_publish_s) * us,
        ("3,000 idle sockets", "CPU-µs for each ping"): c.worker_ping_s * us,
        ("an idle fleet", "cores of writer"): c.writer_idle_cores,
        ("an idle fleet", "cores of Redis"): c.redis_idle_cores,
        ("a writer", "bytes without pads"): c.writer_process_bytes,
        ("a pad", "bytes of Redis"): c.redis_pad_bytes,
        ("a pad", "bytes of the writer"): c.writer_pad_bytes,
        ("a revision", "bytes of a worker"): c.worker_revision_bytes,
        ("a revision", "bytes of Redis, kept by itself"): c.redis_revision_bytes,
        ("a revision", "bytes of Redis, in a chunk"): c.redis_packed_bytes,
    }
    written(tmp_path, "costs", costs, [light_sample(c, *load) for load in LIGHT_LOADS])
    return tmp_path


def test_known_costs_are_found_again(bench: Path) -> None:
    found, provenance = calibrate(bench)
    for name in Constants.__slots__:
        expected = getattr(KNOWN, name)
        assert getattr(found, name) == pytest.approx(expected, rel=0.03, abs=1e-12), name
    assert provenance.machine["processor"] == "made up"
    assert provenance.date == "2026-01-02"


def test_what_writers_and_redis_take_is_found_by_itself_and_the_rest_is_kept(
    tmp_path: Path, bench: Path
) -> None:
    """The earlier constants are wrong in all that `costs` measures."""
    alone = tmp_path / "alone"
    alone.mkdir()
    (bench / "costs.json").rename(alone / "costs.json")
    fitted = [f"writer_{name}" for name in ("pad_s", "call_s", "round_s", "idle_cores")]
    fitted += [f"redis_{name}" for name in ("commit_s", "call_s", "round_s", "idle_cores")]
    _, provenance = load()
    wrong = replace(KNOWN, **{name: 3 * getattr(KNOWN, name) for name in fitted})
    found, now = calibrate(alone, (wrong, provenance))
    for name in Constants.__slots__:
        near = 0.03 if name in fitted else 0.0
        assert getattr(found, name) == pytest.approx(getattr(KNOWN, name), rel=near), name
        if name not in fitted:
            assert now.sources[name] == provenance.sources[name], name
    assert now.sources["redis_round_s"] == "fitted to costs, 2026-01-02"
    # What else was measured anew is used, too.
    for name in ("commits", "deliveries", "latency"):
        (bench / f"{name}.json").rename(alone / f"{name}.json")
    fitted += ["writer_commit_s", "writer_stale_s", "redis_publish_s", "worker_write_s"]
    fitted += ["worker_byte_s", "worker_turn_s", "worker_own_s", "worker_submission_s"]
    wrong = replace(KNOWN, **{name: 3 * getattr(KNOWN, name) for name in fitted})
    found, _ = calibrate(alone, (wrong, provenance))
    for name in Constants.__slots__:
        assert getattr(found, name) == pytest.approx(getattr(KNOWN, name), rel=0.03), name
    written(alone, "costs", {}, [])
    with pytest.raises(BadConstants, match="no light loads"):
        calibrate(alone, (wrong, provenance))


@pytest.mark.parametrize(
    "name", ["deliveries", "commits", "memory", "connects", "latency", "costs"]
)
def test_a_benchmark_without_its_figures_is_refused(bench: Path, name: str) -> None:
    written(bench, name, {}, [])
    with pytest.raises(BadConstants):
        calibrate(bench)


def test_an_unreadable_file_is_named(bench: Path) -> None:
    (bench / "costs.json").write_text("{")
    with pytest.raises(BadConstants, match=r"costs\.json cannot be read"):
        calibrate(bench)

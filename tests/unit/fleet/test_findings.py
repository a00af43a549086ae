from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from padfleet.shared.fleet.findings import findings, named, seconds, verdict
from padfleet.shared.fleet.record import BusyPads, ColdTrouble, TaskLine
from padfleet.shared.fleet.snapshot import FleetSnapshot, Seen, UnreadInbox
from padfleet.shared.fleet.viewing import view_of
from tests.unit.fleet.made_up import point, process, snapshot, standing

WORKER, WRITER = process("worker", "fanout-1"), process("writer", "writer-1")


def said(now: FleetSnapshot, before: FleetSnapshot | None = None) -> list[tuple[str, str]]:
    found = findings(view_of(now), view_of(before) if before else None)
    return [(finding.level, finding.text) for finding in found]


def test_all_is_well() -> None:
    assert said(snapshot()) == []
    assert verdict([]) == "Everybody is served"


@pytest.mark.parametrize(
    ("processes", "text"),
    [
        ([WRITER], "no worker is running: nobody can connect"),
        ([WORKER], "no writer is running: nobody can write"),
        (
            [process("worker", "fanout-1", why={"redis": "gone"}), WRITER],
            "no worker is ready: nobody can connect",
        ),
    ],
)
def test_a_missing_kind_of_process_is_reported_first(processes: list[Seen], text: str) -> None:
    level, first = said(snapshot(processes))[0]
    assert (level, first) == ("bad", text)


def test_a_full_disk_of_redis_is_said_first() -> None:
    """All other findings are then consequences of it."""
    now = replace(snapshot([]), unwritable=("10.0.0.1:6379",))
    level, first = said(now)[0]
    assert level == "bad"
    assert first.startswith("Redis 10.0.0.1:6379 cannot write to its disk")


def test_a_partition_without_an_owner_is_named_with_its_last_one() -> None:
    dead = process("writer", "writer-2", silence=13)
    partitions = [standing(0), standing(7, "writer-2", -12.2)]
    assert said(snapshot([WORKER, WRITER, dead], partitions)) == [
        ("bad", "partition 7 has no owner for 12 s; silent writer writer-2 had it last"),
        (
            "warn",
            "writer writer-2 (host:9001): silent for 13 s: it has died, stands still, or cannot "
            "reach Redis",
        ),
    ]


def test_partitions_that_were_given_back_are_said_so() -> None:
    partitions = [standing(number, left=None) for number in (0, 1, 2, 9)]
    ((level, text),) = said(snapshot(partitions=partitions))
    assert level == "bad"
    assert text == "partitions 0-2 and 9 have no owner: given back, and not taken yet"


def test_a_queue_that_grows() -> None:
    before = snapshot(partitions=[standing(3, waiting=1.0, entries=5)])
    now = snapshot(partitions=[standing(3, waiting=3.0, entries=50)])
    ((level, text),) = said(now, before)
    assert level == "warn"
    assert text == (
        "writer writer-1: commit queue grows: the oldest has waited 3.0 s, up to 50 wait, "
        "in partition 3"
    )
    assert "submissions wait for it" in said(now)[0][1]  # one look does not tell what grows
    later = snapshot(partitions=[standing(3, waiting=8.0, entries=90)])
    assert said(later, now)[0][0] == "bad"


def test_what_waits_a_moment_is_nobody_s_business() -> None:
    assert said(snapshot(partitions=[standing(3, waiting=0.3, entries=5)])) == []


def test_a_server_that_does_not_answer_is_named_by_its_partitions() -> None:
    lost = [UnreadInbox(2, "timed out"), UnreadInbox(3, "timed out")]
    assert said(snapshot(partitions=[standing(0)], unread=lost)) == [
        ("bad", "partitions 2-3 cannot be read: timed out")
    ]


def test_processes_that_end_that_are_not_ready_and_that_tell_nothing() -> None:
    processes = [
        WORKER,
        process("worker", "fanout-2", [point(9, sockets=3)], why={"canary": "none came back"}),
        process("worker", "fanout-3", [point(9, sockets=120)], why={"draining": "about to end"}),
        Seen("worker", "fanout-4", 100, None),
        process("worker", "fanout-5", why={"canary": "no canary has been sent yet"}),
        WRITER,
    ]
    assert said(snapshot(processes)) == [
        ("bad", "worker fanout-2 (host:9001): not ready: canary: none came back"),
        ("warn", "worker fanout-5 (host:9001): not ready: canary: no canary has been sent yet"),
        ("note", "worker fanout-3 (host:9001): draining, 120 sockets to go"),
        ("note", "worker fanout-4: it is alive, but reports no figures: an older version?"),
    ]


def test_load_is_told_with_what_to_do() -> None:
    past = [point(0), point(10, cpu=9_300, latency=2_500, delay=1_000)]
    texts = [text for _, text in said(snapshot([process("worker", "fanout-1", past), WRITER]))]
    assert texts == [
        "worker fanout-1: busy, 93% of a core; start more workers",
        "worker fanout-1: its event loop stood still for up to 1.0 s",
        "worker fanout-1: delivers slowly, one in twenty takes 2.5 s or more",
    ]
    past = [point(0), point(10, latency=500)]
    texts = [text for _, text in said(snapshot([WORKER, process("writer", "writer-1", past)]))]
    assert texts == ["writer writer-1: commits slowly, one in twenty takes 0.5 s or more"]


def node(**given: Any) -> list[Seen]:
    """Returns both halves of a node."""
    return [process("worker", "host-1", **given), process("writer", "host-1", **given)]


def test_what_a_node_has_once_is_said_once() -> None:
    past = [point(0), point(10, cpu=9_300, latency=2_500, delay=1_000, sockets=2)]
    tasks = [TaskLine("leases", 0, 7, 0, "failed 7 times in a row: ValueError: x")]
    texts = [text for _, text in said(snapshot(node(past=past, tasks=tasks)))]
    assert sorted(texts) == [
        "node host-1: busy, 93% of a core; start more workers and writers, apart",
        "node host-1: commits slowly, one in twenty takes 2.5 s or more",
        "node host-1: delivers slowly, one in twenty takes 2.5 s or more",
        "node host-1: its event loop stood still for up to 1.0 s",
        "task leases of node host-1: failed 7 times in a row: ValueError: x",
    ]
    assert [text for _, text in said(snapshot([WORKER, WRITER, *node(silence=9)]))] == [
        "node host-1 (host:9001): silent for 9.0 s: it has died, stands still, or cannot reach "
        "Redis"
    ]
    asked = said(snapshot([WORKER, WRITER, *node(why={"canary": "none came back"})]))
    assert [text for _, text in asked] == [
        "node host-1 (host:9001): not ready: canary: none came back"
    ]


def test_a_half_of_a_node_that_is_silent_alone_is_said() -> None:
    worker, _ = node()
    _, writer = node(silence=9)
    ((_, text),) = said(snapshot([WORKER, WRITER, worker, writer]))
    assert text.startswith("node host-1 (host:9001): silent for 9.0 s")


def test_a_pad_whose_readers_are_left_behind() -> None:
    hot = process("worker", "fanout-1", busiest=[BusyPads("minutes", 9, 9, 100, 4000)])
    assert said(snapshot([hot, WRITER])) == [
        ("warn", "pad minutes: a socket lacks 4000 revisions of it, on worker fanout-1")
    ]


def test_a_cold_store_that_fails_is_said_once_with_what_to_do() -> None:
    """It matters more if a worker says so, which has somebody waiting for a pad."""
    away = ColdTrouble("s3://pads: gone", "see whether it runs", "open pads go on")
    full = ColdTrouble("/cold: full", "make room", "open pads go on")
    writers = [process("writer", f"writer-{n}", cold=full) for n in (1, 2)]
    workers = [process("worker", "fanout-1", cold=away), WORKER]
    assert said(snapshot([*workers, *writers])) == [
        (
            "bad",
            "cold store: s3://pads: gone (worker fanout-1): see whether it runs; open pads go on",
        ),
        (
            "warn",
            "cold store: /cold: full (writer writer-1 and 1 more): make room; open pads go on",
        ),
    ]
    silent = process("worker", "fanout-1", cold=away, silence=30)
    assert not any("cold store" in text for _, text in said(snapshot([silent, WORKER, WRITER])))


def test_tasks_that_died_are_named_with_their_process() -> None:
    bad = TaskLine("garbage", 0, 7, 0, "failed 7 times in a row: ValueError: x")
    well_again = TaskLine("liveness", 1, 1, 0, "")
    worker = process("worker", "fanout-1", tasks=[bad, well_again])
    assert said(snapshot([worker, WRITER])) == [
        (
            "warn",
            "task garbage of worker fanout-1: failed 7 times in a row: ValueError: x",
        ),
        ("note", "the workers' task liveness has died once, and was begun again; see the log"),
    ]


def test_the_verdict_is_about_people() -> None:
    bad = findings(view_of(snapshot([WORKER])))
    assert verdict(bad) == "Not everybody is served"
    silent = process("worker", "fanout-2", silence=30)
    assert verdict(findings(view_of(snapshot([WORKER, silent, WRITER])))) == (
        "Everybody is served; 1 thing to look at"
    )
    ends = process("worker", "fanout-2", why={"draining": "about to end"})
    assert verdict(findings(view_of(snapshot([WORKER, ends, WRITER])))) == "Everybody is served"


def test_partitions_and_times_are_put_into_words() -> None:
    assert named([7]) == "partition 7"
    assert named([9, 1, 2, 3, 5]) == "partitions 1-3, 5 and 9"
    assert [seconds(v) for v in (0.44, 12.2, 300, 10_000)] == ["0.4 s", "12 s", "5 min", "3 h"]

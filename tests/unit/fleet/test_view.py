from __future__ import annotations

import json

import pytest

from padfleet.shared.fleet.charts import between
from padfleet.shared.fleet.findings import findings
from padfleet.shared.fleet.past import KEPT, STEP_S, Point
from padfleet.shared.fleet.record import BusyPads, TaskLine
from padfleet.shared.fleet.serialize import as_json
from padfleet.shared.fleet.snapshot import Seen
from padfleet.shared.fleet.viewing import view_of
from tests.unit.fleet.made_up import point, process, snapshot, standing


def steady(minutes: float, *, revisions: int = 50, sockets: int = 10) -> list[Point]:
    """Returns a point every ten seconds, with this many revisions a second."""
    return [
        point(at, cpu=at * 250, sockets=sockets, revisions=at * revisions, frames=at * 3, bytes=at)
        for at in range(0, round(minutes * 60) + 1, STEP_S)
    ]


def test_rates_are_of_the_last_seconds_by_the_clock_of_the_process() -> None:
    past = [point(0), point(10, revisions=1000), point(20, revisions=1010, cpu=5000)]
    (worker,) = view_of(snapshot([process("worker", "fanout-1", past)])).of("worker")
    assert worker.rates is not None
    assert worker.rates.revisions == 1.0
    assert worker.rates.busy == 0.5


def test_a_process_that_has_just_begun_has_no_rates() -> None:
    (worker,) = view_of(snapshot([process("worker", "fanout-1", [point(0.1)])])).of("worker")
    assert worker.rates is None


def test_counters_that_restart_give_no_negative_rate() -> None:
    old, new = point(500, revisions=9000), point(2, revisions=3)
    assert between(old, new) is None
    # Nor if the new life is older than the last word of the old one.
    assert between(old, point(900, revisions=3)) is None
    # After a restart under the same name there is the new life's past only, and its rates.
    past = [point(0), point(10, revisions=30)]
    now = view_of(snapshot([process("writer", "writer-1", past)]))
    assert now.totals.revisions == 3.0
    assert all(value is None or value >= 0 for value in now.series.revisions)


def test_sums_are_of_the_living() -> None:
    processes = [
        process("worker", "fanout-1", steady(1)),
        process("worker", "fanout-2", steady(1)),
        process("worker", "fanout-3", steady(1), silence=5),
        process("writer", "writer-1", steady(1, sockets=0)),
    ]
    now = view_of(snapshot(processes))
    assert (now.totals.workers, now.totals.writers) == (2, 1)
    assert now.totals.sockets == 20
    assert now.totals.revisions == 50
    assert now.totals.delivered == 100
    assert [worker.state for worker in now.of("worker")] == ["ready", "ready", "silent"]


def test_charts_add_processes_up_that_began_at_different_times() -> None:
    processes = [
        process("worker", "fanout-1", steady(5)),
        process("worker", "fanout-2", steady(1)),
        process("writer", "writer-1", steady(5, revisions=7)),
    ]
    series = view_of(snapshot(processes)).series
    assert len(series.sockets) == KEPT
    assert series.sockets[-1] == 20
    assert series.sockets[5] == 10
    assert series.revisions[-1] == series.revisions[5] == 7
    assert series.busy[-1] == 0.25


def test_a_chart_has_no_dents_where_points_are_not_quite_at_the_step() -> None:
    past = [point(at * 10.07, sockets=10) for at in range(31)]
    past.append(point(past[-1].at / 1000 + 6.3, sockets=10))
    series = view_of(snapshot([process("worker", "fanout-1", past[-31:])])).series
    assert set(series.sockets) == {10}


def test_a_process_without_a_record_is_in_the_picture() -> None:
    seen = [Seen("worker", "old", 300, None), Seen("worker", "dead", 30_000, None)]
    assert [worker.state for worker in view_of(snapshot(seen)).processes] == ["unknown", "silent"]


def test_partitions_belong_to_whose_lease_runs() -> None:
    partitions = [standing(0), standing(1, left=-12), standing(2, left=None)]
    now = view_of(snapshot(partitions=partitions))
    assert now.of("writer")[0].partitions == (0,)
    assert [p.owned for p in now.partitions] == [True, False, False]
    assert [p.ownerless_s for p in now.partitions] == [None, 12.0, None]


def test_a_pad_on_two_workers_is_one_pad() -> None:
    now = view_of(
        snapshot(
            [
                process("worker", "fanout-1", busiest=[BusyPads("hot", 9, 3, 40, 1)]),
                process(
                    "worker",
                    "fanout-2",
                    busiest=[BusyPads("hot", 9, 6, 42, 0), BusyPads("quiet", 50, 50, 0, 0)],
                ),
                process(
                    "worker", "fanout-3", busiest=[BusyPads("of the dead", 1, 1, 1, 1)], silence=9
                ),
            ]
        )
    )
    assert [pad.name for pad in now.pads] == ["hot", "quiet"]
    assert now.pads[0].users == 9
    assert now.pads[0].rate == pytest.approx(4.2)
    assert now.pads[0].behind == 1
    assert now.pads[0].workers == ("fanout-2", "fanout-1")


def test_json_of_any_name() -> None:
    busy = BusyPads("half \ud83d of a face", 1, 1, 1, 5000)
    now = view_of(snapshot([process("worker", "fanout-1", steady(1), busiest=[busy])]))
    told = json.loads(json.dumps(as_json(now, findings(now)), ensure_ascii=False).encode())
    assert told["pads"][0]["name"] == "half ? of a face"
    assert told["processes"][0]["rates"]["frames"] == 3
    assert not told["served"]  # there is no writer


def test_a_worker_and_a_writer_of_one_name_at_one_port_are_a_node() -> None:
    """Its tasks are in both records, and are counted once."""
    leases = [TaskLine("leases", 1, 2, 0, "")]
    now = view_of(
        snapshot(
            [
                process("worker", "host-1", tasks=leases),
                process("worker", "host-2", tasks=leases),
                process("writer", "host-1", tasks=leases),
                process("writer", "host-2", tasks=leases, port=9102),
                Seen("writer", "host-3", 0, None),
            ]
        )
    )
    assert [(p.id, p.node) for p in now.of("worker")] == [("host-1", True), ("host-2", False)]
    assert [p.node for p in now.of("writer")] == [True, False, False]
    assert {t.kind: (t.processes, t.running, t.restarts) for t in now.tasks} == {
        "node": (1, 1, 2),
        "worker": (1, 1, 2),
        "writer": (1, 1, 2),
    }
    assert (now.totals.workers, now.totals.writers) == (2, 2)

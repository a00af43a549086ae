from __future__ import annotations

import pytest

from padfleet.shared.fleet.record import LONGEST, BusyPads, ColdTrouble, TaskLine, decode, encode
from padfleet.shared.log.records import pack, unpack
from tests.unit.fleet.made_up import point, process


def test_a_record_comes_back_as_it_was() -> None:
    busy = BusyPads("漢字 \ud83d <b>", 3, 2, 15, 0)
    past = [point(1), point(2, revisions=4, latency=12)]
    tasks = [TaskLine("liveness", 1, 2, 300, "failed: ValueError: x")]
    why = {"draining": "soon"}
    cold = ColdTrouble("full", "make room", "open pads go on")
    record = process(
        "worker", "fanout-1", past, why=why, busiest=[busy], tasks=tasks, cold=cold
    ).record
    assert record is not None
    assert decode(encode(record)) == record
    assert record.draining


def test_a_field_of_a_later_version_does_no_harm_and_another_form_is_left_alone() -> None:
    record = process("writer", "writer-1").record
    assert record is not None
    told = unpack(encode(record))
    assert decode(pack({**told, "weather": "fine"})) == record
    assert decode(pack({**told, "form": 2})) is None


@pytest.mark.parametrize(
    "change",
    [
        {"cold": [1]},
        {"past": []},
        {"past": [[1]]},
        {"past": None},
        {"why": 3},
        {"kind": "cook"},
        {"port": "x"},
    ],
)
def test_what_is_no_record_is_none(change: dict[str, object]) -> None:
    record = process("worker", "fanout-1").record
    assert record is not None
    assert decode(pack({**unpack(encode(record)), **change})) is None


@pytest.mark.parametrize("data", [b"", b"{}", b"\xc1", pack([1, 2]), pack(None), pack({})])
def test_nonsense_is_no_record(data: bytes) -> None:
    assert decode(data) is None


def test_a_long_name_does_not_make_a_long_record() -> None:
    record = process("worker", "fanout-1", busiest=[BusyPads("x" * 10_000, 1, 1, 1, 1)]).record
    assert record is not None
    back = decode(encode(record))
    assert back is not None
    assert len(back.busiest[0].pad) == LONGEST


def test_a_record_of_an_earlier_version_has_no_tasks() -> None:
    record = process("worker", "fanout-1").record
    assert record is not None
    told = unpack(encode(record))
    del told["tasks"]
    del told["cold"]
    assert decode(pack(told)) == record
